"""What a learned gate looks at: everything that the exits so far have said about a sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from policies.rules.scoring.scores import certainty


_MOST_CLASSES_BY_NAME = 20
_CLIP = 1e-6


def gate_features(
    said: Sequence[NDArray[np.float64]], answered: NDArray[np.float64], stops: Sequence[NDArray[np.float64]] = ()
) -> NDArray[np.float64]:
    """Features of each sample at one exit.

    They are: log-odds of the three most probable classes, of the margin, and the certainty of what would be answered;
    for each exit so far the log-odds of its confidence and of the class that would be answered, its certainty, and
    whether it agrees; up to 20 classes, which class would be answered; and the log-odds of stop probabilities.

    Args:
        said: Calibrated probabilities of the exits up to this one, shape (N, C) each.
        answered: The distribution that would be answered with, shape (N, C).
        stops: Learned stop probabilities of the exits up to this one, shape (N,) each; none where they are not known.

    Returns:
        Shape (N, F), finite; F is what :func:`n_gate_features` gives.
    """
    n_samples, n_classes = answered.shape
    answers = answered.argmax(axis=1)
    ranked = np.sort(answered, axis=1)[:, ::-1]
    columns = [_log_odds(ranked[:, rank]) for rank in range(min(3, n_classes))]
    columns += [_log_odds(ranked[:, 0] - ranked[:, 1]), certainty(answered)]
    rows = np.arange(n_samples)
    for own in said:
        columns += [_log_odds(own.max(axis=1)), _log_odds(own[rows, answers]), certainty(own)]
        columns.append((own.argmax(axis=1) == answers).astype(np.float64))
    if n_classes <= _MOST_CLASSES_BY_NAME:
        columns += [(answers == label).astype(np.float64) for label in range(n_classes)]
    columns += [_log_odds(stop) for stop in stops]
    return np.stack(columns, axis=1)


def n_gate_features(n_said: int, n_classes: int, *, with_stops: bool) -> int:
    """Number of features, ``F``.

    Args:
        n_said: Number of exits so far.
        n_classes: Number of classes.
        with_stops: Whether stop probabilities are among the features.
    """
    by_name = n_classes if n_classes <= _MOST_CLASSES_BY_NAME else 0
    return min(3, n_classes) + 2 + (5 if with_stops else 4) * n_said + by_name


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(probabilities, _CLIP, 1 - _CLIP)))
