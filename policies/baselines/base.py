"""What every baseline provides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.evaluator import Evaluator
from policies.goals.goal import Goal


class Baseline(ABC):
    """A way to choose the thresholds of one rule that a search has to beat."""

    name: ClassVar[str]

    def fits(self, evaluator: Evaluator) -> bool:
        """Whether the baseline can be computed for so many exits."""
        return True

    @abstractmethod
    def visit(
        self, evaluator: Evaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """The genomes that the baseline considers, shape (P, G); the goal's best of them is its choice.

        Args:
            evaluator: The table, seen by a rule with one score column.
            goal: Goal that says which policies are better.
            evaluations: Most policies that may be evaluated.
            rng: Random generator that the baseline draws from.
        """


def closed_genome(evaluator: Evaluator) -> NDArray[np.int64]:
    """The genome that never leaves early, shape (G,)."""
    return np.asarray(evaluator.n_levels - 1)
