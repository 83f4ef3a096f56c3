"""What a policy's answers are judged by, computed for whole populations from counts of marked samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.rules.view import RuleView


NOWHERE = -1
"""Stands for the count of a sample that adds to none."""

_TOP_K = 5


class Quality(ABC):
    """A figure of a policy that is a function of counts: how many samples with a mark at the exit they took.

    Attributes:
        name: As it is called in goals, fronts and reports.
        is_maximised: Whether larger is better; the bound of a goal is then the least value, else the largest.
        is_share: Whether it is a mean over samples, to which each adds alike.
    """

    name: ClassVar[str]
    is_maximised: ClassVar[bool] = True
    is_share: ClassVar[bool] = True

    def n_tallies(self, n_classes: int) -> int:
        """How many counts there are, ``T``."""
        return 1

    @abstractmethod
    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Up to K counts that each sample adds to where it leaves at each exit, or ``NOWHERE``, shape (K, N, E)."""

    @abstractmethod
    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The figure of each policy.

        Args:
            tallies: Counts of marked samples, shape (P, T).
            label_counts: Samples of each class, shape (C,).

        Returns:
            Shape (P,).
        """


class Accuracy(Quality):
    """Share of right answers."""

    name: ClassVar[str] = "accuracy"

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Right answers."""
        return _where(view.answers == labels[:, None])

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Right answers over all."""
        return np.asarray(tallies[:, 0] / label_counts.sum())


class MacroF1(Quality):
    """Mean F1 over the classes that occur among labels or answers."""

    name: ClassVar[str] = "macro_f1"
    is_share: ClassVar[bool] = False

    def n_tallies(self, n_classes: int) -> int:
        """Two for each class."""
        return 2 * n_classes

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each class right answers, then for each class all answers."""
        answers = view.answers
        return np.stack([np.where(answers == labels[:, None], answers, NOWHERE), view.n_classes + answers])

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Mean of 2 right / (labelled + answered)."""
        n_classes = len(label_counts)
        right, answered = tallies[:, :n_classes], tallies[:, n_classes:]
        either = label_counts + answered
        f1 = 2 * right / np.maximum(either, 1)
        return np.asarray(f1.sum(axis=1) / (either > 0).sum(axis=1))


class WorstClassRecall(Quality):
    """Least share of right answers among the samples of one class."""

    name: ClassVar[str] = "worst_class_recall"
    is_share: ClassVar[bool] = False

    def n_tallies(self, n_classes: int) -> int:
        """One for each class."""
        return n_classes

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Right answers by class."""
        return np.where(view.answers == labels[:, None], labels[:, None], NOWHERE)[None]

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The least recall over the classes that occur."""
        present = label_counts > 0
        return np.asarray((tallies[:, present] / label_counts[present]).min(axis=1))


class TopFiveAccuracy(Quality):
    """Share of samples whose class is among the five most probable ones."""

    name: ClassVar[str] = "top5_accuracy"

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Samples with fewer than five classes above the true one."""
        is_among = np.empty(view.eligible.shape, dtype=bool)
        for rows, probabilities in view.distributions.blocks():
            of_label = np.take_along_axis(probabilities, labels[rows][:, None, None], axis=2)
            is_among[rows] = (probabilities > of_label).sum(axis=2) < _TOP_K
        return _where(is_among)

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Such samples over all."""
        return np.asarray(tallies[:, 0] / label_counts.sum())


class FlipRate(Quality):
    """Share of samples whose prediction changed at least once on the way to the exit that they took."""

    name: ClassVar[str] = "flip_rate_to_exit"
    is_maximised: ClassVar[bool] = False

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Whether any earlier exit would have answered differently from the one before or after it."""
        answers = view.answers
        changed = np.zeros(answers.shape, dtype=bool)
        changed[:, 1:] = np.logical_or.accumulate(answers[:, 1:] != answers[:, :-1], axis=1)
        return _where(changed)

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Such samples over all."""
        return np.asarray(tallies[:, 0] / label_counts.sum())


def _where(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The only count, where samples are marked: (N, E) to (1, N, E)."""
    return np.where(marked, 0, NOWHERE)[None]


QUALITIES: dict[str, Quality] = {
    quality.name: quality for quality in (Accuracy(), MacroF1(), WorstClassRecall(), TopFiveAccuracy(), FlipRate())
}


def get_quality(name: str) -> Quality:
    """Return the quality registered under ``name``.

    Raises:
        ExitSearchError: If there is none.
    """
    if name not in QUALITIES:
        raise ExitSearchError(f"there is no quality {name!r}; known are {', '.join(sorted(QUALITIES))}")
    return QUALITIES[name]
