"""Thresholds drawn at random."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline
from policies.evaluation.evaluator import Evaluator
from policies.goals.goal import Goal


_BLOCK = 20_000


class RandomSearch(Baseline):
    """Levels drawn uniformly, as many policies as the budget allows, and at least one."""

    name: ClassVar[str] = "random_search"

    def visit(
        self, evaluator: Evaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """The best and the non-dominated ones of those that were drawn."""
        kept = np.empty((0, evaluator.n_genes), dtype=np.int64)
        evaluations = max(evaluations, 1)
        for start in range(0, evaluations, _BLOCK):
            size = min(_BLOCK, evaluations - start)
            drawn = rng.integers(0, evaluator.n_levels, (size, evaluator.n_genes))
            kept = np.concatenate([kept, drawn])
            assessment = goal.assess(evaluator.evaluate(kept))
            kept = kept[assessment.front()]
        return kept
