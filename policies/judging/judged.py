"""What is judged of the answers on a table: those about samples, or where these are pooled those about parents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.levels.answers import AnsweredFrom, WholeAnswers
from policies.parents.membership import Parents
from policies.qualities import CountedQuality, Judge, MeanOfAnswers, MeanQuality, PooledQuality, Quality
from policies.qualities.base import DrawnJudge
from policies.tables.base import Truth
from policies.tables.units import Units
from policies.views.distributions import Distributions, Held
from policies.views.view import RuleView


@dataclass(frozen=True)
class Judged:
    """The answers of policies that share a view, as they are judged: J of them, about samples or about parents.

    Attributes:
        view: What a rule sees in N samples.
        truth_of_samples: What answers about the samples are judged by.
    """

    view: RuleView
    truth_of_samples: Truth

    @cached_property
    def truth(self) -> Truth:
        """What the answers are judged by."""
        parents = self.view.parents
        return self.truth_of_samples if parents is None else parents.truth(self.truth_of_samples)

    def answers(self, exits: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """What one policy answers, shape (J, ...).

        Args:
            exits: The exit that each sample takes, or ``UNREAD``, shape (N,).
        """
        if self.view.parents is not None:
            return self.view.parents.answers(exits)
        return np.asarray(self.view.answers[np.arange(len(exits)), exits])

    def answered(self, exits: NDArray[np.integer[Any]]) -> RuleView:
        """What one policy answers, as a view with a single exit, at which it is answered; arguments as above."""
        parents = self.view.parents
        answers: NDArray[Any] = self.answers(exits)
        distributions: Distributions | None = None
        if parents is not None:
            distributions = AnsweredFrom(parents, exits) if parents.has_distributions else None
        elif self.view.distributions is not None:
            distributions = _at_exits(self.view.distributions, exits)
        shape = (len(answers), 1)
        return RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), answers[:, None], distributions)

    def values(self, quality: Quality[Any], exits: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """A quality of each of P policies, shape (P,), given the exits that they take, shape (P, N)."""
        if self.view.parents is None:
            return quality.values(self.view, self.truth, exits)
        return self.judge(quality)(exits)

    def judge(self, quality: Quality[Any]) -> Judge:
        """Prepare to judge policies: from the exits that P of them take, shape (P, N), to a quality of each, (P,)."""
        if self.view.parents is None:
            if isinstance(quality, PooledQuality):
                return quality.judge(self.view, self.truth)
            return lambda exits: quality.values(self.view, self.truth, exits)
        if isinstance(self.view.parents, WholeAnswers) and isinstance(quality, MeanQuality):
            return self._mean_of_whole(quality, self.view.parents)
        at_the_exit = np.zeros((1, self.truth.n_samples), dtype=np.int64)
        return lambda exits: np.concatenate(
            [quality.values(self.answered(own), self.truth, at_the_exit) for own in exits]
        )

    def _mean_of_whole(self, quality: MeanQuality[Any], answers: WholeAnswers) -> Judge:
        """Each answer about a parent is judged once."""
        at_exits = np.moveaxis(answers.at_exits, 1, 0)
        figures = np.stack([quality.of_answers(own, self.truth) for own in at_exits], axis=1)
        rows, first = np.arange(answers.parents.n), answers.parents.first_rows
        return lambda exits: np.asarray(figures[rows, exits[:, first]].mean(axis=1))

    def judge_drawn(self, quality: PooledQuality[Any]) -> DrawnJudge:
        """The same on some of the J, given by their numbers, shape (n,), some perhaps several times."""
        if self.view.parents is None:
            return quality.judge_drawn(self.view, self.truth)
        at_the_exit = np.zeros((1, self.truth.n_samples), dtype=np.int64)
        # The same policies are judged on draw after draw.
        judges: dict[bytes, DrawnJudge] = {}

        def judge(exits: NDArray[np.integer[Any]], rows: NDArray[np.int64]) -> NDArray[np.float64]:
            for own in exits:
                if own.tobytes() not in judges:
                    judges[own.tobytes()] = quality.judge_drawn(self.answered(own), self.truth)
            return np.concatenate([judges[own.tobytes()](at_the_exit, rows) for own in exits])

        return judge

    def marks(self, quality: CountedQuality[Any], exits: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """The tallies that each of the J adds to by one policy, shape (K, J); exits have shape (N,)."""
        if self.view.parents is None:
            return quality.marks(self.view, self.truth)[:, np.arange(len(exits)), exits]
        return quality.marks(self.answered(exits), self.truth)[:, :, 0]

    def figures(self, quality: MeanOfAnswers[Any], exits: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """The figure of each of the J by one policy, shape (J,), in [0, 1]; exits have shape (N,)."""
        return quality.of_answers(self.answers(exits), self.truth)

    def deepest(self, exits: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Index of the deepest exit that samples behind each of the J took, shape (J,); exits have shape (N,)."""
        parents = self.view.parents
        if parents is None:
            return np.asarray(exits, dtype=np.int64)
        own = parents.parents
        return np.asarray(np.maximum.reduceat(exits[own.rows], own.starts[:-1]), dtype=np.int64)

    def units(self, of_samples: Units) -> Units:
        """The independent units that the J belong to, given those of the samples."""
        return judged_units(of_samples, None if self.view.parents is None else self.view.parents.parents)


def _at_exits(distributions: Distributions, exits: NDArray[np.integer[Any]]) -> Held:
    """Those of the exit that each of N samples takes, shape (N, 1, C)."""
    n_samples, _, n_values = distributions.shape
    taken = np.empty((n_samples, 1, n_values))
    for rows, block in distributions.blocks():
        taken[rows, 0] = block[np.arange(len(block)), exits[rows]]
    return Held(taken)


def judged_units(of_samples: Units, parents: Parents | None) -> Units:
    """The independent units of what is judged, given those of the samples: of parents those of their first samples."""
    if parents is None:
        return of_samples
    own = of_samples.of_sample[parents.first_rows]
    if of_samples.kind == "group":
        return Units("group" if len(np.unique(own)) < len(own) else "parent", own, of_samples.n)
    return Units("parent", np.arange(parents.n), parents.n)
