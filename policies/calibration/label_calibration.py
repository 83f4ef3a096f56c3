"""How far the probabilities of labels are from what happens: calibration error and likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.calibration.calibration_error import ECE_BINS, confidence_bins


def label_calibration_errors(
    probabilities: NDArray[np.float64], labels: NDArray[Any], *, n_bins: int = ECE_BINS
) -> NDArray[np.float64]:
    """Expected calibration error of each label by itself, shape (L,), minimised.

    It is the mean gap between the probability of a label and how often it is on, over equal-width bins of the
    probability, weighted by their samples (the binary form of Guo et al., "On Calibration of Modern Neural Networks",
    ICML 2017).

    Args:
        probabilities: Probability of each label, shape (N, L), in [0, 1].
        labels: Whether each label is on, shape (N, L), 0 or 1.
        n_bins: Number of bins.
    """
    errors = np.empty(labels.shape[1])
    for label, (own, on) in enumerate(zip(probabilities.T, labels.T, strict=True)):
        gap = np.bincount(confidence_bins(own, n_bins=n_bins), weights=own - on, minlength=n_bins)
        errors[label] = np.abs(gap).sum() / len(labels)
    return errors


def label_nll(probabilities: NDArray[np.float64], labels: NDArray[Any]) -> float:
    """Mean over samples and labels of the Bernoulli negative log-likelihood, in nats, minimised.

    A probability of 0 for what happened counts as 2.2e-16.

    Args:
        probabilities: Probability of each label, shape (N, L), in [0, 1].
        labels: Whether each label is on, shape (N, L), 0 or 1.
    """
    smallest = np.finfo(np.float64).eps
    of_truth = np.where(labels.astype(bool), probabilities, 1 - probabilities)
    return float(-np.log(np.clip(of_truth, smallest, 1)).mean())
