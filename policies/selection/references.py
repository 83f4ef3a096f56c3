"""The policies that drops are counted from: the full network, and the greedy shared threshold."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from policies.baselines.choice import baseline_evaluator, baseline_policy
from policies.baselines.full_network import full_network
from policies.calibration.temperature import CalibrationWarning
from policies.certificates.losses import Loss
from policies.certificates.subgroups import Subgroups
from policies.goals.figures import quality_of
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.metrics.exits import exit_accuracies
from policies.parents.membership import Parents
from policies.policy import Decision, Policy
from policies.qualities import name_where, require_judges
from policies.qualities.base import ACCURACY
from policies.qualities.drop import DropLimit
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
    for name in asked.goal_without_drops(search).qualities:
        require_judges(name, search)
    goal = _without_greedy(asked, search)
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
        goal = _without_greedy(asked, search)
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


def _without_greedy(asked: Request, search: ExitTable) -> Goal:
    """All that is asked but for a drop against the greedy shared threshold."""
    goal = asked.goal_without_drops(search)
    for drop in asked.full_drops:
        goal = goal.with_limit(drop.quality, drop.worst(full_network_quality(drop.quality, search)))
    return goal if asked.by is None else _for_every_value(goal, asked, asked.by, search)


def _for_every_value(goal: Goal, asked: Request, by: str, search: ExitTable) -> Goal:
    """The goal with what is asked of the samples of each value of a column, by its own numbers where it has some."""
    parents = None if search.answering.pooling is None else Parents.of(search)
    full: Decision | None = None
    for value in Subgroups.of(search, by, parents, is_claimed=False).values:
        claim = asked.of_values.get(value, asked.claim)
        for one in () if claim is None else claim.statements:
            name, limit = name_where(one.quality, by, value), one.required
            if one.loss in (Loss.DROP, Loss.RELATIVE_DROP):
                full = full or _decision_of_full_network(search, one.quality)
                drop = DropLimit(one.required, one.quality, is_relative=one.loss is Loss.RELATIVE_DROP)
                limit = drop.worst(quality_of(name, search, full))
            goal = goal.with_limit(name, limit)
    return goal


def _decision_of_full_network(search: ExitTable, quality: str) -> Decision:
    """What the network without early exits does; temperatures do not change the classes of single samples."""
    is_plain = quality == ACCURACY and search.answering.pooling is None
    temperatures = np.ones(search.n_exits) if is_plain else _fitted(search)
    return full_network(search, temperatures).decide(search)


def _greedy(goal: Goal, search: ExitTable, temperatures: NDArray[np.float64]) -> Policy:
    """The greedy shared threshold, tuned for everything else that is asked for."""
    evaluator = baseline_evaluator(search, temperatures, goal)
    rule = get_task(search.task).baseline_rule
    found = baseline_policy("greedy_shared_threshold", rule, evaluator, temperatures, goal, answering=search.answering)
    return full_network(search, temperatures) if found is None else found
