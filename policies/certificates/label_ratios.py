"""F1, recall and precision of labels: ratios of counts, of which a least value is a statement about a mean.

That 2 TP / (2 TP + FP + FN) is at least f is, for fixed f, that the mean of 2 (1 - f) TP - f (FP + FN) is at least 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.qualities.multilabel.single_label import quality_of_label
from policies.tables.multilabel import LabelSets


_EVERY_LABEL = {"worst_label_f1": "f1", "worst_label_recall": "recall"}
_ONE_LABEL = re.compile(r"label_(f1|recall|precision)\[(.+)\]")
_MICRO_F1 = "label_micro_f1"


@dataclass(frozen=True)
class RatioCounts:
    """The counts of which one ratio is made, of each of those that are judged.

    Attributes:
        name: What a person calls the ratio.
        numerator: What counts for the policy, shape (J,): twice the labels hit for F1, else the labels hit.
        denominator: What it is counted among, shape (J,), at least the numerator.
        n_labels: Number of labels that are counted, ``L``.
        weight: What a label that is hit adds to both: 2 for F1, else 1.
    """

    name: str
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]
    n_labels: int
    weight: int

    def least(self, value: float) -> float:
        """The smallest possible shortfall of a value, in (0, 1]: where all labels are hit."""
        return -self.weight * (1 - value) / value

    def shortfall(self, value: float) -> NDArray[np.float64]:
        """What each of the J lacks of a value, in (0, 1], shape (J,): 1 where all labels are wrong.

        Its mean is at most 0 where the ratio is at least the value.
        """
        lacking = (value * self.denominator - self.numerator) / (value * self.n_labels)
        return np.asarray(np.clip(lacking, self.least(value), 1.0))

    @property
    def ratio(self) -> float:
        """The ratio of the sums; 0 where nothing is counted."""
        among = float(self.denominator.sum())
        return float(self.numerator.sum()) / among if among else 0.0


@dataclass(frozen=True)
class LabelRatio:
    """A quality that is a ratio of counts of labels, or the least of such ratios.

    Attributes:
        kind: ``f1``, ``recall`` or ``precision``.
        label: Name of the only label that is counted; None for all of them.
        is_worst: Whether each label has a ratio of its own, and the least of them is meant.
    """

    kind: str
    label: str | None = None
    is_worst: bool = False

    @classmethod
    def named(cls, quality: str) -> LabelRatio | None:
        """The ratio that a quality is, by the quality's name; None where it is none."""
        if quality == _MICRO_F1:
            return cls("f1")
        if quality in _EVERY_LABEL:
            return cls(_EVERY_LABEL[quality], is_worst=True)
        found = _ONE_LABEL.fullmatch(quality)
        return None if found is None else cls(found[1], found[2])

    @property
    def weight(self) -> int:
        """What a label that is hit adds to numerator and denominator."""
        return 2 if self.kind == "f1" else 1

    def counts(self, answers: NDArray[Any], truth: LabelSets) -> tuple[RatioCounts, ...]:
        """The counts of each ratio that the quality is made of.

        Args:
            answers: Whether each label is answered, shape (J, L).
            truth: The true labels of the same J.

        Raises:
            ExitSearchError: If there is no such label.
        """
        if self.is_worst:
            return tuple(self._of_label(answers, truth, k) for k in range(truth.n_labels))
        if self.label is None:
            return (self._counted(answers, truth.labels, _MICRO_F1),)
        return (self._of_label(answers, truth, self.place(truth.names)),)

    def place(self, names: Sequence[str]) -> int:
        """Index of the only label that is counted.

        Args:
            names: Names of the labels that answers may have.

        Raises:
            ExitSearchError: If there is no such label.
        """
        return quality_of_label(f"label_{self.kind}[{self.label}]").place(names)

    def _of_label(self, answers: NDArray[Any], truth: LabelSets, k: int) -> RatioCounts:
        return self._counted(answers[:, [k]], truth.labels[:, [k]], f"label_{self.kind}[{truth.names[k]}]")

    def _counted(self, answers: NDArray[Any], labels: NDArray[np.uint8], name: str) -> RatioCounts:
        hit = (answers & (labels == 1)).sum(axis=1)
        answered, true = answers.sum(axis=1), labels.sum(axis=1, dtype=np.int64)
        among = {"f1": answered + true, "recall": true, "precision": answered}[self.kind]
        numerator = (self.weight * hit).astype(np.float64)
        return RatioCounts(name, numerator, among.astype(np.float64), answers.shape[1], self.weight)
