"""How good each answered set of labels is by itself: means over answers, which can be certified."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.qualities.base import NOWHERE, CountedQuality, MeanOfAnswers, MeanQuality
from policies.qualities.multilabel.counts import LabelCounted, LabelTallies, ratio
from policies.tables.multilabel import LabelSets
from policies.views.view import RuleView


class ExactMatch(CountedQuality[LabelSets], MeanOfAnswers[LabelSets]):
    """Share of answers that are right in every label."""

    name: ClassVar[str] = "exact_match"
    task: ClassVar[str | None] = "multi-label"

    def marks(self, view: RuleView, truth: LabelSets) -> NDArray[np.int64]:
        """Answers that are right in every label."""
        return np.where(truth.right(view.answers), 0, NOWHERE)[None]

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """Such answers over all."""
        return np.asarray(tallies[:, 0] / np.asarray(strata).sum())

    def of_answers(self, answers: NDArray[Any], truth: LabelSets) -> NDArray[np.float64]:
        """1 for an answer that is right in every label, else 0; arguments and result as for the base class."""
        return truth.right(answers).astype(np.float64)


class Hamming(LabelCounted, MeanOfAnswers[LabelSets]):
    """Mean over answers of the share of labels that are wrong or missed: the Hamming loss."""

    name: ClassVar[str] = "hamming"
    is_maximised: ClassVar[bool] = False
    is_share: ClassVar[bool] = True

    def of_tallies(self, tallies: LabelTallies, n: float) -> NDArray[np.float64]:
        """Wrong and missed labels over all."""
        return np.asarray(tallies.errors.sum(axis=1) / (n * tallies.errors.shape[1]))

    def of_answers(self, answers: NDArray[Any], truth: LabelSets) -> NDArray[np.float64]:
        """Share of an answer's labels that are wrong or missed; arguments and result as for the base class."""
        return np.asarray((answers != truth.labels).mean(axis=1))


class SamplesF1(MeanQuality[LabelSets]):
    """Mean over answers of the F1 of an answered set: 2 right / (true + answered), 0 where both sets are empty."""

    name: ClassVar[str] = "samples_f1"
    task: ClassVar[str | None] = "multi-label"

    def of_answers(self, answers: NDArray[Any], truth: LabelSets) -> NDArray[np.float64]:
        """F1 of each answered set; arguments and result as for the base class."""
        both, either = _overlap(answers, truth)
        return ratio(2 * both, both + either)


class Jaccard(MeanQuality[LabelSets]):
    """Mean over answers of how much an answered set overlaps the true one: intersection over union.

    It is 0 where both are empty, as scikit-learn's ``jaccard_score`` of samples with ``zero_division=0``.
    """

    name: ClassVar[str] = "jaccard"
    task: ClassVar[str | None] = "multi-label"

    def of_answers(self, answers: NDArray[Any], truth: LabelSets) -> NDArray[np.float64]:
        """Overlap of each answered set; arguments and result as for the base class."""
        return ratio(*_overlap(answers, truth))


def _overlap(answers: NDArray[Any], truth: LabelSets) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Labels in both the answered and the true set, and labels in either, shape (N,) each."""
    answered, own = answers.astype(bool, copy=False), truth.labels.astype(bool)
    return (answered & own).sum(axis=1).astype(np.float64), (answered | own).sum(axis=1).astype(np.float64)
