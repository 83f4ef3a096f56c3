"""What a search has to beat, by name. A new baseline is one new file and one line here."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline
from policies.baselines.best_single_exit import BestSingleExit
from policies.baselines.coordinate_descent import CoordinateDescent
from policies.baselines.exhaustive import Exhaustive
from policies.baselines.full_network import FullNetwork
from policies.baselines.geometric import GeometricBudget
from policies.baselines.greedy import GreedySharedThreshold
from policies.baselines.hill_climbing import QuantileHillClimbing
from policies.baselines.random_search import RandomSearch
from policies.evaluation.population import PopulationEvaluator
from policies.goals.goal import Goal
from policies.policy import Policy
from policies.rules import get_rule
from policies.tables.classification import ExitTable


BASELINES: dict[str, Baseline] = {
    baseline.name: baseline
    for baseline in (
        FullNetwork(),
        BestSingleExit(),
        GreedySharedThreshold(),
        GeometricBudget(),
        QuantileHillClimbing(),
        CoordinateDescent(),
        RandomSearch(),
        Exhaustive(),
    )
}
BASELINE_RULE = "confidence"


def full_network(n_exits: int, temperatures: NDArray[np.float64]) -> Policy:
    """The policy that never leaves early."""
    return Policy(BASELINE_RULE, ((math.inf,),) * (n_exits - 1), tuple(temperatures.tolist()))


def recalibrated_full_network(table: ExitTable, temperatures: NDArray[np.float64]) -> Policy:
    """The policy that never leaves early and answers with the last exit recalibrated on a table, class by class.

    The fair peer of rules that learn to answer, such as the ensemble: the full network as it is may be far worse, where
    it favours some classes.
    """
    params = get_rule("recalibrated").fit(table, temperatures)
    return Policy("recalibrated", ((math.inf,),) * (table.n_exits - 1), tuple(temperatures.tolist()), params)


def baseline_evaluator(
    table: ExitTable, temperatures: NDArray[np.float64], goal: Goal, *, max_levels: int | None = None
) -> PopulationEvaluator:
    """What the baselines work on: the confidence rule, with every distinct score unless ``max_levels`` is given."""
    view = get_rule(BASELINE_RULE).view(table, temperatures)
    return PopulationEvaluator(
        view,
        table.labels,
        table.cost,
        max_levels=max_levels or max(table.n_samples, 2),
        qualities=goal.qualities,
    )


def baseline_policy(
    name: str,
    evaluator: PopulationEvaluator,
    temperatures: NDArray[np.float64],
    goal: Goal,
    *,
    evaluations: int = 100_000,
    seed: int = 0,
) -> Policy | None:
    """The choice of one baseline, or None where it cannot be computed for so many exits.

    Args:
        name: As registered.
        evaluator: As :func:`baseline_evaluator` builds it.
        temperatures: One per exit, shape (E,).
        goal: What is better.
        evaluations: Most policies that it may evaluate.
        seed: Of its randomness.
    """
    baseline = BASELINES[name]
    if not baseline.fits(evaluator):
        return None
    rng = np.random.default_rng(seed)
    visited = baseline.visit(evaluator, goal, evaluations=evaluations, rng=rng)
    best = visited[goal.best(goal.assess(evaluator.evaluate(visited)))]
    return Policy(BASELINE_RULE, evaluator.thresholds(best), tuple(temperatures.tolist()))


__all__ = [
    "BASELINES",
    "BASELINE_RULE",
    "Baseline",
    "baseline_evaluator",
    "baseline_policy",
    "full_network",
    "recalibrated_full_network",
]
