"""Figures of classifiers, whatever they belong to: a policy, or one exit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
import pandas as pd


ECE_BINS = 15
TOP_K = 5


Blocks = Iterable[tuple[slice | NDArray[np.int64], NDArray[np.float64]]]
"""Distributions over classes, shape (n, C), with which samples they are of; every sample once."""


def classification_figures(
    blocks: Blocks, answers: NDArray[np.int64], labels: NDArray[np.int64], *, n_classes: int
) -> dict[str, float | None]:
    """How good answers and their probabilities are, as JSON values; those of each class are in :func:`class_figures`.

    Args:
        blocks: The distributions answered with; rows sum to 1.
        answers: Predicted classes, shape (N,).
        labels: True classes, shape (N,).
        n_classes: ``C``.

    Returns:
        ``accuracy`` and ``macro_f1`` (over classes that occur among labels or answers), ``top5_accuracy`` (None
        where C <= 5) and ``worst_class_recall``, all maximised; ``ece``, ``brier`` and ``nll``, minimised.
    """
    return answer_figures(SampleFigures.of(blocks, labels), answers, n_classes=n_classes)


def answer_figures(samples: SampleFigures, answers: NDArray[np.int64], *, n_classes: int) -> dict[str, float | None]:
    """The same, of distributions that were gone through already."""
    by_class = class_figures(answers, samples.labels, n_classes=n_classes)
    return {
        "accuracy": float((answers == samples.labels).mean()),
        "top5_accuracy": float(samples.is_in_top.mean()) if n_classes > TOP_K else None,
        "macro_f1": float(np.nanmean(by_class["f1"].to_numpy())),
        "worst_class_recall": float(np.nanmin(by_class["recall"].to_numpy())),
        "ece": samples.ece(),
        "brier": float(samples.squared_error.mean()),
        "nll": samples.nll(),
    }


def class_figures(answers: NDArray[np.int64], labels: NDArray[np.int64], *, n_classes: int) -> pd.DataFrame:
    """How good answers are class by class: a row per class.

    Args:
        answers: Predicted classes, shape (N,).
        labels: True classes, shape (N,).
        n_classes: ``C``.

    Returns:
        ``n_labelled`` and ``n_answered``, samples of the class and answers with it; ``precision``, ``recall`` and
        ``f1``, NaN where undefined.
    """
    n_labelled, n_answered = (np.bincount(values, minlength=n_classes) for values in (labels, answers))
    right = np.bincount(labels[labels == answers], minlength=n_classes)
    with np.errstate(invalid="ignore"):
        figures = {
            "precision": right / n_answered,
            "recall": right / n_labelled,
            "f1": 2 * right / (n_labelled + n_answered),
        }
    return pd.DataFrame({"n_labelled": n_labelled, "n_answered": n_answered, **figures})


def confusion_matrix(
    answers: NDArray[np.int64], labels: NDArray[np.int64], *, n_classes: int
) -> NDArray[np.unsignedinteger]:
    """How many samples of each class were answered with each class, shape (C, C): rows are true classes.

    Args:
        answers: Predicted classes, shape (N,).
        labels: True classes, shape (N,).
        n_classes: ``C``.

    Returns:
        The smallest unsigned integers that hold the counts.
    """
    counts = np.bincount(labels * n_classes + answers, minlength=n_classes**2).reshape(n_classes, n_classes)
    return counts.astype(np.min_scalar_type(counts.max()))


def macro_f1(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Mean F1 of the classes that occur among labels or answers, as scikit-learn has it but quick enough to repeat.

    Args:
        answers: Shape (N,).
        labels: Shape (N,).
    """
    n_classes = int(max(answers.max(), labels.max())) + 1
    right = np.bincount(labels[labels == answers], minlength=n_classes)
    either = np.bincount(labels, minlength=n_classes) + np.bincount(answers, minlength=n_classes)
    occurs = either > 0
    return float((2 * right[occurs] / either[occurs]).mean())


@dataclass(frozen=True)
class SampleFigures:
    """What the figures of distributions are made of, sample by sample.

    Attributes:
        labels: True classes, shape (N,).
        confidence: The largest probability, shape (N,).
        is_right: Whether it is that of the true class, shape (N,).
        of_label: Probability of the true class, shape (N,).
        squared_error: Squared distance from the one-hot truth, summed over classes, shape (N,).
        is_in_top: Whether the true class is among the ``TOP_K`` likeliest, shape (N,).
    """

    labels: NDArray[np.int64]
    confidence: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    of_label: NDArray[np.float64]
    squared_error: NDArray[np.float64]
    is_in_top: NDArray[np.bool_]

    @classmethod
    def of(cls, blocks: Blocks, labels: NDArray[np.int64]) -> SampleFigures:
        """Go through distributions block by block.

        Args:
            blocks: Distributions over C classes.
            labels: Shape (N,).
        """
        samples = cls.empty(labels)
        for rows, probabilities in blocks:
            samples.fill(rows, probabilities)
        return samples

    @classmethod
    def empty(cls, labels: NDArray[np.int64]) -> SampleFigures:
        """To be filled, for labels of shape (N,)."""
        return cls(labels, *(np.empty(len(labels), dtype=kind) for kind in (float, bool, float, float, bool)))

    def fill(self, rows: slice | NDArray[np.int64], probabilities: NDArray[np.float64]) -> None:
        """Put down those of some samples, from distributions of shape (n, C)."""
        labels = self.labels[rows][:, None]
        of_label = np.take_along_axis(probabilities, labels, axis=1)
        self.confidence[rows] = probabilities.max(axis=1)
        self.is_right[rows] = probabilities.argmax(axis=1) == labels[:, 0]
        self.of_label[rows] = of_label[:, 0]
        self.is_in_top[rows] = _is_in_top(probabilities, of_label, labels)
        error = probabilities.copy()
        np.put_along_axis(error, labels, of_label - 1.0, axis=1)
        self.squared_error[rows] = (error**2).sum(axis=1)

    def ece(self, *, n_bins: int = ECE_BINS) -> float:
        """Expected calibration error (Guo et al., 2017).

        It is the mean gap between confidence and accuracy over equal-width bins, weighted by their samples.
        """
        bins = confidence_bins(self.confidence, n_bins=n_bins)
        gap = np.bincount(bins, weights=self.confidence - self.is_right, minlength=n_bins)
        return float(np.abs(gap).sum() / len(self.labels))

    def nll(self) -> float:
        """Mean negative log of the true class's probability, in nats; a probability of 0 counts as 2.2e-16."""
        smallest = np.finfo(np.float64).eps
        return float(-np.log(np.clip(self.of_label, smallest, 1 - smallest)).mean())


def _is_in_top(
    probabilities: NDArray[np.float64], of_label: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether fewer than ``TOP_K`` classes come before the true one; of equal ones the last come first."""
    before = (probabilities > of_label).sum(axis=1)
    ties = (probabilities == of_label) & (np.arange(probabilities.shape[1]) > labels)
    return np.asarray(before + ties.sum(axis=1) < TOP_K)


def confidence_bins(confidence: NDArray[np.float64], *, n_bins: int = ECE_BINS) -> NDArray[np.int64]:
    """Index of each confidence's bin, ``(i / n_bins, (i + 1) / n_bins]``, shape (N,)."""
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
