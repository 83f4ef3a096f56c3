"""What a policy search found, in one mapping: the part of ``summary.json`` that does not depend on trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.baselines import BASELINES, baseline_evaluator, baseline_policy, recalibrated_full_network
from policies.baselines.oracle import oracle_mean_depth
from policies.baselines.published_grids import document_choices
from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.goals.goal import Goal
from policies.metrics.collapse import collapse_alarms
from policies.metrics.exits import exit_figures
from policies.metrics.policy import policy_figures
from policies.metrics.undertrained import undertrained_note
from policies.outline import outline
from policies.parents.summary import summarise_recordings
from policies.policy import Decision, Policy
from policies.selection.references import goal_on
from policies.selection.search_target import SearchTarget
from policies.selection.select import Selection
from policies.tables.classification import ExitTable
from search.run_folder.class_files import Answers, answers_of, answers_of_exits


BASELINE_EVALUATIONS = 200_000
_RECALIBRATED = "full_network_recalibrated"


def summarise_policies(
    selection: Selection, target: SearchTarget, tables: Mapping[str, ExitTable], *, seed: int
) -> tuple[dict[str, Any], list[Answers]]:
    """Put the figures of the selected policy, the baselines and the oracle together.

    Args:
        selection: What was chosen, before ``test`` was read.
        target: What was searched for.
        tables: The selected network's tables by split name; ``search`` is among them.
        seed: Of the search, and of baselines that draw at random.

    Returns:
        The figures; and what was answered by the selected policy, ``selected``, by each exit and by each baseline.
    """
    policy, certificate, asked = selection.policy, selection.certificate, target.asked
    goal = goal_on(asked, tables["search"])
    decisions = decisions_on(policy, tables, seed=seed)
    baselines, by_baselines = _baselines(selection, goal, tables, seed)
    alarms = collapse_alarms(
        tables["search"],
        decisions["search"],
        policy,
        target=goal.least_accuracy,
        is_feasible=selection.feasible,
    )
    summary = {
        "target": asked.target or 0.0,
        "quality": asked.quality,
        "objective": asked.objective,
        "max_drop": asked.max_drop,
        "max_drop_greedy": asked.max_drop_greedy,
        "budget": asked.budget,
        "bounds": dict(asked.bounds),
        "asked": str(asked),
        "least_accuracy": goal.least_accuracy,
        "delta": asked.delta,
        "n_exits": policy.n_exits,
        "feasible": selection.feasible,
        "certified": selection.is_certified,
        "certificate": None
        if certificate is None
        else {"claim": str(certificate.claim), "reason": certificate.reason, "bound": certificate.bound},
        "estimate": None if selection.estimate is None else selection.estimate.to_dict(),
        "selected": {"rule": policy.rule, "params": outline(policy), **figures_of(tables, decisions)},
        "undertrained": undertrained_note(
            *(baselines[name]["search"]["accuracy"] for name in ("full_network", _RECALIBRATED))
        ),
        "exits": {name: exit_figures(table, selection.network.temperatures) for name, table in tables.items()},
        "alarms": [alarm.text for alarm in alarms],
        "baselines": baselines,
        "oracle": {name: _oracle(table, goal) for name, table in tables.items()},
        "recordings": summarise_recordings(tables, decisions, target=goal.least_accuracy),
        "front_size": len(selection.front),
    }
    return summary, [*answers_of("selected", tables, decisions), *answers_of_exits(tables), *by_baselines]


def decisions_on(policy: Policy, tables: Mapping[str, ExitTable], *, seed: int) -> dict[str, Decision]:
    """What a policy did on every split; on ``search``, where it was chosen, as if that were new.

    Args:
        policy: The policy.
        tables: By split.
        seed: Of the search that chose the policy.
    """
    return {
        name: cross_fitted_decision(policy, table, seed=seed) if name == "search" else policy.decide(table)
        for name, table in tables.items()
    }


def figures_on(policy: Policy, tables: Mapping[str, ExitTable], *, seed: int) -> dict[str, Any]:
    """Figures of a policy on every split; arguments as for :func:`decisions_on`."""
    return figures_of(tables, decisions_on(policy, tables, seed=seed))


def figures_of(tables: Mapping[str, ExitTable], decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """Figures on every split of a policy, from what it did there."""
    return {name: policy_figures(table, decisions[name]) for name, table in tables.items()}


def _oracle(table: ExitTable, goal: Goal) -> float | None:
    return None if goal.least_accuracy is None else oracle_mean_depth(table, goal.least_accuracy)


def _baselines(
    selection: Selection, goal: Goal, tables: Mapping[str, ExitTable], seed: int
) -> tuple[dict[str, dict[str, Any]], list[Answers]]:
    search, temperatures = tables["search"], selection.network.temperatures
    evaluator = baseline_evaluator(search, temperatures, goal)
    found = {
        name: baseline_policy(name, evaluator, temperatures, goal, evaluations=BASELINE_EVALUATIONS, seed=seed)
        for name in BASELINES
    }
    compared: dict[str, tuple[Policy, dict[str, Any]]] = {}
    for name, policy in found.items():
        if policy is None:
            continue
        compared[name] = policy, {}
        if name == "full_network":
            compared[_RECALIBRATED] = recalibrated_full_network(search, temperatures), {}
    for name, choice in document_choices(search, temperatures).items():
        compared[name] = choice.point.policy, {"is_fallback": choice.is_fallback}
    figures: dict[str, dict[str, Any]] = {}
    answered: list[Answers] = []
    for name, (policy, facts) in compared.items():
        decisions = decisions_on(policy, tables, seed=seed)
        figures[name] = {**facts, **figures_of(tables, decisions)}
        answered += answers_of(name, tables, decisions)
    return figures, answered
