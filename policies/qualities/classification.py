"""What the answers of a classifier are judged by: functions of counts of marked samples."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.qualities.base import NOWHERE, CountedQuality
from policies.tables.classification import ClassLabels
from policies.views.view import RuleView, required


_TOP_K = 5


class Accuracy(CountedQuality[ClassLabels]):
    """Share of right answers."""

    name: ClassVar[str] = "accuracy"

    def marks(self, view: RuleView, truth: ClassLabels) -> NDArray[np.int64]:
        """Right answers."""
        return _where(truth.right(view.answers))

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """Right answers over all."""
        return np.asarray(tallies[:, 0] / strata.sum())


class MacroF1(CountedQuality[ClassLabels]):
    """Mean F1 over the classes that occur among labels or answers."""

    name: ClassVar[str] = "macro_f1"
    is_share: ClassVar[bool] = False

    def n_tallies(self, truth: ClassLabels) -> int:
        """Two for each class."""
        return 2 * truth.n_classes

    def marks(self, view: RuleView, truth: ClassLabels) -> NDArray[np.int64]:
        """For each class right answers, then for each class all answers."""
        answers = view.answers
        return np.stack([np.where(truth.right(answers), answers, NOWHERE), truth.n_classes + answers])

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """Mean of 2 right / (labelled + answered)."""
        n_classes = len(strata)
        right, answered = tallies[:, :n_classes], tallies[:, n_classes:]
        either = strata + answered
        f1 = 2 * right / np.maximum(either, 1)
        return np.asarray(f1.sum(axis=1) / (either > 0).sum(axis=1))

    def worst(self, truth: ClassLabels) -> NDArray[np.float64]:
        """Nothing right, and the class after the true one answered."""
        return np.concatenate([np.zeros(truth.n_classes), np.roll(truth.shares, 1)])


class WorstClassRecall(CountedQuality[ClassLabels]):
    """Least share of right answers among the samples of one class."""

    name: ClassVar[str] = "worst_class_recall"
    is_share: ClassVar[bool] = False

    def n_tallies(self, truth: ClassLabels) -> int:
        """One for each class."""
        return truth.n_classes

    def marks(self, view: RuleView, truth: ClassLabels) -> NDArray[np.int64]:
        """Right answers by class."""
        return np.where(truth.right(view.answers), truth.labels[:, None], NOWHERE)[None]

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """The least recall over the classes that occur."""
        present = strata > 0
        return np.asarray((tallies[:, present] / strata[present]).min(axis=1))

    def worst(self, truth: ClassLabels) -> NDArray[np.float64]:
        """Nothing right."""
        return np.zeros(truth.n_classes)


class TopFiveAccuracy(CountedQuality[ClassLabels]):
    """Share of samples whose class is among the five most probable ones."""

    name: ClassVar[str] = "top5_accuracy"

    def marks(self, view: RuleView, truth: ClassLabels) -> NDArray[np.int64]:
        """Samples with fewer than five classes above the true one."""
        is_among = np.empty(view.eligible.shape, dtype=bool)
        for rows, probabilities in required(view.distributions).blocks():
            of_label = np.take_along_axis(probabilities, truth.labels[rows][:, None, None], axis=2)
            is_among[rows] = (probabilities > of_label).sum(axis=2) < _TOP_K
        return _where(is_among)

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """Such samples over all."""
        return np.asarray(tallies[:, 0] / strata.sum())


class FlipRate(CountedQuality[ClassLabels]):
    """Share of samples whose prediction changed at least once on the way to the exit that they took."""

    name: ClassVar[str] = "flip_rate_to_exit"
    is_maximised: ClassVar[bool] = False
    looks_back: ClassVar[bool] = True

    def marks(self, view: RuleView, truth: ClassLabels) -> NDArray[np.int64]:
        """Whether any earlier exit would have answered differently from the one before or after it."""
        answers = view.answers
        changed = np.zeros(answers.shape, dtype=bool)
        changed[:, 1:] = np.logical_or.accumulate(answers[:, 1:] != answers[:, :-1], axis=1)
        return _where(changed)

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """Such samples over all."""
        return np.asarray(tallies[:, 0] / strata.sum())


def _where(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The only count, where samples are marked: (N, E) to (1, N, E)."""
    return np.where(marked, 0, NOWHERE)[None]
