"""One threshold at a time, each as well as it can be: with the others fixed, the best one is found exactly."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline, closed_genome
from policies.evaluation.evaluator import Evaluator
from policies.goals.goal import Goal


_STARTS = 3
_MAX_ROUNDS = 20


class CoordinateDescent(Baseline):
    """Exact coordinate moves from the full network, as in DyCE (Wang et al., 2024)."""

    name: ClassVar[str] = "coordinate_descent"

    def visit(
        self, evaluator: Evaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Where the moves end; as many passes over the gates as the budget allows."""
        start = closed_genome(evaluator)
        rounds = evaluations // max(evaluator.n_genes, 1)
        return np.stack([start, coordinate_move(evaluator, goal, start, max_rounds=rounds)])


def coordinate_move(
    evaluator: Evaluator, goal: Goal, genome: NDArray[np.int64], *, max_rounds: int = _MAX_ROUNDS
) -> NDArray[np.int64]:
    """Improve a genome until no single gate's threshold can be changed for the better.

    Better is what the goal says: nearer to feasible, then least objective or best quality. Every level of a gate is
    tried, so each move is the best there is (coordinate descent as in DyCE, Wang et al., 2024).

    Args:
        evaluator: The table to improve on.
        goal: Goal that says which genomes are better.
        genome: Starting point, shape (G,).
        max_rounds: Most passes over the gates.

    Returns:
        The improved genome, shape (G,).
    """
    genome = genome.copy()
    unchanged = 0
    for step in range(max_rounds * evaluator.n_genes):
        gene = step % evaluator.n_genes
        level = goal.best(goal.assess(evaluator.line(genome, gene)))
        unchanged = unchanged + 1 if level == genome[gene] else 0
        genome[gene] = level
        if unchanged >= evaluator.n_genes:
            break
    return genome


def best_genome(evaluator: Evaluator, goal: Goal, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best genome that coordinate moves reach from a few good starting points.

    Args:
        evaluator: The table to search on.
        goal: Goal that says which genomes are better.
        starts: Candidate genomes, shape (P, G), such as those of shared thresholds.

    Returns:
        One genome, shape (G,).
    """
    assessment = goal.assess(evaluator.evaluate(starts))
    chosen = [goal.best(assessment)]
    for row in assessment.front()[: _STARTS - 1]:
        chosen.append(int(row))
    moved = np.stack([coordinate_move(evaluator, goal, starts[row]) for row in dict.fromkeys(chosen)])
    return np.asarray(moved[goal.best(goal.assess(evaluator.evaluate(moved)))])
