"""One threshold at a time, each as well as it can be."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline, closed_genome
from policies.baselines.coordinate import coordinate_move
from policies.evaluation.population import PopulationEvaluator
from policies.goals.goal import Goal


class CoordinateDescent(Baseline):
    """Exact coordinate moves from the full network, as in DyCE (Wang et al., 2024)."""

    name: ClassVar[str] = "coordinate_descent"

    def visit(
        self, evaluator: PopulationEvaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Where the moves end; as many passes over the gates as the budget allows."""
        start = closed_genome(evaluator)
        rounds = evaluations // max(evaluator.n_genes, 1)
        return np.stack([start, coordinate_move(evaluator, goal, start, max_rounds=rounds)])
