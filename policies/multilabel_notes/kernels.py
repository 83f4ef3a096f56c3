"""The compiled loops by which policies of the gate are judged: the exits that samples take, and what folds add up."""

from __future__ import annotations

from numba import njit
import numpy as np
from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def first_open_exits(
    scores: NDArray[np.float64], eligible: NDArray[np.bool_], thresholds: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Index of the first exit of which all columns reach their thresholds, of each policy and sample, shape (P, N).

    Args:
        scores: Finite scores of each exit, the last too, shape (N, E, S).
        eligible: Whether each sample may leave at all, shape (N, E).
        thresholds: Thresholds of each policy, shape (P, E - 1, S); infinity is never reached.
    """
    n_policies, n_early, n_columns = thresholds.shape
    n_samples = len(scores)
    exits = np.full((n_policies, n_samples), n_early)
    for policy in range(n_policies):
        for sample in range(n_samples):
            for k in range(n_early):
                is_open = eligible[sample, k]
                column = 0
                while is_open and column < n_columns:
                    is_open = scores[sample, k, column] >= thresholds[policy, k, column]
                    column += 1
                if is_open:
                    exits[policy, sample] = k
                    break
    return exits


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def fold_tallies(
    exits: NDArray[np.int64],
    said: NDArray[np.float64],
    starts: NDArray[np.int64],
    labels: NDArray[np.bool_],
    folds: NDArray[np.int64],
    threshold: float,
) -> NDArray[np.int64]:
    """What each fold counts by each policy: each label found, answered and true, and right sets; (P, F, 3 L + 1).

    Args:
        exits: The exit that each sample takes, shape (P, N).
        said: Probabilities of labels, those of a unit after those of another, shape (N, E, L).
        starts: Where the samples of each unit start, and where the last ones end, shape (J + 1,).
        labels: Which labels are on, shape (J, L).
        folds: The fold of each unit, ascending from 0, shape (J,).
        threshold: From which mean over the samples of a unit on a label is answered.
    """
    n_policies, (n_units, n_labels) = len(exits), labels.shape
    tallies = np.zeros((n_policies, folds[-1] + 1, 3 * n_labels + 1), dtype=np.int64)
    pooled = np.empty(n_labels)
    for policy in range(n_policies):
        for unit in range(n_units):
            pooled[:] = 0.0
            for sample in range(starts[unit], starts[unit + 1]):
                pooled += said[sample, exits[policy, sample]]
            pooled /= starts[unit + 1] - starts[unit]
            own, is_right = tallies[policy, folds[unit]], True
            for label in range(n_labels):
                is_on, is_answered = labels[unit, label], pooled[label] >= threshold
                own[label] += is_on and is_answered
                own[n_labels + label] += is_answered
                own[2 * n_labels + label] += is_on
                is_right = is_right and is_on == is_answered
            own[3 * n_labels] += is_right
    return tallies
