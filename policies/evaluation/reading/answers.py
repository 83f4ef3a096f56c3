"""What is answered about parents by many policies at once, and how that is judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.evaluation.tallies import SharedTallies
from policies.levels.answers import PooledAnswers
from policies.qualities import CountedQuality, MeanQuality, Quality
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

    def states(self, n_parents: int) -> Iterator[NDArray[np.int64]]:
        """What holds of each parent, (r, G), as ``before`` counts, in blocks of ascending levels, the highest first."""
        above = np.arange(n_parents)
        for block in row_blocks(self.n_levels, n_parents):
            low, high = self.n_levels - block.stop, self.n_levels - block.start
            own = np.flatnonzero((self.levels >= low) & (self.levels < high))
            state = np.tile(above, (high - low + 1, 1))
            state[self.levels[own] - low, self.parents[own]] = n_parents + own
            # Of a parent a later change has the larger number, so that the largest from above is what holds.
            state = np.maximum.accumulate(state[::-1], axis=0)[::-1][: high - low]
            above = state[0]
            yield state


class AnswerJudge:
    """Judges what policies answer about ``G`` parents.

    Args:
        answers: How what is said of samples becomes answers about parents.
        truth: What answers about the parents are judged by.
        qualities: What they are judged by, by name.
    """

    def __init__(self, answers: PooledAnswers, truth: Truth, qualities: Mapping[str, Quality[Any]]) -> None:
        self._truth, self._thresholds, self._names = truth, answers.thresholds, tuple(qualities)
        own = {name: quality for name, quality in qualities.items() if isinstance(quality, CountedQuality)}
        self._counted = SharedTallies(own, truth)
        self._others = {name: quality for name, quality in qualities.items() if name not in own}
        self._every = np.arange(truth.n_samples)

    def of_policies(self, pooled: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Each quality of P policies, shape (P,), given what they say of the parents, shape (P, G, C)."""
        n_policies, n_parents, n_classes = pooled.shape
        rows = np.tile(self._every, n_policies)
        view, truth = self._view(pooled.reshape(len(rows), n_classes), rows), self._truth.take(rows)
        marks = self._counted.marks(view, truth)[:, :, 0]
        found = self._counted.values(self._tallies(marks, np.repeat(np.arange(n_policies), n_parents), n_policies))
        states = np.arange(len(rows)).reshape(n_policies, n_parents)
        return found | {name: self._of_states(one, view, truth, [states]) for name, one in self._others.items()}

    def of_line(self, at_last: NDArray[np.float64], parts: Sequence[Changes]) -> dict[str, NDArray[np.float64]]:
        """Each quality at each level of a gene, those of one part after those of another, then at the last level.

        Args:
            at_last: What is said of the parents at the last level, shape (G, C).
            parts: Levels that each change from the last one down.
        """
        found = [*(self._of_levels(at_last, part) for part in parts), self.of_policies(at_last[None])]
        return {name: np.concatenate([part[name] for part in found]) for name in self._names}

    def _of_levels(self, at_last: NDArray[np.float64], changes: Changes) -> dict[str, NDArray[np.float64]]:
        """Each quality at each level below the last one, shape (R,)."""
        rows = np.concatenate([self._every, changes.parents])
        view, truth = self._view(np.concatenate([at_last, changes.pooled]), rows), self._truth.take(rows)
        found = self._counted.values(self._level_tallies(self._counted.marks(view, truth)[:, :, 0], changes))
        for name, quality in self._others.items():
            # Blocks of levels come from the highest down.
            states = (own[::-1] for own in changes.states(len(self._every)))
            found[name] = self._of_states(quality, view, truth, states)[::-1]
        return found

    def _of_states(
        self, quality: Quality[Any], view: RuleView, truth: Truth, states: Iterable[NDArray[np.int64]]
    ) -> NDArray[np.float64]:
        """A quality that is not counted, of policies one after the other.

        Args:
            quality: Quality to judge by.
            view: Answers about parents, n of them.
            truth: What these are judged by.
            states: Which of the n answers each policy gives about the parents, shape (p, G), in blocks.
        """
        if isinstance(quality, MeanQuality):
            figures = quality.of_answers(view.answers[:, 0], truth)
            return np.concatenate([np.empty(0), *(figures[block].mean(axis=1) for block in states)])
        return np.concatenate(
            [np.empty(0), *(self._value(quality, _taken(view, own)) for block in states for own in block)]
        )

    def _level_tallies(self, marks: NDArray[np.int32], changes: Changes) -> NDArray[np.int64]:
        """Tallies at each level below the last one, shape (R, T), given marks of the parents and then the changes."""
        n_parents = len(self._every)
        at_last = self._tallies(marks[:, :n_parents], np.zeros(n_parents, dtype=np.int64), 1)
        gained = self._tallies(marks[:, n_parents:], changes.levels, changes.n_levels)
        lost = self._tallies(marks[:, changes.before(n_parents)], changes.levels, changes.n_levels)
        return np.asarray(at_last + np.cumsum((gained - lost)[::-1], axis=0)[::-1])

    def _tallies(self, marks: NDArray[np.int32], row_of: NDArray[np.int64], n_rows: int) -> NDArray[np.int64]:
        """Tallies, shape (n_rows, T), of marks, shape (K, n), each column of which counts in a row, shape (n,)."""
        width = self._counted.n + 1
        counts = np.bincount((row_of * width + marks).ravel(), minlength=n_rows * width)
        return counts.reshape(n_rows, width)[:, :-1]

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
