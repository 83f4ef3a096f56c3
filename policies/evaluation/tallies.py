"""The tallies of several counted qualities together: what some of them share is counted once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.qualities import NOWHERE, CountedQuality
from policies.tables.base import Truth
from policies.views.view import RuleView


class SharedTallies:
    """Tallies of counted qualities, one kind after the other.

    Args:
        qualities: Counted qualities by name.
        truth: What answers are judged by.

    Attributes:
        n: Number of tallies of all kinds together, ``T``.
    """

    def __init__(self, qualities: Mapping[str, CountedQuality[Any]], truth: Truth) -> None:
        self._qualities = dict(qualities)
        self._kinds: dict[Hashable, tuple[CountedQuality[Any], slice]] = {}
        self._strata = {name: quality.n_of_strata(truth) for name, quality in self._qualities.items()}
        self.n = 0
        for quality in self._qualities.values():
            if quality.counts not in self._kinds:
                own = slice(self.n, self.n + quality.n_tallies(truth))
                self._kinds[quality.counts] = quality, own
                self.n = own.stop

    def marks(self, view: RuleView, truth: Truth) -> NDArray[np.int32]:
        """The tallies that each of N answers adds to at each exit, shape (K, N, E); ``n`` stands for none.

        Args:
            view: What would be answered at every exit.
            truth: What the answers are judged by.
        """
        parts = [np.empty((0, *view.eligible.shape), dtype=np.int32)]
        for quality, own in self._kinds.values():
            marks = quality.marks(view, truth)
            parts.append(np.where(marks == NOWHERE, self.n, marks + own.start).astype(np.int32))
        return np.concatenate(parts)

    def values(self, tallies: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Every quality of P policies by name, shape (P,), given their tallies, shape (P, T)."""
        return {
            name: quality.value(tallies[:, self._kinds[quality.counts][1]], self._strata[name])
            for name, quality in self._qualities.items()
        }
