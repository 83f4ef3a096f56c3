"""How sure an exit is of a whole set of labels; higher means safer to leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from policies.tables.multilabel import LabelOutputs


LabelScore: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""From probabilities of labels and the thresholds from which on they are answered, shape (n, L) each, to (n,)."""


def label_probabilities(outputs: LabelOutputs, temperature: float) -> NDArray[np.float64]:
    """Sigmoids of the logits of one exit divided by its temperature, shape (n, L), float64."""
    return np.asarray(expit(np.divide(outputs.logits, np.float64(temperature), dtype=np.float64)))


def label_confidences(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each label the probability of the likelier of on and off: (n, L) to (n, L) in [1/2, 1]."""
    return np.maximum(probabilities, 1 - probabilities)


def mean_confidence(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over labels of max(p, 1 - p), in [1/2, 1]; arguments as of :data:`LabelScore`."""
    return np.asarray(label_confidences(probabilities).mean(axis=1))


def least_confidence(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least max(p, 1 - p) of any label, in [1/2, 1]; arguments as of :data:`LabelScore`."""
    return np.asarray(label_confidences(probabilities).min(axis=1))


def label_margins(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each label is from being answered otherwise, abs(p - t), shape (n, L); arguments as above."""
    return np.asarray(np.abs(probabilities - thresholds))


def least_margin(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the nearest label is from being answered otherwise, in [0, 1); arguments as of :data:`LabelScore`."""
    return np.asarray(label_margins(probabilities, thresholds).min(axis=1))
