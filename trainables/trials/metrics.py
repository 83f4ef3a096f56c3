"""What a trial says about its network after an epoch: figures of the best quick policy on ``search``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.baselines.coordinate_descent import best_genome
from policies.calibration.temperature import CalibrationWarning
from policies.evaluation.evaluators import evaluator_for
from policies.evaluation.shared_thresholds import starting_genomes
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.levels.seen import Seen
from policies.rules import get_rule
from policies.rules.crossfit import cross_fitted_view
from policies.selection.references import goal_on
from policies.tables.base import ExitTable
from policies.tasks import get_task, judged_by
from trainables.tasks import TrainingTask


_MAX_LEVELS = 512
# Half of the table learns what the other half is seen by: a report comes after every epoch.
_N_FOLDS = 2


def policy_figure_names(task: TrainingTask[Any], request: Request) -> tuple[str, ...]:
    """The figures of a policy that every report holds: what is searched for, and the task's own quality anyway.

    ``violation`` says by how much the search target is missed; ``objective_at_target`` is one number for schedulers,
    minimised (:meth:`~policies.goals.goal.Goal.objective_at_target`), which for the least depth under an accuracy is
    also called ``depth_at_target``.
    """
    is_depth_under_accuracy = (request.quality, request.objective, request.budget) == ("accuracy", "depth", None)
    own = get_task(task.name).quality
    names = [own, "mean_depth", "mean_cost", request.quality, request.objective_column, "violation"]
    return tuple(
        dict.fromkeys([*names, "objective_at_target", *(["depth_at_target"] if is_depth_under_accuracy else [])])
    )


def quick_report(
    table: ExitTable, *, task: TrainingTask[Any], search_target: Request, rules: Sequence[str]
) -> dict[str, float]:
    """Fit temperatures, search policies for milliseconds, and report the best one for the search target.

    Of every rule that chooses at the end, thresholds shared by all exits and coordinate moves from the best of them are
    tried, with the rule's first parameters. Where no policy reaches the search target, the nearest is reported.

    Args:
        table: The ``search`` table of the network as it is now.
        task: What the table was made by.
        search_target: What policies are searched for: what was asked, and the margin.
        rules: Names of the rules that are tried.

    Returns:
        Those of :func:`policy_figure_names`, and per depth the task's
        :attr:`~trainables.tasks.base.TrainingTask.exit_figure_names`, such as ``accuracy_exit_1``.

    Raises:
        PolicyError: If a rule cannot be used on the table.
    """
    with warnings.catch_warnings():
        # A clamp while training says little; the final policy search warns about the ones that stay.
        warnings.simplefilter("ignore", CalibrationWarning)
        temperatures = get_task(task.name).fit_temperatures(table)
        goal = goal_on(search_target, table)
    found = [_best_of_rule(rule, table, temperatures, goal) for rule in rules]
    best = min(found, key=lambda figures: (figures["violation"], figures["objective_at_target"]))
    best["depth_at_target"] = best["objective_at_target"]
    return {
        **{name: best[name] for name in policy_figure_names(task, search_target)},
        **_by_depth(task.exit_report(table, temperatures), table.n_exits),
    }


def diverged_report(n_exits: int, *, task: TrainingTask[Any], search_target: Request) -> dict[str, float]:
    """The same keys for a network whose training diverged: not a number, and nothing at the target."""
    figures = dict.fromkeys(policy_figure_names(task, search_target), math.nan)
    at_target = {name: math.inf for name in figures if name.endswith("_at_target")}
    nothing = dict.fromkeys(task.exit_figure_names, np.full(n_exits, math.nan))
    return {**figures, **at_target, **_by_depth(nothing, n_exits)}


def _best_of_rule(name: str, table: ExitTable, temperatures: NDArray[np.float64], goal: Goal) -> dict[str, float]:
    rule, seen = get_rule(name), Seen.of(table, temperatures)
    params = {key: values[0] for key, values in rule.choices(seen.table).items()}
    evaluator = evaluator_for(
        seen.lift(cross_fitted_view(rule, seen.table, seen.temperatures, params, n_folds=_N_FOLDS)),
        table.truth,
        table.cost,
        table.answering,
        max_levels=_MAX_LEVELS,
        qualities=judged_by(table, goal.qualities),
    )
    starts = starting_genomes(evaluator, most_shared=_MAX_LEVELS)
    outcome = evaluator.evaluate(best_genome(evaluator, goal, starts)[None])
    judged = goal.assess(outcome)
    return {
        **{name: float(values[0]) for name, values in outcome.qualities.items()},
        "mean_depth": float(outcome.mean_depth[0]),
        "mean_cost": float(outcome.mean_cost[0]),
        goal.objective_column: float(judged.objective[0]),
        "violation": float(judged.violation[0]),
        "objective_at_target": float(goal.objective_at_target(judged, table.cost)[0]),
    }


def _by_depth(figures: Mapping[str, NDArray[np.float64]], n_exits: int) -> dict[str, float]:
    """One entry for each exit and figure, such as ``accuracy_exit_1``, exit by exit."""
    return {f"{name}_exit_{k + 1}": float(values[k]) for k in range(n_exits) for name, values in figures.items()}
