"""The searched policies against what is done today: the sweep file's baselines under published grids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
import warnings

from policies.baselines.full_network import full_network
from policies.calibration.temperature import CalibrationWarning, Method
from policies.errors import ExitSearchError
from policies.goals.front import Front, FrontPoint
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.policy import Policy
from policies.qualities import get_quality
from policies.selection.select import Selection
from policies.tables.base import ExitTable
from policies.tasks import get_task
from search.config.first_trials import FirstTrial
from search.finalists.tables import NetworkTables
from search.inputs import SweepInputs
from search.reporting.policy_summary import decisions_on, figures_of, figures_on
from search.reporting.tasks import report_of
from search.run_folder.answers import PolicyAnswers, answers_of
from search.run_folder.summary import BaselineTrialFigures, FrontMatch
from search.trials.outcomes import TrialOutcome, networks_of


Tables = Mapping[str, ExitTable]


@dataclass(frozen=True)
class BaselineComparison:
    """The sweep file's baselines beside the front.

    Attributes:
        rows: Figures of each policy of each baseline.
        answered: Answers of each policy of each baseline.
        notes: Which baselines are left out and why, one line each.
    """

    rows: list[BaselineTrialFigures]
    answered: list[PolicyAnswers[Any]]
    notes: list[str]


def compare_baselines(
    inputs: SweepInputs, outcomes: Sequence[TrialOutcome], selection: Selection, tables: NetworkTables
) -> BaselineComparison:
    """Put the sweep file's baselines beside the front; those that cannot be compared are named and left out.

    This reads ``test``: everything must have been chosen.

    Args:
        inputs: The sweep on its data.
        outcomes: Trials of the sweep, the baselines among them.
        selection: Policy that was chosen, with the merged front.
        tables: Exit tables of all networks.
    """
    config = inputs.config
    trials, notes = full_baselines(config.search.first_trials, outcomes)
    rows: list[BaselineTrialFigures] = []
    answered: list[PolicyAnswers[Any]] = []
    for one in networks_of(trials, inputs.spec.seeds):
        try:
            own, by_policy = compare_baseline(
                one.label,
                tables.compared(one.name),
                selection.front,
                tables.compared,
                asked=inputs.target.asked,
                method=config.policy.calibration,
                seed=config.seed,
            )
        except ExitSearchError as error:
            notes.append(f"baseline {one.label!r} is left out: {error}")
            continue
        rows += own
        answered += by_policy
    return BaselineComparison(rows, answered, notes)


def full_baselines(
    first_trials: Sequence[FirstTrial], outcomes: Sequence[TrialOutcome]
) -> tuple[list[TrialOutcome], list[str]]:
    """The baselines that were trained to their end, and why others were not, each as a note for a person."""
    by_label = {trial.label: trial for trial in outcomes if trial.label}
    found, notes = [], []
    for name in (one.name for one in first_trials if one.is_baseline):
        trial = by_label.get(name)
        if trial is None:
            notes.append(f"baseline {name!r} is left out: it was never begun, since search.trials is too small")
        elif not trial.is_complete:
            notes.append(f"baseline {name!r} is left out: {trial.failure or 'it was not trained to its end'}")
        else:
            found.append(trial)
    return found, notes


def compare_baseline(
    name: str,
    tables: Tables,
    front: Front,
    tables_of: Callable[[str], Tables],
    *,
    asked: Request,
    method: Method,
    seed: int,
) -> tuple[list[BaselineTrialFigures], list[PolicyAnswers[Any]]]:
    """Put every policy of a baseline beside the front's best at the same depth, and at the same accuracy.

    All policies are chosen by their figures on ``search``; the other splits only tell what came of it. The front of a
    sweep holds policies that meet its target, or where none does the nearest alone: a baseline below the target may
    be shallower than all of them.

    Args:
        name: What a person calls the baseline.
        tables: Exit tables of the baseline's network by split, ``search`` among them.
        front: Front of the policies that were found.
        tables_of: The tables, by split, of a network of the front.
        asked: What was asked for, without a margin.
        method: How temperatures are fitted, ``lbfgs`` or ``grid``.
        seed: Seed of the search that found the front.

    Returns:
        Each policy (the full network, and the choice of each grid); and what it answered, as ``<trial>/<policy>``.
    """
    rows: list[BaselineTrialFigures] = []
    answered: list[PolicyAnswers[Any]] = []
    main = get_task(tables["search"].task).quality
    sign, goal = get_quality(main).sign, asked.goal_without_drops(tables["search"])
    for policy_name, (policy, is_fallback) in _choices(tables["search"], method).items():
        decisions = decisions_on(policy, tables, seed=seed)
        figures = figures_of(tables, decisions, goal)
        answered += answers_of(f"{name}/{policy_name}", tables, decisions)
        depth, quality = figures["search"]["mean_depth"], sign * figures["search"][main]
        no_deeper = [point for point in front if point.figures["mean_depth"] <= depth]
        no_worse = [point for point in front if sign * point.figures[main] >= quality]
        most_accurate = max(no_deeper, key=lambda point: sign * point.figures[main], default=None)
        least_deep = min(no_worse, key=lambda point: point.figures["mean_depth"], default=None)
        rows.append(
            BaselineTrialFigures(
                trial=name,
                policy=policy_name,
                is_fallback=is_fallback,
                same_depth=_match(most_accurate, tables_of, goal, seed),
                same_accuracy=_match(least_deep, tables_of, goal, seed),
                **figures,
            )
        )
    return rows, answered


def _choices(search: ExitTable, method: Method) -> dict[str, tuple[Policy, bool]]:
    with warnings.catch_warnings():
        # A baseline is what it is; the searched policies warn about temperatures at their clamp.
        warnings.simplefilter("ignore", CalibrationWarning)
        temperatures = get_task(search.task).fit_temperatures(search, method)
    published = {
        name: (one.policy, bool(one.notes["is_fallback"]))
        for name, one in report_of(search).baselines(search, temperatures).items()
        if "is_fallback" in one.notes
    }
    return {"full_network": (full_network(search, temperatures), False), **published}


def _match(point: FrontPoint | None, tables_of: Callable[[str], Tables], goal: Goal, seed: int) -> FrontMatch | None:
    if point is None:
        return None
    figures = figures_on(point.policy, tables_of(point.network), goal, seed=seed)
    return FrontMatch(network=point.network, rule=point.rule, **figures)
