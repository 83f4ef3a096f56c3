"""The gates whose thresholds can be turned, and the thresholds that each can be turned to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
import math

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.levels import column_levels
from policies.policy import Policy
from policies.views.view import Combine, RuleView


@dataclass(frozen=True)
class Dial:
    """One score column of one exit, of which the threshold can be turned.

    Level ``l`` stands for ``thresholds[l]``; the level after the last one closes the column.

    Attributes:
        exit_index: Index of the exit.
        column: Index of the score column.
        thresholds: Thresholds of the levels, ascending and finite, shape (L,); the policy's own is among them.
        own: Level of the policy's own threshold.
    """

    exit_index: int
    column: int
    thresholds: NDArray[np.float64]
    own: int

    @classmethod
    def of(cls, view: RuleView, place: tuple[int, int], threshold: float, max_levels: int) -> Dial:
        """The dial of a column, with levels that are evenly spaced in its distinct scores.

        Args:
            view: What the policy's rule sees in N samples.
            place: Index of the exit, and of the score column.
            threshold: The policy's own threshold; infinity where the column is closed.
            max_levels: Most thresholds besides the policy's own.
        """
        k, column = place
        scores, eligible = view.scores[:, k, column], view.eligible[:, k]
        grid = column_levels(scores, eligible, max_levels).thresholds
        # No score reaches infinity, which is how a closed gate is written.
        grid = grid[np.isfinite(grid)]
        if threshold < math.inf:
            observed = np.unique(scores[eligible])
            # Two thresholds that the same samples reach would be one place too many to turn to.
            is_other = np.searchsorted(observed, grid) != np.searchsorted(observed, threshold)
            grid = np.sort(np.append(grid[is_other], threshold))
        return cls(k, column, grid, int(np.searchsorted(grid, threshold)))

    def ranks(self, view: RuleView) -> NDArray[np.int64]:
        """How many of the levels let each sample go, which are the lowest ones, shape (N,)."""
        scores, eligible = view.scores[:, self.exit_index, self.column], view.eligible[:, self.exit_index]
        reached = np.searchsorted(self.thresholds, scores, side="right")
        return np.asarray(np.where(eligible & (scores > -np.inf), reached, 0), dtype=np.int64)


def turnable(policy: Policy, view: RuleView, most: int) -> list[tuple[int, int]]:
    """The columns that are worth a dial: those of the exits that take most samples; exit and column, in their order.

    Where one column is enough to leave, those that the policy leaves closed stay so. Where all are needed, an exit has
    a dial for each of its columns, or none.

    Args:
        policy: Policy whose thresholds are turned.
        view: What its rule sees in N samples.
        most: Most columns.
    """
    taken = np.bincount(policy.decide_on(view).exits, minlength=policy.n_exits)
    order = sorted(range(policy.n_exits - 1), key=lambda k: (-taken[k], k))
    chosen: list[tuple[int, int]] = []
    for _, columns in groupby(_by_use(policy, view, order), key=lambda place: place[0]):
        own = list(columns)
        free = most - len(chosen)
        if view.combine is not Combine.ALL or len(own) <= free:
            chosen += own[:free]
    return sorted(chosen)


def _by_use(policy: Policy, view: RuleView, order: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Columns of exits in a given order, of each exit those first that let most samples go."""
    for k in order:
        own = np.asarray(policy.thresholds[k])
        n_reached = (view.scores[:, k] >= own).sum(axis=0)
        for column in np.argsort(-n_reached, kind="stable").tolist():
            if own[column] < math.inf or view.combine is Combine.ALL or len(own) == 1:
                yield k, column
