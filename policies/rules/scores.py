"""Scores of single exits that several rules use; higher means safer to leave."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr


def confidence(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest class probability: (N, E, C) to (N, E)."""
    return np.asarray(probabilities.max(axis=2))


def margin(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest class probability less the second largest: (N, E, C) to (N, E)."""
    top_two = np.partition(probabilities, -2, axis=2)[:, :, -2:]
    return np.asarray(top_two[:, :, 1] - top_two[:, :, 0])


def certainty(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """One less the entropy relative to its largest, log C: (N, E, C) to (N, E) in [0, 1]."""
    entropy = np.asarray(entr(probabilities).sum(axis=2))
    return np.asarray(1.0 - entropy / np.log(probabilities.shape[2]))


def run_length(answers: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many exits in a row, this one included, gave the same answer: (N, E) to (N, E), from 1."""
    runs = np.ones_like(answers)
    for k in range(1, answers.shape[1]):
        runs[:, k] = np.where(answers[:, k] == answers[:, k - 1], runs[:, k - 1] + 1, 1)
    return runs


SCORES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "confidence": confidence,
    "margin": margin,
    "entropy": certainty,
}
