"""Never leave early."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline, closed_genome
from policies.evaluation.evaluator import Evaluator
from policies.goals.goal import Goal
from policies.policy import Policy
from policies.rules import get_rule
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable
from policies.tasks import get_task


class FullNetwork(Baseline):
    """Every sample takes the last exit."""

    name: ClassVar[str] = "full_network"

    def visit(
        self, evaluator: Evaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """All gates closed."""
        return closed_genome(evaluator)[None]


def full_network(table: ExitTable, temperatures: NDArray[np.float64]) -> Policy:
    """The policy that never leaves early, for the network whose table it is."""
    rule = get_task(table.task).baseline_rule
    closed = ((math.inf,),) * (table.n_exits - 1)
    return Policy(rule, closed, tuple(temperatures.tolist()), answering=table.answering)


def recalibrated_full_network(table: ClassificationTable, temperatures: NDArray[np.float64]) -> Policy:
    """The policy that never leaves early and answers with the last exit recalibrated on a table, class by class.

    The fair peer of rules that learn to answer, such as the ensemble: the full network as it is may be far worse, where
    it favours some classes.
    """
    params = get_rule("recalibrated").fit(table, temperatures)
    closed = ((math.inf,),) * (table.n_exits - 1)
    return Policy("recalibrated", closed, tuple(temperatures.tolist()), params, answering=table.answering)
