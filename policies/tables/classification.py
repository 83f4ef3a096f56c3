"""The exit table: what a trained network said at every exit on one split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol, cast
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError, ExitTableWarning
from policies.files.npz import read_archive, write_npz
from policies.tables.checks import table_problems
from policies.tables.identity import canonical_names
from policies.tables.input import ASSUMED, SCHEMA, read_input


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
        ExitTableError: If any array breaks the contract; the message names every such key and its first row.
    """

    logits: NDArray[np.floating[Any]]
    labels: NDArray[np.int64]
    cost: NDArray[np.float64]
    ids: NDArray[np.str_]
    groups: NDArray[np.str_] | None = None
    stop_prob: NDArray[np.float32] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = table_problems(
            logits=self.logits,
            labels=self.labels,
            cost=self.cost,
            ids=self.ids,
            groups=self.groups,
            stop_prob=self.stop_prob,
            class_names=self.meta.get("class_names"),
        )
        if problems:
            raise ExitTableError("; ".join(problems))

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

    @property
    def assumed(self) -> frozenset[str]:
        """The arrays that nobody gave: ``cost`` is then equal steps, ``ids`` are made of the logits."""
        return frozenset(self.meta.get(ASSUMED, ()))

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

    def with_cost(self, cost: NDArray[np.float64]) -> ExitTable:
        """The table with the cost that its network is known to have, shape (E,)."""
        assumed = sorted(self.assumed - {"cost"})
        others = {key: value for key, value in self.meta.items() if key != ASSUMED}
        return replace(self, cost=cost, meta=others | ({ASSUMED: assumed} if assumed else {}))

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
        """Read a table written by :meth:`save` or by anyone else, as :meth:`of` does. Nothing is unpickled.

        Raises:
            ExitTableError: If the file is missing, damaged or breaks the contract, with everything that is wrong.
        """
        archive = read_archive(path, "exit table", ExitTableError)
        return _read(archive.arrays, archive.faults, str(path))

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> ExitTable:
        """Make a table of arrays, lists or tensors, casting and assuming what is plain; a warning says what.

        Args:
            given: By the names of the attributes. Only logits, of raw outputs, and labels are needed. Numbers of any
                type are cast; costs are divided by the last; ``meta`` may be JSON text.

        Raises:
            ExitTableError: If that cannot be a table, with everything that is wrong.
        """
        return _read(given, {}, "the exit table")


def load_table(source: Path | str | Mapping[str, Any]) -> ExitTable:
    """An exit table from a ``.npz`` file, or of arrays, lists or tensors by name; see :meth:`ExitTable.of`.

    Raises:
        ExitTableError: With everything that is wrong.
    """
    if isinstance(source, Mapping):
        return _read(source, {}, "the exit table")
    archive = read_archive(Path(source), "exit table", ExitTableError)
    return _read(archive.arrays, archive.faults, str(source))


def _read(given: Mapping[str, Any], faults: Mapping[str, str], name: str) -> ExitTable:
    table = read_input(given, faults)
    if table.problems:
        raise ExitTableError(f"{name}: {'; '.join(table.problems)}")
    if table.notes:
        warnings.warn(f"{name}: {'; '.join(table.notes)}", ExitTableWarning, stacklevel=3)
    return ExitTable(**cast(dict[str, Any], table.arrays), meta=table.meta)


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
            shared = np.intersect1d(canonical_names(mine), canonical_names(other))
            if shared.size:
                return (
                    f"splits must not overlap but {first!r} and {second!r} share {shared.size} {key}, "
                    f"such as {str(shared[0])!r}"
                )
    return ""
