"""The policies that drops are counted from: the full network, and the greedy shared threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.baselines.choice import baseline_evaluator, baseline_policy
from policies.baselines.full_network import full_network
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.metrics.exits import exit_accuracies
from policies.policy import Policy
from policies.tables.base import ExitTable
from policies.tasks import get_task


def goal_on(asked: Request, search: ExitTable) -> Goal:
    """What to search for on a table: drops are counted from the accuracies there.

    Args:
        asked: What was asked for, with its drops.
        search: The table that policies are searched on.

    Raises:
        ExitSearchError: If latency is to be minimised and nobody measured it, or not for so many exits.
    """
    goal = _with_full_network(asked.goal_without_drops(search), asked, search)
    if asked.max_drop_greedy is None:
        return goal
    greedy = _greedy(goal, search, get_task(search.task).fit_temperatures(search))
    accuracy = float(search.truth.right(greedy.decide(search).answers).mean())
    return goal.with_least_accuracy(accuracy - asked.max_drop_greedy)


def references(asked: Request, search: ExitTable, temperatures: NDArray[np.float64]) -> tuple[Policy, ...]:
    """The policies that the drops of a request are counted from, in their order.

    Args:
        asked: What was asked for, with its drops.
        search: The table that policies are searched on.
        temperatures: Temperature of each exit, shape (E,).
    """
    found = [] if asked.max_drop is None else [full_network(search, temperatures)]
    if asked.max_drop_greedy is not None:
        goal = _with_full_network(asked.goal_without_drops(search), asked, search)
        found.append(_greedy(goal, search, temperatures))
    return tuple(found)


def _with_full_network(goal: Goal, asked: Request, search: ExitTable) -> Goal:
    if asked.max_drop is None:
        return goal
    return goal.with_least_accuracy(float(exit_accuracies(search)[-1]) - asked.max_drop)


def _greedy(goal: Goal, search: ExitTable, temperatures: NDArray[np.float64]) -> Policy:
    """The greedy shared threshold, tuned for everything else that is asked for."""
    evaluator = baseline_evaluator(search, temperatures, goal)
    rule = get_task(search.task).baseline_rule
    found = baseline_policy("greedy_shared_threshold", rule, evaluator, temperatures, goal)
    return full_network(search, temperatures) if found is None else found
