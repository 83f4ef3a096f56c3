"""Never leave early."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline, closed_genome
from policies.evaluation.population import PopulationEvaluator
from policies.goals.goal import Goal


class FullNetwork(Baseline):
    """Every sample takes the last exit."""

    name: ClassVar[str] = "full_network"

    def visit(
        self, evaluator: PopulationEvaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """All gates closed."""
        return closed_genome(evaluator)[None]
