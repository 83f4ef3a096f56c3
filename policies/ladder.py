"""Every shared threshold at once: the ladder of policies that use one threshold for all exits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.evaluate import PopulationEvaluator
from policies.rules import RuleView


@dataclass(frozen=True)
class Ladder:
    """Figures of every shared threshold, boldest first; the last rung is the full network.

    Attributes:
        thresholds: Shape (T,), ascending, the last is infinity.
        accuracy: Shape (T,).
        mean_depth: Shape (T,), not decreasing.
    """

    thresholds: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    mean_depth: NDArray[np.float64]


def shared_threshold_ladder(view: RuleView, right: NDArray[np.bool_]) -> Ladder:
    """Evaluate all distinct shared thresholds exactly in O(N E log N).

    With one threshold t, a sample leaves at exit k when t lies above the best score before k and not
    above the best score up to k. Each sample and exit thus owns an interval of thresholds, and
    summing intervals gives every rung.

    Args:
        view: Scores and eligibility, (N, E).
        right: Whether the answer at each exit is right, shape (N, E).
    """
    n_samples, n_exits = view.scores.shape
    scores = np.where(view.eligible[:, :-1], view.scores[:, :-1], -np.inf)
    best = np.maximum.accumulate(scores, axis=1)
    thresholds = np.append(np.unique(scores[np.isfinite(scores)]), np.inf)
    correct = np.zeros(len(thresholds))
    depth = np.zeros(len(thresholds))
    upper_before = np.zeros(n_samples, dtype=np.int64)
    for k in range(n_exits):
        is_last = k == n_exits - 1
        upper = (
            np.full(n_samples, len(thresholds)) if is_last else np.searchsorted(thresholds, best[:, k], side="right")
        )
        weights = right[:, k].astype(np.float64)
        correct += _interval_sums(upper_before, upper, weights, len(thresholds))
        depth += (k + 1) * _interval_sums(upper_before, upper, np.ones(n_samples), len(thresholds))
        upper_before = upper
    return Ladder(thresholds=thresholds, accuracy=correct / n_samples, mean_depth=depth / n_samples)


def ladder_genomes(evaluator: PopulationEvaluator) -> NDArray[np.int64]:
    """The shared-threshold ladder as genomes, shape (T, E - 1), boldest first."""
    ladder = shared_threshold_ladder(evaluator.view, evaluator.right)
    thresholds = np.repeat(ladder.thresholds[:, None], evaluator.n_exits - 1, axis=1)
    return np.unique(evaluator.nearest_genome(thresholds), axis=0)


def _interval_sums(
    start: NDArray[np.int64], stop: NDArray[np.int64], weights: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """For each index in ``0..size-1`` the summed weight of the half-open intervals that hold it."""
    steps = np.bincount(start, weights, size + 1) - np.bincount(stop, weights, size + 1)
    return np.asarray(np.cumsum(steps)[:size])
