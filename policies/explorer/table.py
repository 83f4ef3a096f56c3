"""Samples counted on a grid of thresholds, from which every policy on the grid can be judged at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from policies.explorer.dials import Dial


@dataclass(frozen=True)
class DialledFigures:
    """What a policy on the grid does.

    Attributes:
        worth: Mean of what each answer is worth, such as the accuracy.
        mean_depth: Average depth (exit index + 1) of the exit taken.
        mean_cost: Average relative cost of the exit taken.
        exit_mix: Share of the samples that each exit takes, shape (E,).
    """

    worth: float
    mean_depth: float
    mean_cost: float
    exit_mix: NDArray[np.float64]


@dataclass(frozen=True)
class ExplorerTable:
    """N samples as R rows that differ, by what their dials and the gates between these do with them.

    The ``m`` exits that have dials part the others into ``m + 1`` stretches. A sample comes to the first stretch, then
    to the first exit with dials, then to the next stretch, and so on. In a stretch the gates stay as the policy has
    them, so that it is known where, if at all, a sample leaves there; the last exit is in the last stretch.

    Attributes:
        dials: The dials, by exit and column, ``D`` of them.
        needs_all: Whether all columns of an exit must reach their thresholds; else one is enough.
        cost: Relative cost of each exit, shape (E,).
        values: What answers can be worth, shape (V,), ascending.
        counts: Samples of each row, shape (R,).
        ranks: How many levels of each dial let the row go, which are the lowest ones, shape (R, D).
        falls: Depth at which the row leaves in each stretch, or 0 where it passes, shape (R, m + 1).
        dial_worth: What the answer of each exit with dials is worth, as an index into ``values``, shape (R, m).
        fall_worth: The same of the exit in ``falls``, shape (R, m + 1).
    """

    dials: tuple[Dial, ...]
    needs_all: bool
    cost: NDArray[np.float64]
    values: NDArray[np.float64]
    counts: NDArray[np.int64]
    ranks: NDArray[np.int64]
    falls: NDArray[np.int64]
    dial_worth: NDArray[np.int64]
    fall_worth: NDArray[np.int64]

    @cached_property
    def stations(self) -> list[int]:
        """Indices of the exits that have dials, ascending, ``m`` of them."""
        return sorted({dial.exit_index for dial in self.dials})

    @property
    def own_levels(self) -> list[int]:
        """The levels of the policy itself."""
        return [dial.own for dial in self.dials]

    @property
    def closed_levels(self) -> list[int]:
        """The levels that let nobody go."""
        return [len(dial.thresholds) for dial in self.dials]

    def evaluate(self, levels: Sequence[int]) -> DialledFigures:
        """What the policy does with its dials turned to levels, one for each.

        Args:
            levels: Level of each dial, from 0 to its number of thresholds, which closes it.
        """
        depths, worth = self._left(np.asarray(levels, dtype=np.int64).reshape(-1))
        n_samples, n_exits = int(self.counts.sum()), len(self.cost)
        taken = np.bincount(depths - 1, weights=self.counts, minlength=n_exits)
        return DialledFigures(
            worth=float(self.counts @ self.values[worth] / n_samples),
            mean_depth=float(taken @ np.arange(1, n_exits + 1) / n_samples),
            mean_cost=float(taken @ self.cost / n_samples),
            exit_mix=taken / n_samples,
        )

    def thresholds(self, levels: Sequence[int], own: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
        """Thresholds of the policy with its dials turned to levels, given the policy's own thresholds."""
        turned = [list(row) for row in own]
        for dial, level in zip(self.dials, levels, strict=True):
            is_closed = level == len(dial.thresholds)
            turned[dial.exit_index][dial.column] = np.inf if is_closed else float(dial.thresholds[level])
        return tuple(tuple(row) for row in turned)

    def _left(self, levels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Depth at which each row leaves, and what its answer is worth, shape (R,) each."""
        depths, worth = self.falls[:, 0].copy(), self.fall_worth[:, 0].copy()
        reached = self.ranks > levels
        for j, k in enumerate(self.stations):
            own = reached[:, [dial.exit_index == k for dial in self.dials]]
            leaves = (depths == 0) & (own.all(axis=1) if self.needs_all else own.any(axis=1))
            depths[leaves], worth[leaves] = k + 1, self.dial_worth[leaves, j]
            falls = depths == 0
            depths[falls], worth[falls] = self.falls[falls, j + 1], self.fall_worth[falls, j + 1]
        return depths, worth
