"""What is counted of answered sets of labels: for each label how often it is right, wrong and missed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.qualities.base import NOWHERE, CountedQuality
from policies.tables.multilabel import LabelSets
from policies.views.view import RuleView


_COUNTS = "right, wrong and missed labels"


@dataclass(frozen=True)
class LabelTallies:
    """How often each of L labels was right, wrong and missed by each of P policies.

    Ratios without anything to count are 0, as scikit-learn's with ``zero_division=0``.

    Attributes:
        right: Samples that have the label and of which it was answered, shape (P, L); sums of weights where samples are
            weighted, here and below.
        wrong: Samples that do not have it and of which it was answered, shape (P, L).
        missed: Samples that have it and of which it was not answered, shape (P, L).
    """

    right: NDArray[np.float64]
    wrong: NDArray[np.float64]
    missed: NDArray[np.float64]

    @classmethod
    def of(cls, tallies: NDArray[Any]) -> LabelTallies:
        """From the tallies of a :class:`LabelCounted` quality, shape (P, 3 L)."""
        n_labels = tallies.shape[1] // 3
        by_kind = np.asarray(tallies, dtype=np.float64).reshape(len(tallies), 3, n_labels)
        return cls(by_kind[:, 0], by_kind[:, 1], by_kind[:, 2])

    @property
    def errors(self) -> NDArray[np.float64]:
        """Samples of which a label is wrong or missed, shape (P, L)."""
        return self.wrong + self.missed

    @property
    def occurs(self) -> NDArray[np.bool_]:
        """Whether any sample has a label, shape (P, L)."""
        return np.asarray(self.right + self.missed > 0)

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 of each label, shape (P, L): 2 right / (2 right + wrong + missed)."""
        return ratio(2 * self.right, 2 * self.right + self.errors)

    @property
    def micro_f1(self) -> NDArray[np.float64]:
        """F1 of all labels together, shape (P,)."""
        right, errors = self.right.sum(axis=1), self.errors.sum(axis=1)
        return ratio(2 * right, 2 * right + errors)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Recall of each label, shape (P, L): right / (right + missed)."""
        return ratio(self.right, self.right + self.missed)

    @property
    def precision(self) -> NDArray[np.float64]:
        """Precision of each label, shape (P, L): right / (right + wrong)."""
        return ratio(self.right, self.right + self.wrong)


class LabelCounted(CountedQuality[LabelSets]):
    """A function of how often each label is right, wrong and missed; all such qualities share what is counted."""

    task: ClassVar[str | None] = "multi-label"
    is_share: ClassVar[bool] = False

    @property
    def counts(self) -> Hashable:
        """The same for all of them."""
        return _COUNTS

    def n_tallies(self, truth: LabelSets) -> int:
        """Three for each label."""
        return 3 * truth.n_labels

    def marks(self, view: RuleView, truth: LabelSets) -> NDArray[np.int64]:
        """For each label right answers, then for each label wrong ones, then for each label missed ones."""
        return label_marks(view.answers, truth.labels)

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """By the tallies of each label; arguments and result as for the base class."""
        return self.of_tallies(LabelTallies.of(tallies), np.asarray(strata).sum())

    @abstractmethod
    def of_tallies(self, tallies: LabelTallies, n: float) -> NDArray[np.float64]:
        """The figure of each policy, shape (P,).

        Args:
            tallies: How often each label was right, wrong and missed.
            n: Number of samples; the sum of their weights where they are weighted.
        """

    def worst(self, truth: LabelSets) -> NDArray[np.float64]:
        """Every label wrong or missed, which of them as often as it is off and on."""
        return all_wrong(truth.labels)


def label_marks(answers: NDArray[Any], labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Which label is right, wrong or missed: the tallies, 3 L of them, that each answer adds to, or ``NOWHERE``.

    Args:
        answers: Whether each label is answered, shape (N, E, L).
        labels: Whether each label is on, shape (N, L).

    Returns:
        Shape (L, N, E).
    """
    n_labels = labels.shape[1]
    answered, on = answers.astype(bool, copy=False), labels[:, None].astype(bool)
    of_label = np.where(answered, np.where(on, 0, n_labels), 2 * n_labels) + np.arange(n_labels)
    return np.moveaxis(np.where(answered | on, of_label, NOWHERE), 2, 0)


def all_wrong(labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What an answer that is wrong in every label adds to the tallies on average, shape (3 L,); labels as above."""
    on = labels.mean(axis=0)
    return np.concatenate([np.zeros(len(on)), 1 - on, on])


def ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """A part of a whole, 0 where there is none."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)
