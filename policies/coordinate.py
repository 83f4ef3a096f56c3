"""Exact coordinate moves: with the other thresholds fixed, the best threshold of one exit is found exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.evaluate import PopulationEvaluator
from policies.front import nondominated, preference


_STARTS = 3


def coordinate_moves(
    evaluator: PopulationEvaluator,
    genomes: NDArray[np.int64],
    targets: NDArray[np.float64],
    *,
    max_rounds: int = 20,
) -> NDArray[np.int64]:
    """Improve each genome until no single exit's threshold can be changed for the better.

    Better means: nearer to the target while below it, then less deep, then more accurate. Every level
    of the exit is tried, so each move is the best there is (coordinate descent as in DyCE, 2024).

    Args:
        evaluator: The table to improve on.
        genomes: Starting points, shape (P, E - 1).
        targets: The accuracy that each genome must keep, shape (P,).
        max_rounds: Most passes over the exits.

    Returns:
        The improved genomes, shape (P, E - 1).
    """
    genomes = genomes.copy()
    active = np.arange(len(genomes))
    for _ in range(max_rounds):
        before = genomes[active].copy()
        for k in range(genomes.shape[1]):
            genomes[active, k] = _best_levels(evaluator, genomes[active], targets[active], k)
        active = active[(genomes[active] != before).any(axis=1)]
        if active.size == 0:
            break
    return genomes


def _best_levels(
    evaluator: PopulationEvaluator, genomes: NDArray[np.int64], targets: NDArray[np.float64], k: int
) -> NDArray[np.int64]:
    n_levels = int(evaluator.n_levels[k])
    candidates = np.repeat(genomes, n_levels, axis=0)
    candidates[:, k] = np.tile(np.arange(n_levels), len(genomes))
    outcome = evaluator.evaluate(candidates)
    accuracy = outcome.accuracy.reshape(len(genomes), n_levels)
    depth = outcome.mean_depth.reshape(len(genomes), n_levels)
    return np.array([preference(accuracy[i], depth[i], targets[i])[0] for i in range(len(genomes))], dtype=np.int64)


def least_depth_genome(evaluator: PopulationEvaluator, starts: NDArray[np.int64], target: float) -> NDArray[np.int64]:
    """The best genome for the target that coordinate moves reach from a few good starting points.

    Args:
        evaluator: The table to search on.
        starts: Candidate genomes, shape (P, E - 1), such as the shared-threshold ladder.
        target: Least accuracy.

    Returns:
        One genome, shape (E - 1,).
    """
    outcome = evaluator.evaluate(starts)
    front = nondominated(outcome.accuracy, outcome.mean_depth)
    chosen = front[preference(outcome.accuracy[front], outcome.mean_depth[front], target)[:_STARTS]]
    moved = coordinate_moves(evaluator, starts[chosen], np.full(len(chosen), target))
    result = evaluator.evaluate(moved)
    return np.asarray(moved[preference(result.accuracy, result.mean_depth, target)[0]])
