"""What is answered about parents by many policies at once, and how that is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.evaluation.parents.known_answers import KnownAnswers, looks_at_answers_alone
from policies.evaluation.parents.pooled_codes import PooledCodes
from policies.judging.judged import Judged
from policies.levels.answers import PooledAnswers
from policies.qualities import NOWHERE, CountedQuality, Quality
from policies.views.distributions import Held
from policies.views.view import RuleView, required


@dataclass(frozen=True)
class Changes:
    """What becomes of parents from level to level of a gene, from its last level down; only where something changes.

    Attributes:
        parents: The parent that each of V changes is of, shape (V,): those of a parent after each other, the highest
            level first.
        levels: The level from which on down a change holds, up to the parent's next one, shape (V,).
        said: What is then said of the parent, shape (V, C).
        counts: How many more of its samples than before leave at each exit, shape (V, E).
        n_levels: Number of levels below the last one, ``R``.
    """

    parents: NDArray[np.int64]
    levels: NDArray[np.int64]
    said: NDArray[np.float64]
    counts: NDArray[np.int64]
    n_levels: int

    def exit_counts(self, at_last: NDArray[np.int64]) -> NDArray[np.int64]:
        """Samples that leave at each exit at each level below the last one, shape (R, E), given those at that."""
        more = np.zeros((self.n_levels, len(at_last)), dtype=np.int64)
        np.add.at(more, self.levels, self.counts)
        return np.asarray(at_last + np.cumsum(more[::-1], axis=0)[::-1])

    def states(self, n_parents: int) -> Iterator[NDArray[np.int64]]:
        """What holds of each parent, shape (r, G), in blocks of ascending levels, the highest first.

        That is the number of a change, counted from G on, or where none holds yet the number of the parent.
        """
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

    Each distinct answer about a parent is judged once, by those qualities that look at answers alone; by the others
    each policy is judged by itself.

    Args:
        judged: What is judged.
        answers: How what is said of samples becomes answers about parents.
        codes: How these are pooled, as the compiled loops know it.
        qualities: What policies are judged by, by name.
    """

    def __init__(
        self, judged: Judged, answers: PooledAnswers, codes: PooledCodes, qualities: Mapping[str, Quality[Any]]
    ) -> None:
        self._truth, self._thresholds, self._codes = judged.truth, answers.thresholds, codes
        fitting = {name: one for name, one in qualities.items() if looks_at_answers_alone(one, judged)}
        self._known = KnownAnswers(judged.truth, fitting, codes.n_labels)
        self._others = {name: one for name, one in qualities.items() if name not in fitting}
        self._names, self._every = tuple(qualities), np.arange(judged.truth.n_samples)

    def of_policies(self, said: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Each quality of P policies, shape (P,), given what they say of the parents, shape (P, G, C)."""
        self._known.forget_too_many()
        flat, shape = said.reshape(-1, said.shape[2]), said.shape[:2]
        found = self._known.values(self._numbers(flat, self._every).reshape(shape))
        if self._others:
            states = [np.arange(len(flat)).reshape(shape)]
            found |= self._of_states(flat, np.tile(self._every, len(said)), lambda: states)
        return found

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
        self._known.forget_too_many()
        numbers = self._numbers(at_last, self._every)
        changed = self._numbers(changes.said, changes.parents)
        falling = np.argsort(-changes.levels, kind="stable")
        own = (changes.levels[falling], changes.parents[falling], changed[falling])
        found = self._known.line(numbers, *own, changes.n_levels)
        if self._others:
            said, parents = np.concatenate([at_last, changes.said]), np.concatenate([self._every, changes.parents])
            # Blocks of levels come from the highest down.
            of_others = self._of_states(said, parents, lambda: (one[::-1] for one in changes.states(len(self._every))))
            found |= {name: values[::-1] for name, values in of_others.items()}
        return found

    def _numbers(self, said: NDArray[np.float64], parents: NDArray[np.int64]) -> NDArray[np.int32]:
        """The number of the answer that is given where something is said, shape (m, C), of parents, shape (m,)."""
        return self._known.number(self._codes.words(said, parents), parents)

    def _of_states(
        self,
        said: NDArray[np.float64],
        parents: NDArray[np.int64],
        states: Callable[[], Iterable[NDArray[np.int64]]],
    ) -> dict[str, NDArray[np.float64]]:
        """Each of the other qualities, of policies one after the other.

        Args:
            said: What is said in n answers, shape (n, C).
            parents: The parent that each of these is about, shape (n,).
            states: Gives which of them each policy gives about the parents, shape (p, G), in blocks.
        """
        view = self._view(said, parents)
        found = {}
        for name, quality in self._others.items():
            value = self._value(quality, view, parents)
            found[name] = np.concatenate([np.empty(0), *(value(own) for block in states() for own in block)])
        return found

    def _value(
        self, quality: Quality[Any], view: RuleView, parents: NDArray[np.int64]
    ) -> Callable[[NDArray[np.int64]], NDArray[np.float64]]:
        """From which of n answers a policy gives about the parents, shape (G,), to a quality of it, shape (1,)."""
        at_the_exit = np.zeros((1, len(self._every)), dtype=np.int64)
        if not isinstance(quality, CountedQuality):
            return lambda own: quality.values(_taken(view, own), self._truth, at_the_exit)
        marks = quality.marks(view, self._truth.take(parents))[:, :, 0]
        strata, n_tallies = quality.n_of_strata(self._truth), quality.n_tallies(self._truth)

        def counted(own: NDArray[np.int64]) -> NDArray[np.float64]:
            marked = marks[:, own]
            return quality.value(np.bincount(marked[marked != NOWHERE], minlength=n_tallies)[None], strata)

        return counted

    def _view(self, said: NDArray[np.float64], parents: NDArray[np.int64]) -> RuleView:
        """Answers about some parents, (n,), of which something is said, (n, C), as a view with a single exit."""
        cuts = None if self._thresholds is None else self._thresholds[parents]
        answers = np.asarray(said.argmax(axis=1) if cuts is None else said >= cuts)
        shape = (len(parents), 1)
        return RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), answers[:, None], Held(said[:, None]))


def _taken(view: RuleView, rows: NDArray[np.int64]) -> RuleView:
    """Some rows of a view, some perhaps several times."""
    said = required(view.distributions).whole()[rows]
    return RuleView(view.scores[rows], view.eligible[rows], view.answers[rows], Held(said), view.combine)
