"""Counting what a rule sees in a table on a grid of thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from policies.explorer.dials import Dial, turnable
from policies.explorer.table import ExplorerTable
from policies.policy import Policy
from policies.views.view import Combine, RuleView, gate_is_open


def counted(
    policy: Policy,
    view: RuleView,
    worth: NDArray[np.float64],
    cost: NDArray[np.float64],
    *,
    most_dials: int = 8,
    max_levels: int = 64,
) -> ExplorerTable:
    """Count samples that nothing on the grid tells apart.

    Args:
        policy: Policy whose thresholds are to be turned; each sample answers for itself.
        view: What its rule sees in N samples.
        worth: What the answer of each exit is worth, such as whether it is right, shape (N, E).
        cost: Relative cost of each exit, shape (E,).
        most_dials: Most columns that can be turned; the others stay as the policy has them.
        max_levels: Most thresholds of a column besides the policy's own.
    """
    own = np.asarray(policy.thresholds, dtype=np.float64).reshape(-1, view.n_columns)
    dials = tuple(Dial.of(view, place, float(own[place]), max_levels) for place in turnable(policy, view, most_dials))
    values, codes = np.unique(worth, return_inverse=True)
    rows = _Rows.of(dials, view, own, codes.reshape(worth.shape))
    distinct, counts = np.unique(rows.joined, axis=0, return_counts=True)
    ends = np.cumsum([rows.ranks.shape[1], rows.falls.shape[1], rows.dial_worth.shape[1]])
    ranks, falls, dial_worth, fall_worth = np.split(distinct, ends, axis=1)
    needs_all = view.combine is Combine.ALL
    return ExplorerTable(dials, needs_all, cost, values, counts, ranks, falls, dial_worth, fall_worth)


@dataclass(frozen=True)
class _Rows:
    """The rows of a table before equal ones are counted; what is never looked at is 0, so that more are equal."""

    ranks: NDArray[np.int64]
    falls: NDArray[np.int64]
    dial_worth: NDArray[np.int64]
    fall_worth: NDArray[np.int64]

    @classmethod
    def of(cls, dials: tuple[Dial, ...], view: RuleView, own: NDArray[np.float64], codes: NDArray[np.int64]) -> _Rows:
        n_samples = len(codes)
        stations = sorted({dial.exit_index for dial in dials})
        ranks = np.zeros((n_samples, len(dials)), dtype=np.int64)
        for d, dial in enumerate(dials):
            ranks[:, d] = dial.ranks(view)
        falls = _falls(_rest_is_open(dials, view, own), stations)
        dial_worth, fall_worth = codes[:, stations], np.take_along_axis(codes, np.maximum(falls - 1, 0), axis=1)
        rows = cls(ranks, falls, dial_worth, fall_worth)
        rows._blank(dials, stations, needs_all=view.combine is Combine.ALL)
        return rows

    def _blank(self, dials: tuple[Dial, ...], stations: list[int], *, needs_all: bool) -> None:
        """Set to 0 what lies beyond a gate that is open anyway, and the worth of exits that nobody leaves at."""
        is_past = np.zeros(len(self.falls), dtype=bool)
        for j in range(len(stations) + 1):
            if j:
                of_exit = np.flatnonzero([dial.exit_index == stations[j - 1] for dial in dials])
                reached = self.ranks[:, of_exit] > 0
                is_idle = is_past | ~(reached.all(axis=1) if needs_all else reached.any(axis=1))
                self.ranks[np.ix_(is_idle, of_exit)] = 0
                self.dial_worth[is_idle, j - 1] = 0
            self.falls[is_past, j] = 0
            self.fall_worth[self.falls[:, j] == 0, j] = 0
            is_past |= self.falls[:, j] > 0

    @property
    def joined(self) -> NDArray[np.int64]:
        """All columns side by side, in the order of the fields."""
        return np.concatenate([self.ranks, self.falls, self.dial_worth, self.fall_worth], axis=1)


def _rest_is_open(dials: tuple[Dial, ...], view: RuleView, own: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which gates are open to which samples without the columns that have dials, shape (N, E); the last always is."""
    rest = own.copy()
    for dial in dials:
        rest[dial.exit_index, dial.column] = np.inf
    is_open = np.ones(view.eligible.shape, dtype=bool)
    is_open[:, :-1] = view.eligible[:, :-1] & gate_is_open(view.scores[:, :-1], rest, view.combine)
    return is_open


def _falls(is_open: NDArray[np.bool_], stations: list[int]) -> NDArray[np.int64]:
    """Depth of the first open exit of each stretch, or 0, shape (N, m + 1).

    A stretch starts with the exit that has the dials before it, whose other columns stay as they are.
    """
    bounds = [0, *stations, is_open.shape[1]]
    falls = np.zeros((len(is_open), len(bounds) - 1), dtype=np.int64)
    for j, (first, end) in enumerate(pairwise(bounds)):
        own = is_open[:, first:end]
        if end > first:
            falls[:, j] = np.where(own.any(axis=1), first + 1 + own.argmax(axis=1), 0)
    return falls
