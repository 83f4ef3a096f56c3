"""Figures of classifiers, whatever they belong to: a policy, or one exit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


ECE_BINS = 15
TOP_K = 5


def classification_figures(
    probabilities: NDArray[np.float64], answers: NDArray[np.int64], labels: NDArray[np.int64]
) -> dict[str, Any]:
    """How good answers and their probabilities are, as JSON values.

    Args:
        probabilities: Shape (N, C), rows sum to 1.
        answers: Predicted classes, shape (N,).
        labels: True classes, shape (N,).

    Returns:
        ``accuracy`` and ``macro_f1`` (over classes that occur among labels or answers), ``top5_accuracy`` (None
        where C <= 5), ``worst_class_recall``, ``per_class`` with ``precision``, ``recall`` and ``f1`` (lists of
        length C, None where undefined), ``confusion`` (C lists of C counts, rows are true classes), all maximised;
        ``ece``, ``brier`` and ``nll``, minimised.
    """
    return {
        "accuracy": float((answers == labels).mean()),
        "top5_accuracy": top_k_accuracy(probabilities, labels),
        **_class_figures(answers, labels, n_classes=probabilities.shape[1]),
        "ece": expected_calibration_error(probabilities, labels),
        "brier": brier_score(probabilities, labels),
        "nll": negative_log_likelihood(probabilities, labels),
    }


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


def top_k_accuracy(probabilities: NDArray[np.float64], labels: NDArray[np.int64], *, k: int = TOP_K) -> float | None:
    """Share of samples whose true class is among the ``k`` likeliest; None where there are no more classes than that.

    Args:
        probabilities: Shape (N, C).
        labels: Shape (N,).
        k: How many answers count.
    """
    from sklearn.metrics import top_k_accuracy_score

    n_classes = probabilities.shape[1]
    if n_classes <= k:
        return None
    return float(top_k_accuracy_score(labels, probabilities, k=k, labels=np.arange(n_classes)))


def brier_score(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean squared distance from the one-hot truth, summed over classes: 0 to 2 (Brier, 1950).

    Args:
        probabilities: Shape (N, C).
        labels: Shape (N,).
    """
    error = probabilities - np.eye(probabilities.shape[1])[labels]
    return float((error**2).sum(axis=1).mean())


def negative_log_likelihood(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean negative log of the true class's probability, in nats; a probability of 0 counts as 2.2e-16.

    Args:
        probabilities: Shape (N, C).
        labels: Shape (N,).
    """
    from sklearn.metrics import log_loss

    return float(log_loss(labels, probabilities, labels=np.arange(probabilities.shape[1])))


def expected_calibration_error(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], *, n_bins: int = ECE_BINS
) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their samples (Guo et al., 2017).

    Args:
        probabilities: Shape (N, C).
        labels: Shape (N,).
        n_bins: Number of bins over (0, 1].
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = confidence_bins(confidence, n_bins=n_bins)
    gap = np.bincount(bins, weights=confidence - right, minlength=n_bins)
    return float(np.abs(gap).sum() / len(labels))


def confidence_bins(confidence: NDArray[np.float64], *, n_bins: int = ECE_BINS) -> NDArray[np.int64]:
    """Index of each confidence's bin, ``(i / n_bins, (i + 1) / n_bins]``, shape (N,)."""
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)


def _class_figures(answers: NDArray[np.int64], labels: NDArray[np.int64], *, n_classes: int) -> dict[str, Any]:
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    classes = np.arange(n_classes)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, answers, labels=classes, zero_division=np.nan)
    return {
        "macro_f1": float(np.nanmean(f1)),
        "worst_class_recall": float(np.nanmin(recall)),
        "per_class": {"precision": _defined(precision), "recall": _defined(recall), "f1": _defined(f1)},
        "confusion": confusion_matrix(labels, answers, labels=classes).tolist(),
    }


def _defined(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
