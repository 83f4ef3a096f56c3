"""Facts about samples, such as their site, as they go with what answers about these are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Facts:
    """Columns of facts about samples, or about the parents that these are pooled to; nothing is copied.

    Args:
        columns: Facts by name, shape (N,) each.
        rows: The samples, by their rows in the columns, shape (n,); None where they are all of them.

    Example:
        >>> facts = Facts({"site": np.array(["A", "B", "A"])})
        >>> facts.are("site", "A"), facts.take(np.array([1, 2])).are("site", "A")
        (array([ True, False,  True]), array([False,  True]))
    """

    def __init__(
        self, columns: Mapping[str, NDArray[Any]], rows: NDArray[np.int64] | None = None, *, of: Facts | None = None
    ) -> None:
        self._columns, self._rows = columns, rows
        # Text is compared once, however many parts of a table are judged.
        self._known: dict[tuple[str, str], NDArray[np.bool_]] = {} if of is None else of._known

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    def are(self, column: str, value: str) -> NDArray[np.bool_]:
        """Which samples have a value, as text, shape (n,); there is such a column."""
        if (column, value) not in self._known:
            self._known[column, value] = self._columns[column].astype(np.str_) == value
        known = self._known[column, value]
        return known if self._rows is None else known[self._rows]

    def take(self, rows: slice | NDArray[np.int64]) -> Facts:
        """The facts about some of the samples."""
        if not self._columns:
            return self
        if self._rows is not None:
            return Facts(self._columns, self._rows[rows], of=self)
        n = len(next(iter(self._columns.values())))
        return Facts(self._columns, np.arange(n)[rows] if isinstance(rows, slice) else rows, of=self)

    def of_parents(self, of_sample: NDArray[np.int64], n: int) -> Facts:
        """The facts about parents: those of the first sample of each.

        Args:
            of_sample: Index of each sample's parent, shape (N,), in 0..n-1.
            n: Number of parents.
        """
        first = np.zeros(n, dtype=np.int64)
        first[of_sample[::-1]] = np.arange(len(of_sample))[::-1]
        return self.take(first)


NO_FACTS = Facts({})
"""Where nothing is known about samples."""
