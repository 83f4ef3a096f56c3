"""The exit table: what a trained network said at every exit on one split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.npz_file import read_npz, rows_that_are_not_unicode, write_npz


SCHEMA = 1
_REQUIRED = ("logits", "labels", "cost", "ids")
_OPTIONAL = ("groups", "stop_prob")


@dataclass(frozen=True)
class ExitTable:
    """Outputs of a multi-exit network with ``E`` exits for ``N`` samples and ``C`` classes.

    Every instance is valid: the constructor checks the whole contract.

    Attributes:
        logits: Raw outputs before any temperature, shape (N, E, C), float16 or float32.
        labels: True class of each sample, shape (N,), int64 in ``0..C-1``.
        cost: Cumulative compute up to each exit relative to the full network, shape (E,),
            float64, increasing, last = 1.0.
        ids: Sample names, shape (N,), unique within the table.
        groups: Origin of each sample (a recording, a speaker), shape (N,), or None.
        stop_prob: Learned stop probabilities, shape (N, E), float32, or None.
        meta: Free JSON facts: workload, split, model hash, class names.

    Raises:
        ExitTableError: If any array breaks the contract; the message names the key and the row.
    """

    logits: NDArray[np.floating[Any]]
    labels: NDArray[np.int64]
    cost: NDArray[np.float64]
    ids: NDArray[np.str_]
    groups: NDArray[np.str_] | None = None
    stop_prob: NDArray[np.float32] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_logits(self.logits)
        n_samples, n_exits, n_classes = self.logits.shape
        _check_labels(self.labels, n_samples, n_classes)
        _check_cost(self.cost, n_exits)
        _check_ids(self.ids, n_samples)
        if self.groups is not None:
            _check_text("groups", self.groups, n_samples)
        if self.stop_prob is not None:
            _check_stop_prob(self.stop_prob, n_samples, n_exits)

    @property
    def n_samples(self) -> int:
        """Number of samples, ``N``."""
        return int(self.logits.shape[0])

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return int(self.logits.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes, ``C``."""
        return int(self.logits.shape[2])

    @property
    def split_hash(self) -> str:
        """SHA-256 over the sorted sample ids."""
        return hash_ids(self.ids)

    def take(self, rows: NDArray[np.integer[Any]]) -> ExitTable:
        """The table of some of the samples, given by their row numbers."""
        return ExitTable(
            logits=self.logits[rows],
            labels=self.labels[rows],
            cost=self.cost,
            ids=self.ids[rows],
            groups=None if self.groups is None else self.groups[rows],
            stop_prob=None if self.stop_prob is None else self.stop_prob[rows],
            meta=self.meta,
        )

    def save(self, path: Path) -> None:
        """Write the table as a compressed ``.npz`` file, replacing ``path`` in one step."""
        arrays: dict[str, Any] = {
            "logits": self.logits,
            "labels": self.labels,
            "cost": self.cost,
            "ids": self.ids,
        }
        for key in _OPTIONAL:
            if getattr(self, key) is not None:
                arrays[key] = getattr(self, key)
        write_npz(path, arrays, self.meta, schema=SCHEMA)

    @classmethod
    def load(cls, path: Path) -> ExitTable:
        """Read a table written by :meth:`save` or by anyone else. Nothing is unpickled.

        Raises:
            ExitTableError: If the file is missing, damaged or breaks the contract.
        """
        arrays, meta = read_npz(
            path, "exit table", required=_REQUIRED, optional=_OPTIONAL, schema=SCHEMA, error=ExitTableError
        )
        try:
            return cls(**arrays, meta=meta)
        except ExitTableError as error:
            raise ExitTableError(f"{path}: {error}") from None


def hash_ids(ids: NDArray[np.str_]) -> str:
    """SHA-256 over the sorted ids, one per line: equal for equal sets whatever their order."""
    return sha256("\n".join(sorted(str(name) for name in ids)).encode()).hexdigest()


class Identified(Protocol):
    """Anything that says which samples it holds: exit tables, data splits."""

    @property
    def ids(self) -> NDArray[np.str_]:
        """Sample names, shape (N,)."""

    @property
    def groups(self) -> NDArray[np.str_] | None:
        """Origin of each sample, shape (N,), or None."""


def require_disjoint(tables: Mapping[str, ExitTable]) -> None:
    """Refuse splits that share a sample or a group.

    Args:
        tables: Split name to its table.

    Raises:
        ExitTableError: If two tables share an id, or both have groups and share one.
    """
    overlap = describe_overlap(tables)
    if overlap:
        raise ExitTableError(f"{overlap}; make the tables from disjoint samples")


def describe_overlap(splits: Mapping[str, Identified]) -> str:
    """Which splits share samples or groups, as one line for a person; empty where none do."""
    for (first, left), (second, right) in combinations(splits.items(), 2):
        for key in ("ids", "groups"):
            mine, other = getattr(left, key), getattr(right, key)
            if mine is None or other is None:
                continue
            shared = np.intersect1d(mine, other)
            if shared.size:
                return (
                    f"splits must not overlap but {first!r} and {second!r} share {shared.size} {key}, "
                    f"such as {str(shared[0])!r}"
                )
    return ""


def _check_logits(logits: NDArray[Any]) -> None:
    if logits.ndim != 3 or min(logits.shape) < 1 or logits.shape[2] < 2:
        raise ExitTableError(
            f"'logits' must have shape (N, E, C) with N, E >= 1 and C >= 2 but has shape {logits.shape}"
        )
    if logits.dtype not in (np.float16, np.float32):
        raise ExitTableError(f"'logits' must be float16 or float32 but is {logits.dtype}")
    bad = np.flatnonzero(~np.isfinite(logits).all(axis=(1, 2)))
    if bad.size:
        raise ExitTableError(f"'logits' must be finite but row {bad[0]} holds NaN or infinity ({bad.size} such rows)")


def _check_labels(labels: NDArray[Any], n_samples: int, n_classes: int) -> None:
    _check_shape("labels", labels, (n_samples,))
    if labels.dtype != np.int64:
        raise ExitTableError(f"'labels' must be int64 but is {labels.dtype}")
    bad = np.flatnonzero((labels < 0) | (labels >= n_classes))
    if bad.size:
        raise ExitTableError(
            f"'labels' must lie in 0..{n_classes - 1} but row {bad[0]} is {labels[bad[0]]} ({bad.size} such rows)"
        )


def _check_cost(cost: NDArray[Any], n_exits: int) -> None:
    _check_shape("cost", cost, (n_exits,))
    if cost.dtype != np.float64:
        raise ExitTableError(f"'cost' must be float64 but is {cost.dtype}")
    if not np.isfinite(cost).all() or cost[0] <= 0:
        raise ExitTableError(f"'cost' must be finite and positive but is {cost.tolist()}")
    drops = np.flatnonzero(np.diff(cost) <= 0)
    if drops.size:
        row = drops[0] + 1
        raise ExitTableError(f"'cost' must increase but row {row} is {cost[row]} after {cost[row - 1]}")
    if abs(cost[-1] - 1.0) > 1e-9:
        raise ExitTableError(f"'cost' is relative to the full network: the last must be 1.0 but is {cost[-1]}")


def _check_ids(ids: NDArray[Any], n_samples: int) -> None:
    _check_text("ids", ids, n_samples)
    names, first, counts = np.unique(ids, return_index=True, return_counts=True)
    if names.size < n_samples:
        twice = np.flatnonzero(counts > 1)
        at = twice[0]
        raise ExitTableError(
            f"'ids' must be unique but {str(names[at])!r} (row {first[at]}) occurs {counts[at]} times "
            f"({twice.size} such ids)"
        )


def _check_stop_prob(stop_prob: NDArray[Any], n_samples: int, n_exits: int) -> None:
    _check_shape("stop_prob", stop_prob, (n_samples, n_exits))
    if stop_prob.dtype != np.float32:
        raise ExitTableError(f"'stop_prob' must be float32 but is {stop_prob.dtype}")
    bad = np.flatnonzero(~((stop_prob >= 0) & (stop_prob <= 1)).all(axis=1))
    if bad.size:
        raise ExitTableError(f"'stop_prob' must lie in [0, 1] but row {bad[0]} is {stop_prob[bad[0]].tolist()}")


def _check_text(key: str, values: NDArray[Any], n_samples: int) -> None:
    _check_shape(key, values, (n_samples,))
    if values.dtype.kind != "U":
        raise ExitTableError(f"{key!r} must be text (numpy dtype 'U') but is {values.dtype}")
    bad = rows_that_are_not_unicode(values)
    if bad.size:
        raise ExitTableError(f"{key!r} must be Unicode text but row {bad[0]} is not ({bad.size} such rows)")


def _check_shape(key: str, values: NDArray[Any], shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise ExitTableError(f"{key!r} must have shape {shape} to match 'logits' but has shape {values.shape}")
