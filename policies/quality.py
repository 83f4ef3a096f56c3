"""What a policy's answers are judged by, computed for whole populations from counts of marked samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.rules.base import RuleView


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

    @abstractmethod
    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The marks that are counted, shape (T, N, E)."""

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

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Right answers."""
        return np.asarray(view.answers == labels[:, None])[None]

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Right answers over all."""
        return np.asarray(tallies[:, 0] / label_counts.sum())


class MacroF1(Quality):
    """Mean F1 over the classes that occur among labels or answers."""

    name: ClassVar[str] = "macro_f1"
    is_share: ClassVar[bool] = False

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """For each class right answers, then for each class all answers."""
        answered = view.answers[None] == np.arange(view.probabilities.shape[2])[:, None, None]
        return np.concatenate([answered & (view.answers == labels[:, None])[None], answered])

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

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Right answers by class."""
        of_class = labels[None, :, None] == np.arange(view.probabilities.shape[2])[:, None, None]
        return np.asarray(of_class & (view.answers == labels[:, None])[None])

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The least recall over the classes that occur."""
        present = label_counts > 0
        return np.asarray((tallies[:, present] / label_counts[present]).min(axis=1))


class TopFiveAccuracy(Quality):
    """Share of samples whose class is among the five most probable ones."""

    name: ClassVar[str] = "top5_accuracy"

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Samples with fewer than five classes above the true one."""
        of_label = np.take_along_axis(view.probabilities, labels[:, None, None], axis=2)
        return np.asarray((view.probabilities > of_label).sum(axis=2) < _TOP_K)[None]

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Such samples over all."""
        return np.asarray(tallies[:, 0] / label_counts.sum())


class FlipRate(Quality):
    """Share of samples whose prediction changed at least once on the way to the exit that they took."""

    name: ClassVar[str] = "flip_rate_to_exit"
    is_maximised: ClassVar[bool] = False

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether any earlier exit would have answered differently from the one before or after it."""
        answers = view.answers
        changed = np.zeros(answers.shape, dtype=bool)
        changed[:, 1:] = np.logical_or.accumulate(answers[:, 1:] != answers[:, :-1], axis=1)
        return changed[None]

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Such samples over all."""
        return np.asarray(tallies[:, 0] / label_counts.sum())


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
