"""Figures of classifiers, whatever they belong to: a policy, or one exit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.calibration.calibration_error import TOP_K, Blocks, SampleFigures


def classification_figures(
    blocks: Blocks, answers: NDArray[np.int64], labels: NDArray[np.int64], *, n_classes: int
) -> dict[str, float | None]:
    """How good answers and their probabilities are, as JSON values; those of each class are in :func:`class_figures`.

    Args:
        blocks: The distributions answered with; rows sum to 1.
        answers: Predicted classes, shape (N,).
        labels: True classes, shape (N,).
        n_classes: Number of classes, ``C``.

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
        n_classes: Number of classes, ``C``.

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
        n_classes: Number of classes, ``C``.

    Returns:
        The smallest unsigned integers that hold the counts.
    """
    counts = np.bincount(labels * n_classes + answers, minlength=n_classes**2).reshape(n_classes, n_classes)
    return counts.astype(np.min_scalar_type(counts.max()))


def macro_f1(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Mean F1 of the classes that occur among labels or answers, as scikit-learn has it but quick enough to repeat.

    Args:
        answers: Predicted class of each sample, shape (N,).
        labels: True class of each sample, shape (N,).
    """
    n_classes = int(max(answers.max(), labels.max())) + 1
    right = np.bincount(labels[labels == answers], minlength=n_classes)
    either = np.bincount(labels, minlength=n_classes) + np.bincount(answers, minlength=n_classes)
    occurs = either > 0
    return float((2 * right[occurs] / either[occurs]).mean())
