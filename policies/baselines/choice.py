"""What a baseline chooses on a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.baselines import get_baseline
from policies.evaluation.evaluator import Evaluator
from policies.evaluation.evaluators import evaluator_for
from policies.goals.goal import Goal
from policies.levels.seen import Seen
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.rules import get_rule
from policies.tables.base import ExitTable
from policies.tasks import get_task, judged_by


def baseline_evaluator(
    table: ExitTable, temperatures: NDArray[np.float64], goal: Goal, *, max_levels: int | None = None
) -> Evaluator:
    """What the baselines work on: the task's simplest rule, with at most ``max_levels`` thresholds, else all."""
    task, seen = get_task(table.task), Seen.of(table, temperatures)
    return evaluator_for(
        seen.lift(get_rule(task.baseline_rule).view(seen.table, seen.temperatures)),
        table.truth,
        table.cost,
        table.answering,
        max_levels=max_levels or max(table.n_samples, 2),
        qualities=judged_by(table, goal.qualities),
    )


def baseline_policy(
    name: str,
    rule: str,
    evaluator: Evaluator,
    temperatures: NDArray[np.float64],
    goal: Goal,
    *,
    answering: Answering | None = None,
    evaluations: int = 100_000,
    seed: int = 0,
) -> Policy | None:
    """The choice of one baseline, or None where it cannot be computed for so many exits.

    Args:
        name: Name of the baseline as registered, or a user's own as ``module:attribute``.
        rule: Name of the rule whose thresholds are chosen.
        evaluator: Evaluator of the rule's policies, as :func:`baseline_evaluator` builds it.
        temperatures: Temperature of each exit, shape (E,).
        goal: Goal that says which policies are better.
        answering: How the policy answers: that of the table; each sample for itself where None.
        evaluations: Most policies that the baseline may evaluate.
        seed: Seed of the baseline's randomness; the same seed gives the same choice.
    """
    baseline = get_baseline(name)
    if not baseline.fits(evaluator):
        return None
    rng = np.random.default_rng(seed)
    visited = baseline.visit(evaluator, goal, evaluations=evaluations, rng=rng)
    best = visited[goal.best(goal.assess(evaluator.evaluate(visited)))]
    own = evaluator.answering(best, answering or Answering())
    return Policy(rule, evaluator.thresholds(best), tuple(temperatures.tolist()), answering=own)
