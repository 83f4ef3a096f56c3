"""What is answered about parents by many policies at once, and how that is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.levels.answers import PooledAnswers
from policies.qualities import NOWHERE, CountedQuality, MeanQuality, Quality
from policies.tables.base import Truth
from policies.views.distributions import Held
from policies.views.view import RuleView, required


@dataclass(frozen=True)
class Changes:
    """What becomes of parents from level to level of a gene, from its last level down; only where something changes.

    Attributes:
        parents: The parent that each of V changes is of, shape (V,): those of a parent after each other, the highest
            level first.
        levels: The level from which on down a change holds, up to the parent's next one, shape (V,).
        pooled: What is then said of the parent, shape (V, C).
        counts: How many more of its samples than before leave at each exit, shape (V, E).
        n_levels: Number of levels below the last one, ``R``.
    """

    parents: NDArray[np.int64]
    levels: NDArray[np.int64]
    pooled: NDArray[np.float64]
    counts: NDArray[np.int64]
    n_levels: int

    def exit_counts(self, at_last: NDArray[np.int64]) -> NDArray[np.int64]:
        """Samples that leave at each exit at each level below the last one, shape (R, E), given those at that."""
        more = np.zeros((self.n_levels, len(at_last)), dtype=np.int64)
        np.add.at(more, self.levels, self.counts)
        return np.asarray(at_last + np.cumsum(more[::-1], axis=0)[::-1])

    def before(self, n_parents: int) -> NDArray[np.int64]:
        """What each change takes the place of: another one, counted from G on, or the parent at the last level."""
        is_first = np.append(True, self.parents[1:] != self.parents[:-1])[: len(self.parents)]
        return np.where(is_first, self.parents, n_parents + np.arange(len(self.parents)) - 1)

    def states(self, n_parents: int) -> Iterator[tuple[slice, NDArray[np.int64]]]:
        """Blocks of levels, highest first: which, and what holds of each parent there, (r, G), as ``before`` counts."""
        above = np.arange(n_parents)
        for block in row_blocks(self.n_levels, n_parents):
            low, high = self.n_levels - block.stop, self.n_levels - block.start
            own = np.flatnonzero((self.levels >= low) & (self.levels < high))
            state = np.tile(above, (high - low + 1, 1))
            state[self.levels[own] - low, self.parents[own]] = n_parents + own
            # Of a parent a later change has the larger number, so that the largest from above is what holds.
            state = np.maximum.accumulate(state[::-1], axis=0)[::-1][: high - low]
            above = state[0]
            yield slice(low, high), state


class AnswerJudge:
    """Judges what policies answer about ``G`` parents.

    Args:
        answers: How what is said of samples becomes answers about parents.
        truth: What answers about the parents are judged by.
        qualities: What they are judged by, by name.
    """

    def __init__(self, answers: PooledAnswers, truth: Truth, qualities: dict[str, Quality[Any]]) -> None:
        self._truth, self._thresholds, self._qualities = truth, answers.thresholds, qualities
        self._strata = np.bincount(truth.strata, minlength=truth.n_strata)
        self._every = np.arange(truth.n_samples)

    def of_policies(self, pooled: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Each quality of P policies, shape (P,), given what they say of the parents, shape (P, G, C)."""
        return {name: self._of_policies(quality, pooled) for name, quality in self._qualities.items()}

    def of_line(self, at_last: NDArray[np.float64], parts: Sequence[Changes]) -> dict[str, NDArray[np.float64]]:
        """Each quality at each level of a gene, those of one part after those of another, then at the last level.

        Args:
            at_last: What is said of the parents at the last level, shape (G, C).
            parts: Levels that each change from the last one down.
        """
        return {
            name: np.concatenate(
                [
                    *(self._of_levels(quality, at_last, part) for part in parts),
                    self._of_policies(quality, at_last[None]),
                ]
            )
            for name, quality in self._qualities.items()
        }

    def _of_policies(self, quality: Quality[Any], pooled: NDArray[np.float64]) -> NDArray[np.float64]:
        n_policies, n_parents, n_classes = pooled.shape
        if not isinstance(quality, CountedQuality | MeanQuality):
            values = [self._value(quality, self._view(own, self._every)) for own in pooled]
            return np.concatenate([np.empty(0), *values])
        rows = np.tile(self._every, n_policies)
        view, truth = self._view(pooled.reshape(len(rows), n_classes), rows), self._truth.take(rows)
        if isinstance(quality, MeanQuality):
            return np.asarray(quality.of_answers(view.answers[:, 0], truth).reshape(n_policies, n_parents).mean(axis=1))
        policies = np.repeat(np.arange(n_policies), n_parents)
        tallies = self._tallies(quality, quality.marks(view, truth)[:, :, 0], policies, n_policies)
        return quality.value(tallies, self._strata)

    def _of_levels(self, quality: Quality[Any], at_last: NDArray[np.float64], changes: Changes) -> NDArray[np.float64]:
        """One quality at each level below the last one, shape (R,)."""
        rows = np.concatenate([self._every, changes.parents])
        view, truth = self._view(np.concatenate([at_last, changes.pooled]), rows), self._truth.take(rows)
        if isinstance(quality, CountedQuality):
            marks = quality.marks(view, truth)[:, :, 0]
            return quality.value(self._level_tallies(quality, marks, changes), self._strata)
        figures = quality.of_answers(view.answers[:, 0], truth) if isinstance(quality, MeanQuality) else None
        values = np.empty(changes.n_levels)
        for levels, states in changes.states(len(self._every)):
            if figures is not None:
                values[levels] = figures[states].mean(axis=1)
            else:
                values[levels] = [self._value(quality, _taken(view, state))[0] for state in states]
        return values

    def _level_tallies(
        self, quality: CountedQuality[Any], marks: NDArray[np.int64], changes: Changes
    ) -> NDArray[np.int64]:
        """Tallies at each level below the last one, shape (R, T), given marks of the parents and then the changes."""
        n_parents = len(self._every)
        at_last = self._tallies(quality, marks[:, :n_parents], np.zeros(n_parents, dtype=np.int64), 1)
        gained = self._tallies(quality, marks[:, n_parents:], changes.levels, changes.n_levels)
        lost = self._tallies(quality, marks[:, changes.before(n_parents)], changes.levels, changes.n_levels)
        return np.asarray(at_last + np.cumsum((gained - lost)[::-1], axis=0)[::-1])

    def _tallies(
        self, quality: CountedQuality[Any], marks: NDArray[np.int64], row_of: NDArray[np.int64], n_rows: int
    ) -> NDArray[np.int64]:
        """Tallies, shape (n_rows, T), of marks, shape (K, n), each column of which counts in a row, shape (n,)."""
        n_tallies = quality.n_tallies(self._truth)
        places = (row_of * n_tallies + marks)[marks != NOWHERE]
        return np.bincount(places, minlength=n_rows * n_tallies).reshape(n_rows, n_tallies)

    def _value(self, quality: Quality[Any], view: RuleView) -> NDArray[np.float64]:
        """The quality of the answers about all parents, shape (1,)."""
        return quality.values(view, self._truth, np.zeros((1, len(self._every)), dtype=np.int64))

    def _view(self, pooled: NDArray[np.float64], parents: NDArray[np.int64]) -> RuleView:
        """Answers about some parents, (n,), of which something is said, (n, C), as a view with a single exit."""
        cuts = None if self._thresholds is None else self._thresholds[parents]
        answers = np.asarray(pooled.argmax(axis=1) if cuts is None else pooled >= cuts)
        shape = (len(parents), 1)
        return RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), answers[:, None], Held(pooled[:, None]))


def _taken(view: RuleView, rows: NDArray[np.int64]) -> RuleView:
    """Some rows of a view, some perhaps several times."""
    said = required(view.distributions).whole()[rows]
    return RuleView(view.scores[rows], view.eligible[rows], view.answers[rows], Held(said), view.combine)
