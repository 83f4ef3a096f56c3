"""One threshold for all exits: the usual practice."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline
from policies.evaluation.evaluator import Evaluator
from policies.evaluation.shared_thresholds import shared_threshold_genomes
from policies.goals.goal import Goal


class GreedySharedThreshold(Baseline):
    """The best threshold that is the same at all exits; every distinct one is tried."""

    name: ClassVar[str] = "greedy_shared_threshold"

    def visit(
        self, evaluator: Evaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """All of them."""
        return shared_threshold_genomes(evaluator)
