"""Scores of single exits that several rules use; higher means safer to leave."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr


def confidence(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest class probability: (..., C) to (...)."""
    return np.asarray(probabilities.max(axis=-1))


def margin(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest class probability less the second largest: (..., C) to (...)."""
    top_two = np.partition(probabilities, -2, axis=-1)[..., -2:]
    return np.asarray(top_two[..., 1] - top_two[..., 0])


def certainty(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """One less the entropy relative to its largest, log C: (..., C) to (...) in [0, 1]."""
    entropy = np.asarray(entr(probabilities).sum(axis=-1))
    return np.asarray(1.0 - entropy / np.log(probabilities.shape[-1]))


SCORES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "confidence": confidence,
    "margin": margin,
    "entropy": certainty,
}
