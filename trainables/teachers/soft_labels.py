"""Soft labels: what a teacher said about every training sample, written down once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.files.npz import read_npz, rows_that_are_not_unicode, write_npz
from policies.names import clean_array, clean_id, clean_name, describe_clash
from trainables.errors import SoftLabelsError


SCHEMA = 1
_KIND = "file of soft labels"
_SUM_TOLERANCE = 1e-3
_SMALLEST = np.finfo(np.float32).tiny
_ON = 0.5
CLASSES, LABELS = "classification", "multi-label"
SOFT_TASKS = (CLASSES, LABELS)
"""Kinds of answers that a teacher can have written down."""


@dataclass(frozen=True)
class SoftLabels:
    """Probabilities of one teacher for ``N`` samples and ``C`` classes, in ``V`` views of each.

    Attributes:
        probabilities: Softmax of the teacher's logits over the temperature, or of labels, of which a sample may have
            any number, the sigmoid; shape (V, N, C), float32.
        paths: Sample ids, for files their relative paths, shape (N,), in the order of the rows; kept in one spelling,
            as class names are (see :mod:`policies.names`).
        class_names: In the order of the columns.
        split: Name of the split that the samples are.
        temperature: ``T`` of the softmax or sigmoid that made the probabilities, positive.
        augmentation: How the views came about, as :meth:`~trainables.augmentation.images.Views.metadata` tells; None
            where the one view is the samples as they are.
        metadata: Free JSON values: the teacher's model hash, its accuracy.
        task: The kind of answers, one of :data:`SOFT_TASKS`: probabilities of ``classification`` sum to 1 over the
            classes, and those of ``multi-label`` are of each label by itself.

    Raises:
        SoftLabelsError: If an array breaks the contract; the message names the key and the row.
    """

    probabilities: NDArray[np.float32]
    paths: NDArray[np.str_]
    class_names: tuple[str, ...]
    split: str
    temperature: float
    augmentation: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    task: str = CLASSES

    def __post_init__(self) -> None:
        shape = self.probabilities.shape
        if len(shape) != 3 or min(shape) < 1:
            raise SoftLabelsError(f"'probabilities' must have shape (V, N, C) but has shape {shape}")
        if self.probabilities.dtype != np.float32:
            raise SoftLabelsError(f"'probabilities' must be float32 but is {self.probabilities.dtype}")
        if self.augmentation is None and shape[0] != 1:
            raise SoftLabelsError(f"'probabilities' of {shape[0]} views need the augmentation that made the views")
        if self.paths.shape != (shape[1],) or self.paths.dtype.kind != "U":
            raise SoftLabelsError(
                f"'paths' must be text of shape ({shape[1]},) to match 'probabilities' but is {self.paths.dtype} of "
                f"shape {self.paths.shape}"
            )
        if rows_that_are_not_unicode(self.paths).size:
            raise SoftLabelsError("'paths' must be Unicode text but is not")
        # The same folders have other names on other disks, and in a list that went through a spreadsheet.
        object.__setattr__(self, "paths", clean_array(self.paths, clean_id))
        object.__setattr__(self, "class_names", tuple(map(clean_name, self.class_names)))
        if len(np.unique(self.paths)) < shape[1]:
            raise SoftLabelsError("'paths' must be unique, spaces around them and Unicode form aside, but are not")
        if len(self.class_names) != shape[2]:
            raise SoftLabelsError(
                f"'class_names' must name {shape[2]} classes to match 'probabilities' but names {len(self.class_names)}"
            )
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise SoftLabelsError(f"'temperature' must be positive but is {self.temperature}")
        clash = describe_clash(self.class_names)
        if clash:
            raise SoftLabelsError(f"'class_names' must differ but {clash}")
        if self.task not in SOFT_TASKS:
            raise SoftLabelsError(f"'task' must be one of {', '.join(SOFT_TASKS)} but is {self.task!r:.60}")
        _check_rows(self.probabilities, sums_to_one=self.task == CLASSES)

    @property
    def order_hash(self) -> str:
        """SHA-256 over the paths in their order."""
        return hash_order(self.paths)

    @property
    def n_views(self) -> int:
        """Number of views of each sample, ``V``."""
        return int(self.probabilities.shape[0])

    def logits(self) -> NDArray[np.float32]:
        """Logits whose tempered softmax or sigmoid the probabilities are, shape (V, N, C).

        Of a softmax a constant of each row is free.
        """
        logs = np.log(np.maximum(self.probabilities, _SMALLEST))
        if self.task == LABELS:
            logs -= np.log(np.maximum(1 - self.probabilities, _SMALLEST))
        return np.asarray(self.temperature * logs, dtype=np.float32)

    def right(self, labels: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether what the teacher answers of each sample, over all views, is true, shape (N,).

        Args:
            labels: The class of each sample, shape (N,), or whether it has each label, shape (N, L).
        """
        said = self.probabilities.mean(axis=0)
        if self.task == LABELS:
            return np.asarray(((said >= _ON) == labels).all(axis=1))
        return np.asarray(said.argmax(axis=1) == labels)

    def save(self, path: Path) -> None:
        """Write a compressed ``.npz`` file, replacing ``path`` in one step."""
        stated = {
            "class_names": list(self.class_names),
            "split": self.split,
            "temperature": self.temperature,
            "augmentation": self.augmentation,
            "order_hash": self.order_hash,
            "facts": dict(self.metadata),
            **({} if self.task == CLASSES else {"task": self.task}),
        }
        write_npz(path, {"probabilities": self.probabilities, "paths": self.paths}, stated, schema=SCHEMA)

    @classmethod
    def load(cls, path: Path) -> SoftLabels:
        """Read what :meth:`save` or anyone else has written. Nothing is unpickled.

        Raises:
            SoftLabelsError: If the file is missing, damaged, breaks the contract, or its paths are not those that it
                was signed with.
        """
        arrays, meta = read_npz(path, _KIND, required=("probabilities", "paths"), schema=SCHEMA, error=SoftLabelsError)
        try:
            labels = cls(
                **arrays,
                class_names=tuple(str(name) for name in meta["class_names"]),
                split=str(meta["split"]),
                temperature=float(meta["temperature"]),
                augmentation=meta.get("augmentation"),
                metadata=dict(meta.get("facts", {})),
                task=str(meta.get("task", CLASSES)),
            )
            stated = meta["order_hash"]
        except SoftLabelsError as error:
            raise SoftLabelsError(f"{path}: {error}") from None
        except KeyError as error:
            raise SoftLabelsError(f"{path}: 'meta' must state {error.args[0]!r} but does not") from None
        except (TypeError, ValueError) as error:
            raise SoftLabelsError(f"{path}: 'meta' is damaged ({error})") from None
        # Whoever signed the file need not have spelled its paths as they are spelled here.
        if stated not in (labels.order_hash, hash_order(arrays["paths"])):
            raise SoftLabelsError(
                f"{path}: the paths must have the SHA-256 that the file states, {str(stated)[:12]}..., but have "
                f"{labels.order_hash[:12]}...; rows were moved or removed, so export the soft labels again"
            )
        return labels


def hash_order(paths: NDArray[np.str_]) -> str:
    """SHA-256 over sample ids in their order, one per line."""
    return sha256("\n".join(str(path) for path in paths).encode()).hexdigest()


def tempered_probabilities(logits: NDArray[np.float32], *, temperature: float, task: str) -> NDArray[np.float32]:
    """What a teacher's logits, shape (V, N, C), say at a temperature, by the kind of its answers."""
    # Here, since the import takes a while, and files are read without it.
    from scipy.special import expit, softmax

    tempered = logits / temperature
    return np.asarray(expit(tempered) if task == LABELS else softmax(tempered, axis=-1), dtype=np.float32)


def _check_rows(probabilities: NDArray[np.float32], *, sums_to_one: bool) -> None:
    fits = (probabilities >= 0).all(axis=2) & (probabilities <= 1 + _SUM_TOLERANCE).all(axis=2)
    if sums_to_one:
        fits &= np.abs(probabilities.sum(axis=2) - 1) <= _SUM_TOLERANCE
    bad = np.argwhere(~fits)
    if not len(bad):
        return
    view, row = bad[0]
    own = probabilities[view, row]
    rule, sums = (" and sum to 1", f" and sums to {own.sum():g}") if sums_to_one else ("", "")
    raise SoftLabelsError(
        f"'probabilities' must lie in [0, 1]{rule} but row {row} of view {view} lies in [{own.min():g}, "
        f"{own.max():g}]{sums} ({len(bad)} such rows)"
    )
