"""What a policy search found: the part of a summary that does not depend on trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from policies.baselines import BASELINES
from policies.baselines.choice import baseline_evaluator, baseline_policy
from policies.certificates.claims import Limits
from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.goals.figures import asked_figures
from policies.goals.goal import Goal
from policies.outline import outline
from policies.policy import Decision, Policy
from policies.selection.aims.cost_of_power import cost_of_power
from policies.selection.aims.front_on_search import FrontOnSearch
from policies.selection.aims.targets import certified_targets
from policies.selection.plan import plan_for
from policies.selection.references import goal_on
from policies.selection.search_target import SearchTarget
from policies.selection.select import Selection
from policies.selection.worst_value import worst_value
from policies.tables.base import ExitTable
from policies.tasks import get_task
from policies.transfer.splits import SplitComparison
from search.reporting.fixed_budgets import at_fixed_budgets
from search.reporting.tasks import report_of
from search.reporting.tasks.base import BaselinePolicy
from search.run_folder.answers import PolicyAnswers, answers_of, answers_of_exits
from search.run_folder.summary import (
    BaselinePolicyFigures,
    CertificateSummary,
    EstimateSummary,
    PowerSummary,
    SelectedPolicy,
    SplitsSummary,
    Summary,
    TargetSummary,
    WorstValueSummary,
)


BASELINE_EVALUATIONS = 200_000


def summarise_policies(
    selection: Selection,
    target: SearchTarget,
    tables: Mapping[str, ExitTable],
    *,
    tables_of: Callable[[str], Mapping[str, ExitTable]],
    search_of: Callable[[str], ExitTable],
    seed: int,
    further_baselines: Sequence[str] = (),
) -> tuple[Summary, list[PolicyAnswers[Any]]]:
    """Put the figures of the selected policy, the baselines and the oracle together.

    Args:
        selection: What was chosen, before ``test`` was read.
        target: What was searched for, with its margin.
        tables: The selected network's tables by split name; ``search`` is among them.
        tables_of: The tables, by split, of any network of the front.
        search_of: The ``search`` table of any network of the front.
        seed: Seed of the search, and of baselines that draw at random.
        further_baselines: Names of baselines beside those that are registered.

    Returns:
        The summary, without a name; and what was answered by the selected policy, ``selected``, by each exit and by
        each baseline.
    """
    policy, certificate, asked = selection.policy, selection.certificate, target.asked
    # Exits and baselines answer as the policy does, and none of them stops reading where it does.
    beside = policy.answering.reading_all
    tables = {name: table.answered(beside) for name, table in tables.items()}
    goal = goal_on(asked, tables["search"])
    decisions = decisions_on(policy, tables, seed=seed)
    baselines, by_baselines = _baselines(selection, goal, tables, seed, (*BASELINES, *further_baselines))
    task, report, plan = get_task(tables["search"].task), report_of(tables["search"]), plan_for(target)
    temperatures = selection.network.temperatures
    on_search = FrontOnSearch(selection.front, search_of, seed=seed)
    aimed = cost_of_power(target, on_search)
    worst = worst_value(target, tables["search"], decisions["search"])
    summary = Summary(
        task=task.name,
        main_quality=task.quality,
        target=asked.target or 0.0,
        quality=asked.quality,
        objective=asked.objective,
        max_drop=_as_told(asked.max_drop),
        max_relative_drop=_as_told(asked.max_relative_drop),
        max_drop_greedy=asked.max_drop_greedy,
        budget=asked.budget,
        bounds=dict(asked.bounds),
        asked=str(asked),
        least_accuracy=goal.least_accuracy,
        goal_target=goal.target,
        delta=asked.delta,
        n_exits=policy.n_exits,
        feasible=selection.feasible,
        certified=selection.is_certified,
        certificate=None if certificate is None else CertificateSummary.of(certificate),
        estimate=None if selection.estimate is None else EstimateSummary(**selection.estimate.to_dict()),
        selected=SelectedPolicy(
            rule=policy.rule,
            params=outline(policy),
            answered=str(policy.answering),
            **figures_of(tables, decisions, goal),
        ),
        exits={name: task.exit_figures(table, temperatures) for name, table in tables.items()},
        baselines=baselines,
        oracle={name: task.oracle_mean_depth(table, goal, temperatures) for name, table in tables.items()},
        fixed_budgets=at_fixed_budgets(selection.front, tables_of, quality=task.quality),
        front_size=len(selection.front),
        plan=[] if plan is None else [*plan.lines, *filter(None, [target.too_few])],
        search_target=None if aimed is None else PowerSummary(**aimed.to_dict()),
        targets=[TargetSummary(**own.to_dict()) for own in certified_targets(target, on_search)],
        worst_value=None if worst is None else WorstValueSummary(**worst.to_dict()),
        splits=None if selection.splits is None else splits_summary(selection.splits),
        **report.findings(selection, goal, tables, decisions, baselines),
    )
    return summary, [*answers_of("selected", tables, decisions), *answers_of_exits(tables, temperatures), *by_baselines]


def _as_told(limits: Limits) -> float | dict[str, float] | None:
    """Limits of drops as a summary has them."""
    return dict(limits) if isinstance(limits, Mapping) else limits


def splits_summary(found: SplitComparison) -> SplitsSummary:
    """The JSON form of how alike two splits are."""
    return SplitsSummary(
        differ=bool(found.found),
        sentence=found.sentence,
        differences=[asdict(one) for one in found.differences],
    )


def decisions_on(policy: Policy, tables: Mapping[str, ExitTable], *, seed: int) -> dict[str, Decision]:
    """What a policy did on every split; on ``search``, where it was chosen, as if that were new.

    Args:
        policy: Policy to apply to the tables.
        tables: Exit tables of the policy's network, by split name.
        seed: Seed of the search that chose the policy.
    """
    return {
        name: cross_fitted_decision(policy, table, seed=seed) if name == "search" else policy.decide(table)
        for name, table in tables.items()
    }


def figures_on(policy: Policy, tables: Mapping[str, ExitTable], goal: Goal, *, seed: int) -> dict[str, Any]:
    """Figures of a policy on every split; arguments as for :func:`decisions_on` and :func:`figures_of`."""
    return figures_of(tables, decisions_on(policy, tables, seed=seed), goal)


def figures_of(tables: Mapping[str, ExitTable], decisions: Mapping[str, Decision], goal: Goal) -> dict[str, Any]:
    """Figures on every split of a policy, from what it did there: what was asked for, and what its task tells."""
    return {
        name: {
            # A split may lack some of the values that something is asked of.
            **{key: value for key, value in asked_figures(goal, table, decisions[name]).items() if value == value},
            **get_task(table.task).policy_figures(table, decisions[name]),
        }
        for name, table in tables.items()
    }


def _baselines(
    selection: Selection, goal: Goal, tables: Mapping[str, ExitTable], seed: int, names: Sequence[str]
) -> tuple[dict[str, BaselinePolicyFigures], list[PolicyAnswers[Any]]]:
    search, temperatures = tables["search"], selection.network.temperatures
    rule, evaluator = get_task(search.task).baseline_rule, baseline_evaluator(search, temperatures, goal)
    found = {
        name: baseline_policy(
            *(name, rule, evaluator, temperatures, goal),
            answering=search.answering,
            evaluations=BASELINE_EVALUATIONS,
            seed=seed,
        )
        for name in names
    }
    compared = {name: BaselinePolicy(policy) for name, policy in found.items() if policy is not None}
    compared |= report_of(search).baselines(search, temperatures)
    figures: dict[str, BaselinePolicyFigures] = {}
    answered: list[PolicyAnswers[Any]] = []
    for name, one in compared.items():
        decisions = decisions_on(one.policy, tables, seed=seed)
        figures[name] = BaselinePolicyFigures(**one.notes, **figures_of(tables, decisions, goal))
        answered += answers_of(name, tables, decisions)
    return figures, answered
