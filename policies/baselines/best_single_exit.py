"""Every sample takes the same exit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline, closed_genome
from policies.evaluation.evaluator import Evaluator
from policies.goals.goal import Goal


class BestSingleExit(Baseline):
    """The best exit to cut the network at."""

    name: ClassVar[str] = "best_single_exit"

    def visit(
        self, evaluator: Evaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """One exit open to everybody, the others closed; and all closed."""
        genomes = np.repeat(closed_genome(evaluator)[None], evaluator.n_gates + 1, axis=0)
        np.fill_diagonal(genomes[: evaluator.n_gates, : evaluator.n_gates], 0)
        return genomes
