"""The policies that drops are counted from: the full network, and the greedy shared threshold."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from policies.baselines.choice import baseline_evaluator, baseline_policy
from policies.baselines.full_network import full_network
from policies.calibration.temperature import CalibrationWarning
from policies.goals.figures import quality_of
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.metrics.exits import exit_accuracies
from policies.policy import Policy
from policies.qualities import require_judges
from policies.qualities.base import ACCURACY
from policies.tables.base import ExitTable
from policies.tasks import get_task


def goal_on(asked: Request, search: ExitTable) -> Goal:
    """What to search for on a table: drops are counted from the quality that their references have there.

    Args:
        asked: What was asked for, with its drops.
        search: The table that policies are searched on.

    Raises:
        ExitSearchError: If latency is to be minimised and nobody measured it, or not for so many exits, or a quality
            is not for the table's answers.
    """
    plain = asked.goal_without_drops(search)
    for name in plain.qualities:
        require_judges(name, search)
    goal = _with_full_network(plain, asked, search)
    drop = asked.greedy_drop
    if drop is None:
        return goal
    greedy = _greedy(goal, search, _fitted(search))
    return goal.with_limit(drop.quality, drop.worst(quality_of(drop.quality, search, greedy.decide(search))))


def references(asked: Request, search: ExitTable, temperatures: NDArray[np.float64]) -> tuple[Policy, ...]:
    """The policies that the drops of a request are counted from, in their order.

    Args:
        asked: What was asked for, with its drops.
        search: The table that policies are searched on.
        temperatures: Temperature of each exit, shape (E,).
    """
    found = [full_network(search, temperatures)] * len(asked.full_drops)
    if asked.greedy_drop is not None:
        goal = _with_full_network(asked.goal_without_drops(search), asked, search)
        found.append(_greedy(goal, search, temperatures))
    return tuple(found)


def full_network_quality(name: str, table: ExitTable, temperatures: NDArray[np.float64] | None = None) -> float:
    """A quality of the network without early exits.

    Args:
        name: Name of the quality.
        table: Exit table of the network.
        temperatures: Temperature of each exit, shape (E,); fitted on the table where None, if the quality needs them.

    Raises:
        ExitSearchError: If the quality is not for the table's answers.
    """
    require_judges(name, table)
    if name == ACCURACY and table.answering.pooling is None:
        return float(exit_accuracies(table)[-1])
    fitted = _fitted(table) if temperatures is None else temperatures
    return quality_of(name, table, full_network(table, fitted).decide(table))


def _fitted(table: ExitTable) -> NDArray[np.float64]:
    """Temperatures, without a word on clamped ones: the search of the network's policies tells of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        return get_task(table.task).fit_temperatures(table)


def _with_full_network(goal: Goal, asked: Request, search: ExitTable) -> Goal:
    for drop in asked.full_drops:
        goal = goal.with_limit(drop.quality, drop.worst(full_network_quality(drop.quality, search)))
    return goal


def _greedy(goal: Goal, search: ExitTable, temperatures: NDArray[np.float64]) -> Policy:
    """The greedy shared threshold, tuned for everything else that is asked for."""
    evaluator = baseline_evaluator(search, temperatures, goal)
    rule = get_task(search.task).baseline_rule
    found = baseline_policy("greedy_shared_threshold", rule, evaluator, temperatures, goal, answering=search.answering)
    return full_network(search, temperatures) if found is None else found
