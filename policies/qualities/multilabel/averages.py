"""F1 and recall of all labels, averaged or the worst of them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.qualities.multilabel.counts import LabelCounted, LabelTallies


class LabelMacroF1(LabelCounted):
    """Mean F1 over all labels, 0 for one that neither occurs nor is answered."""

    name: ClassVar[str] = "label_macro_f1"

    def of_tallies(self, tallies: LabelTallies, n: float) -> NDArray[np.float64]:
        """Mean over labels of 2 right / (2 right + wrong + missed)."""
        return np.asarray(tallies.f1.mean(axis=1))


class LabelMicroF1(LabelCounted):
    """F1 of all decisions about labels together; 0 where no label occurs or is answered."""

    name: ClassVar[str] = "label_micro_f1"

    def of_tallies(self, tallies: LabelTallies, n: float) -> NDArray[np.float64]:
        """2 right / (2 right + wrong + missed), summed over labels first."""
        return tallies.micro_f1


class WorstLabelF1(LabelCounted):
    """Least F1 of a label that occurs; 0 where none does."""

    name: ClassVar[str] = "worst_label_f1"

    def of_tallies(self, tallies: LabelTallies, n: float) -> NDArray[np.float64]:
        """The least over the labels that occur."""
        return _least(tallies.f1, tallies.occurs)


class WorstLabelRecall(LabelCounted):
    """Least recall of a label that occurs; 0 where none does."""

    name: ClassVar[str] = "worst_label_recall"

    def of_tallies(self, tallies: LabelTallies, n: float) -> NDArray[np.float64]:
        """The least over the labels that occur."""
        return _least(tallies.recall, tallies.occurs)


def _least(values: NDArray[np.float64], occurs: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The least of each row among those that occur, shape (P, L) to (P,); 0 where none does."""
    least = np.where(occurs, values, np.inf).min(axis=1)
    return np.where(np.isfinite(least), least, 0.0)
