"""What every quality provides, in the two ways that whole populations of policies can be judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
import math
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.tables.base import Truth
from policies.views.distributions import Held
from policies.views.view import RuleView


TruthT = TypeVar("TruthT", bound=Truth)
ACCURACY = "accuracy"
"""Name of the share of right answers, which of all qualities is the one that certificates know best."""
EXACT_MATCH = "exact_match"
"""Name of the share of sets of labels that are right as a whole."""
RIGHT_OR_WRONG = (ACCURACY, EXACT_MATCH)
"""Names of the shares of right answers, by what a table's own truth calls right."""
NOWHERE = -1
"""Stands for the tally of a sample that adds to none."""
Judge = Callable[[NDArray[np.integer[Any]]], NDArray[np.float64]]
"""From the exits that P policies take, shape (P, N), to the quality of each, shape (P,)."""


class Quality(ABC, Generic[TruthT]):
    """A figure of a policy's answers.

    Attributes:
        name: Name of the quality in goals, fronts and reports.
        task: The kind of answers that it judges; None for any.
        is_maximised: Whether larger is better; the bound of a goal is then the least value, else the largest.
        is_share: Whether the quality is a mean over samples, to which each adds alike.
        looks_back: Whether it looks at what the exits before the one taken would have answered too.
        lowest: Least possible value of the figure.
        highest: Largest possible value of the figure; may be infinite.
    """

    name: ClassVar[str]
    task: ClassVar[str | None] = "classification"
    is_maximised: ClassVar[bool] = True
    is_share: ClassVar[bool] = True
    looks_back: ClassVar[bool] = False
    lowest: ClassVar[float] = 0.0
    highest: ClassVar[float] = 1.0

    @abstractmethod
    def values(self, view: RuleView, truth: TruthT, exits: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """The figure of each of P policies, shape (P,).

        Args:
            view: What would be answered at every exit by N samples.
            truth: What answers are judged by, of the same N samples in the same order.
            exits: The exits that each policy takes, shape (P, N).
        """

    def require_fits(self, truth: TruthT) -> None:
        """Refuse what the quality cannot judge answers by, such as one that lacks the label that it is of.

        Args:
            truth: What answers are judged by.

        Raises:
            ExitSearchError: If it cannot.
        """

    @property
    def sign(self) -> float:
        """1 where more is better, else -1."""
        return 1.0 if self.is_maximised else -1.0

    def lack(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far values, shape (P,), are from the best possible one, in [0, 1]; minimised, and strictly monotone."""
        if not math.isfinite(self.highest if self.is_maximised else self.lowest):
            return np.asarray(1 / (1 + np.exp(self.sign * values)))
        far = self.highest - values if self.is_maximised else values - self.lowest
        width = self.highest - self.lowest
        return np.asarray(far / width if math.isfinite(width) else far / (1 + far))

    def check(self, value: float, what: str) -> None:
        """Refuse a value that the quality cannot have.

        Args:
            value: Value to check, such as a target.
            what: What a person calls the value: "target".

        Raises:
            ExitSearchError: If it is out of range.
        """
        if not (self.lowest <= value <= self.highest and math.isfinite(value)):
            side = (
                f"in [{self.lowest:g}, {self.highest:g}]" if math.isfinite(self.highest) else f"above {self.lowest:g}"
            )
            raise ExitSearchError(f"{what} must lie {side} but is {value}")


DrawnJudge = Callable[[NDArray[np.integer[Any]], NDArray[np.int64]], NDArray[np.float64]]
"""As a judge, on samples that are given by their row numbers, shape (n,), some perhaps several times."""


class MeanOfAnswers(Quality[TruthT]):
    """A mean over samples of a figure in [0, 1] that each answer has by itself, such as how much it overlaps the truth.

    Since samples count alike and independently, it can be certified by betting, whether it is counted or pooled.
    """

    @abstractmethod
    def of_answers(self, answers: NDArray[Any], truth: TruthT) -> NDArray[np.float64]:
        """The figure of each answer, in [0, 1].

        Args:
            answers: One answer for each of N samples, shape (N, ...).
            truth: What answers are judged by, of the same N samples in the same order.

        Returns:
            Shape (N,).
        """


class CountedQuality(Quality[TruthT]):
    """A function of tallies: how many samples have a mark at the exit that they took."""

    @property
    def counts(self) -> Hashable:
        """What is counted: qualities that share it have the same marks, which are then counted once for all of them."""
        return self

    def n_tallies(self, truth: TruthT) -> int:
        """Number of tallies, ``T``."""
        return 1

    @abstractmethod
    def marks(self, view: RuleView, truth: TruthT) -> NDArray[np.int64]:
        """Up to K tallies that each sample adds to where it leaves at each exit, or ``NOWHERE``, shape (K, N, E)."""

    def strata(self, truth: TruthT) -> NDArray[np.int64]:
        """The stratum that each sample is counted in, or ``NOWHERE``, shape (N,): by default its own."""
        return truth.strata

    def among(self, truth: TruthT) -> NDArray[np.bool_] | None:
        """Which samples alone have marks, shape (N,); None where any may: by default."""
        return None

    def n_of_strata(self, truth: TruthT, weights: NDArray[np.float64] | None = None) -> NDArray[Any]:
        """How many samples are counted in each stratum, shape (n_strata,).

        Args:
            truth: What answers are judged by.
            weights: What each sample counts for, shape (N,); None counts each as one.
        """
        strata = self.strata(truth)
        counted = strata != NOWHERE
        own = None if weights is None else weights[counted]
        return np.bincount(strata[counted], own, minlength=truth.n_strata)

    @abstractmethod
    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """The figure of each policy.

        Args:
            tallies: Marked samples, shape (P, T); sums of weights where samples are weighted.
            strata: Samples of each stratum (of each class, where there are classes); sums of weights where samples are
                weighted.

        Returns:
            Shape (P,).
        """

    def values(self, view: RuleView, truth: TruthT, exits: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """By counting; every sample counts alike."""
        marks, rows = self.marks(view, truth), np.arange(exits.shape[1])
        counted = [own[own != NOWHERE] for own in (marks[:, rows, taken] for taken in exits)]
        tallies = np.array([np.bincount(own, minlength=self.n_tallies(truth)) for own in counted])
        return self.value(tallies, self.n_of_strata(truth))

    def worst(self, truth: TruthT) -> NDArray[np.float64]:
        """What a sample that is answered as badly as can be adds to each tally on average, shape (T,).

        By default, of a single tally, nothing where more is better and one where less is. A quality with several
        tallies says itself.

        Args:
            truth: What samples are judged by that such a one is like.
        """
        return np.zeros(1) if self.is_maximised else np.ones(1)


def counted(quality: Quality[Any]) -> CountedQuality[Any]:
    """The quality, which is counted.

    Raises:
        ExitSearchError: If it is not.
    """
    if isinstance(quality, CountedQuality):
        return quality
    raise ExitSearchError(
        f"quality {quality.name!r} must be a CountedQuality or a PooledQuality but is neither; derive it from one"
    )


class PooledQuality(Quality[TruthT]):
    """A figure that has to look at all answers of a policy together, such as a rank correlation or a mean precision."""

    is_share: ClassVar[bool] = False

    def values(self, view: RuleView, truth: TruthT, exits: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """By looking at all answers together."""
        return self.judge(view, truth)(exits)

    @abstractmethod
    def judge(self, view: RuleView, truth: TruthT) -> Judge:
        """Prepare to judge policies.

        Args:
            view: What would be answered at every exit by N samples.
            truth: What answers are judged by, of the same N samples in the same order.

        Returns:
            From the exits that each of P policies takes, shape (P, N), to the quality of each, shape (P,).
        """

    def judge_drawn(self, view: RuleView, truth: TruthT) -> DrawnJudge:
        """Prepare to judge policies on samples that are drawn from those of a view, as a bootstrap draws them.

        By default everything is looked at again in every draw. A quality that can prepare more than that says itself.

        Args:
            view: What would be answered at every exit by N samples.
            truth: What answers are judged by, of the same N samples in the same order.

        Returns:
            From the exits that each of P policies takes, shape (P, N), and the rows that were drawn, shape (n,), to the
            quality of each, shape (P,).
        """
        whole = None if view.distributions is None else view.distributions.whole()

        def judge(exits: NDArray[np.integer[Any]], rows: NDArray[np.int64]) -> NDArray[np.float64]:
            distributions = None if whole is None else Held(whole[rows])
            drawn = RuleView(view.scores[rows], view.eligible[rows], view.answers[rows], distributions, view.combine)
            return self.judge(drawn, truth.take(rows))(exits[:, rows])

        return judge


class MeanQuality(PooledQuality[TruthT], MeanOfAnswers[TruthT]):
    """A mean of answers' own figures that is not counted, since these may be any numbers."""

    is_share: ClassVar[bool] = True

    def of_exits(self, view: RuleView, truth: TruthT) -> NDArray[np.float64]:
        """The figure of the answer that each sample would get at each exit, shape (N, E)."""
        return np.stack([self.of_answers(view.answers[:, k], truth) for k in range(view.answers.shape[1])], axis=1)

    def judge(self, view: RuleView, truth: TruthT) -> Judge:
        """Each answer is judged once; arguments and result as for the base class."""
        figures, rows = self.of_exits(view, truth), np.arange(truth.n_samples)
        return lambda exits: np.array([figures[rows, taken].mean() for taken in exits])

    def judge_drawn(self, view: RuleView, truth: TruthT) -> DrawnJudge:
        """Each answer is judged once; arguments and result as for the base class."""
        figures = self.of_exits(view, truth)
        return lambda exits, rows: np.asarray(figures[rows, exits[:, rows]].mean(axis=1))
