"""What policies lose against the full network in the four figures that the results log limits, with a bound from folds.

Each figure is that of parents where answers are pooled, by the mean at half, else of samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from policies.levels.answers import PooledAnswers
from policies.multilabel_notes.kernels import fold_tallies
from policies.tables.multilabel import LABEL_THRESHOLD, MultiLabelTable
from policies.views.view import RuleView, required


LIMITS = {"label_macro_f1": 0.010, "label_micro_f1": 0.005, "exact_match": 0.010, "hamming": 0.002}
"""Most that a policy may be worse than the full network, by the name of the figure."""
N_FOLDS = 5
_NORMAL_95 = 1.645


@dataclass(frozen=True)
class Drops:
    """How much worse than the full network each of P policies is; columns in the order of :data:`LIMITS`.

    Attributes:
        seen: On all of the table, shape (P, 4).
        bounded: The larger of that, and the mean over folds plus 1.645 of its standard errors, shape (P, 4).
        saved: Part of the full network's compute that is saved, shape (P,).
    """

    seen: NDArray[np.float64]
    bounded: NDArray[np.float64]
    saved: NDArray[np.float64]

    def usage(self, *, is_bounded: bool) -> NDArray[np.float64]:
        """The largest drop as a part of its limit, shape (P,): up to 1 within all limits."""
        drops = self.bounded if is_bounded else self.seen
        return np.asarray((drops / np.array([*LIMITS.values()])).max(axis=1))


@dataclass(frozen=True)
class DropJudge:
    """Judges policies of one rule on one table.

    Attributes:
        said: Probabilities of labels, those of a unit after those of another, shape (N, E, L).
        labels: Which labels are on of each of J units, shape (J, L), those of a fold after those of another.
        starts: Where the samples of each unit start, and where the last ones end, shape (J + 1,).
        folds: The fold of each unit, ascending from 0, shape (J,).
        rows: Row in the table of each of the N samples.
        cost: Relative cost of each exit, shape (E,).
    """

    said: NDArray[np.float64]
    labels: NDArray[np.bool_]
    starts: NDArray[np.int64]
    folds: NDArray[np.int64]
    rows: NDArray[np.int64]
    cost: NDArray[np.float64]

    @classmethod
    def of(cls, table: MultiLabelTable, view: RuleView, *, seed: int = 0) -> DropJudge:
        """Lay out a table.

        Args:
            table: Table of N samples.
            view: What a rule sees in it, lifted to the way in which it answers.
            seed: Seed of the folds, which are whole parents.
        """
        said, pooled = required(view.distributions).whole(), view.parents
        if isinstance(pooled, PooledAnswers):
            truth, starts, rows = pooled.truth(table.truth), pooled.parents.starts, pooled.parents.rows
        else:
            truth, starts, rows = table.truth, np.arange(table.n_samples + 1), np.arange(table.n_samples)
        n_units = len(starts) - 1
        order = np.random.default_rng(seed).permutation(n_units)
        sizes = np.diff(starts)[order]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        own = rows[np.repeat(starts[:-1][order], sizes) + within]
        n_folds = min(N_FOLDS, n_units)
        return cls(
            said=said[own],
            labels=truth.labels[order].astype(bool),
            starts=np.concatenate([[0], np.cumsum(sizes)]),
            folds=np.arange(n_units) * n_folds // n_units,
            rows=own,
            cost=table.cost,
        )

    def drops(self, exits: NDArray[np.int64]) -> Drops:
        """Judge policies by the exits that each sample of the table takes, shape (P, N)."""
        own = exits[:, self.rows]
        by_fold, whole = self._figures(own)
        full_by_fold, full = self._full
        in_folds, seen = full_by_fold - by_fold, full - whole
        n_folds = by_fold.shape[1]
        spread = in_folds.std(axis=1, ddof=1) / np.sqrt(n_folds) if n_folds > 1 else np.zeros_like(seen)
        bounded = np.maximum(seen, in_folds.mean(axis=1) + _NORMAL_95 * spread)
        return Drops(seen, bounded, 1 - self.cost[own].mean(axis=1))

    @cached_property
    def _full(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The full network's figures by fold, shape (1, F, 4), and on all, shape (1, 4)."""
        return self._figures(np.full((1, len(self.rows)), len(self.cost) - 1))

    def _figures(self, exits: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Figures by policy and fold, shape (P, F, 4), and on all, shape (P, 4), given exits in the own order."""
        tallies = fold_tallies(exits, self.said, self.starts, self.labels, self.folds, LABEL_THRESHOLD)
        n_units = np.bincount(self.folds)
        by_fold = _figures(tallies, n_units)
        return by_fold, _figures(tallies.sum(axis=1, keepdims=True), n_units.sum(keepdims=True))[:, 0]


def _figures(tallies: NDArray[np.int64], n_units: NDArray[np.int64]) -> NDArray[np.float64]:
    """Figures of which more is better, in the order of :data:`LIMITS`: (P, F, 3 L + 1) and (F,) to (P, F, 4)."""
    found, answered, true = np.split(tallies[..., :-1], 3, axis=2)
    both = answered + true
    f1 = np.divide(2 * found, both, out=np.zeros(both.shape), where=both > 0)
    all_both = both.sum(axis=2)
    micro = np.divide(2 * found.sum(axis=2), all_both, out=np.zeros(all_both.shape), where=all_both > 0)
    wrong = (both - 2 * found).sum(axis=2) / (n_units * found.shape[2])
    return np.stack([f1.mean(axis=2), micro, tallies[..., -1] / n_units, -wrong], axis=2)
