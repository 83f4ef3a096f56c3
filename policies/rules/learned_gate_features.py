"""What a learned gate looks at: everything that the exits so far have said about a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from policies.rules.scores import certainty


_MOST_CLASSES_BY_NAME = 20
_CLIP = 1e-6


def gate_features(exits: NDArray[np.float64], answered: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Features of each sample at one exit.

    They are: log-odds of the three most probable classes, of the margin, and the certainty of what would be answered;
    for each exit so far the log-odds of its confidence and of the class that would be answered, its certainty, and
    whether it agrees; and, up to 20 classes, which class would be answered.

    Args:
        exits: Calibrated probabilities of the exits themselves, shape (N, E, C); those after ``k`` are not read.
        answered: The distributions that would be answered with, shape (N, E, C); likewise.
        k: Index of the exit.

    Returns:
        Shape (N, F), finite.
    """
    n_samples, _, n_classes = exits.shape
    own = answered[:, k]
    answers = own.argmax(axis=1)
    ranked = np.sort(own, axis=1)[:, ::-1]
    columns = [_log_odds(ranked[:, rank]) for rank in range(min(3, n_classes))]
    columns += [_log_odds(ranked[:, 0] - ranked[:, 1]), certainty(own[:, None])[:, 0]]
    rows = np.arange(n_samples)
    for j in range(k + 1):
        said = exits[:, j]
        columns += [_log_odds(said.max(axis=1)), _log_odds(said[rows, answers]), certainty(said[:, None])[:, 0]]
        columns.append((said.argmax(axis=1) == answers).astype(np.float64))
    if n_classes <= _MOST_CLASSES_BY_NAME:
        columns += [(answers == label).astype(np.float64) for label in range(n_classes)]
    return np.stack(columns, axis=1)


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(probabilities, _CLIP, 1 - _CLIP)))
