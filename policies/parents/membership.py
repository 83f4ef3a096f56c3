"""Which samples make which parent, and in which order they are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.tables.identity import parents_in_ids
from policies.tables.sample_arrays.parents import in_several_groups


class HasParents(Protocol):
    """A table, or a split of the data."""

    @property
    def ids(self) -> NDArray[np.str_]:
        """Name of each sample, shape (N,)."""

    @property
    def groups(self) -> NDArray[np.str_] | None:
        """Origin of each sample, shape (N,), or None."""

    @property
    def parents(self) -> NDArray[np.str_] | None:
        """What each sample is a part of, shape (N,), or None."""

    @property
    def order(self) -> NDArray[np.int64] | None:
        """Place of each sample in its parent, shape (N,), or None."""


@dataclass(frozen=True)
class Parents:
    """The parents of ``N`` samples, ``G`` of them, sorted by name.

    Attributes:
        names: Name of each parent, shape (G,).
        of_sample: Index of each sample's parent, shape (N,), in 0..G-1.
        rows: Rows of all samples, those of a parent after those of another, in the order in which they are read; shape
            (N,).
    """

    names: NDArray[np.str_]
    of_sample: NDArray[np.int64]
    rows: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of parents, ``G``."""
        return len(self.names)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Number of samples of each parent, shape (G,)."""
        return np.bincount(self.of_sample, minlength=self.n)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each parent's samples start in :attr:`rows`, and where the last one's end, shape (G + 1,)."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    @property
    def first_rows(self) -> NDArray[np.int64]:
        """Row of the first sample of each parent, shape (G,)."""
        return self.rows[self.starts[:-1]]

    @classmethod
    def of(cls, table: HasParents) -> Parents:
        """Those of a table: as ``parents`` names them, else as ids ``<parent>#<number>`` do, else its groups.

        Raises:
            ExitTableError: If a table has none of these.
        """
        names, numbers = _named(table)
        return cls.named(names, table.order if table.order is not None else numbers)

    @classmethod
    def named(cls, names: NDArray[np.str_], order: NDArray[np.int64] | None = None) -> Parents:
        """Those of samples whose parents are known.

        Args:
            names: Name of the parent of each sample, shape (N,).
            order: Place of each sample in its parent, in which samples are read, shape (N,); as they come where None.
        """
        unique, of_sample = np.unique(names, return_inverse=True)
        place = np.arange(len(names)) if order is None else order
        return cls(unique, of_sample.astype(np.int64), np.lexsort((place, of_sample)))

    def take(self, rows: NDArray[np.integer[Any]]) -> tuple[Parents, NDArray[np.int64]]:
        """The parents of some samples, each once, of each parent all samples or none; and their numbers, shape (g,)."""
        unique, of_sample = np.unique(self.of_sample[rows], return_inverse=True)
        place = np.empty(len(self.rows), dtype=np.int64)
        place[self.rows] = np.arange(len(self.rows))
        taken = Parents(self.names[unique], of_sample.astype(np.int64), np.lexsort((place[rows], of_sample)))
        return taken, unique


def told_places(table: HasParents) -> NDArray[np.int64] | None:
    """The place of each sample in its parent, by which samples are read, shape (N,); None where nothing tells it."""
    if table.order is not None:
        return table.order
    told = parents_in_ids(table.ids)
    return None if told is None else told[1]


def require_order(table: HasParents) -> None:
    """Refuse a table that does not tell in which order the samples of a parent are read.

    Raises:
        ExitTableError: If it does not.
    """
    if told_places(table) is None:
        raise ExitTableError(
            "samples are read in an order but none is told: a table needs 'order' (N,) or ids of the form "
            "<parent>#<number> but has neither; add one, or let samples or whole parents leave (level sample or parent)"
        )


def _named(table: HasParents) -> tuple[NDArray[np.str_], NDArray[np.int64] | None]:
    """The parent of each sample, and its number in the parent where ids tell."""
    told = parents_in_ids(table.ids)
    if table.parents is not None:
        return table.parents, None if told is None else told[1]
    if told is not None:
        for problem in in_several_groups(told[0], table.groups):
            raise ExitTableError(f"{problem}; as ids of the form <parent>#<number> tell: name the parents as 'parents'")
        return told
    if table.groups is not None:
        return table.groups, None
    raise ExitTableError(
        "samples have no parents: a table needs 'parents' (N,), 'groups' (N,) or ids of the form <parent>#<number> "
        "but has none of them; add one, or let each sample answer for itself"
    )
