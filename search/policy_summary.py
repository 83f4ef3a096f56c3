"""What a policy search found, in one mapping: the part of ``summary.json`` that does not depend on trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.baselines import BASELINES, baseline_evaluator, baseline_policy
from policies.collapse import collapse_alarms
from policies.document_grids import document_choices
from policies.exit_metrics import exit_figures
from policies.exit_table import ExitTable
from policies.goal import Goal
from policies.metrics import policy_figures
from policies.oracle import oracle_mean_depth
from policies.policy import Policy
from search.recording_summary import summarise_recordings
from search.selection import Selection


BASELINE_EVALUATIONS = 200_000


def summarise_policies(
    selection: Selection, goal: Goal, tables: Mapping[str, ExitTable], *, delta: float, seed: int
) -> dict[str, Any]:
    """Put the figures of the selected policy, the baselines and the oracle together.

    Args:
        selection: What was chosen, before ``test`` was read.
        goal: What was searched for.
        tables: The selected network's tables by split name; ``search`` is among them.
        delta: Of the certificate.
        seed: Of baselines that draw at random.
    """
    policy, certificate = selection.policy, selection.certificate
    accuracy = goal.target if goal.quality == "accuracy" else goal.bounds.get("accuracy")
    decision = policy.decide(tables["search"])
    alarms = collapse_alarms(tables["search"], decision, policy, target=accuracy, is_feasible=selection.feasible)
    return {
        "target": goal.target,
        "quality": goal.quality,
        "objective": goal.effort,
        "budget": goal.budget,
        "bounds": dict(goal.bounds),
        "delta": delta,
        "n_exits": policy.n_exits,
        "feasible": selection.feasible,
        "certified": selection.is_certified,
        "certificate": None
        if certificate is None
        else {"claim": str(certificate.claim), "reason": certificate.reason, "bound": certificate.bound},
        "selected": {"rule": policy.rule, "params": policy.to_dict(), **on_all(policy, tables)},
        "exits": {name: exit_figures(table, selection.network.temperatures) for name, table in tables.items()},
        "alarms": [alarm.text for alarm in alarms],
        "baselines": _baselines(selection, goal, tables, seed),
        "oracle": {name: oracle_mean_depth(table, goal.target) for name, table in tables.items()},
        "recordings": summarise_recordings(policy, tables, target=goal.target if goal.quality == "accuracy" else None),
        "front_size": len(selection.front),
    }


def on_all(policy: Policy, tables: Mapping[str, ExitTable]) -> dict[str, Any]:
    """Figures of a policy on every split."""
    return {name: policy_figures(table, policy.decide(table)) for name, table in tables.items()}


def _baselines(
    selection: Selection, goal: Goal, tables: Mapping[str, ExitTable], seed: int
) -> dict[str, dict[str, Any]]:
    search, temperatures = tables["search"], selection.network.temperatures
    evaluator = baseline_evaluator(search, temperatures, goal)
    found = {
        name: baseline_policy(name, evaluator, temperatures, goal, evaluations=BASELINE_EVALUATIONS, seed=seed)
        for name in BASELINES
    }
    figures: dict[str, dict[str, Any]] = {
        name: on_all(policy, tables) for name, policy in found.items() if policy is not None
    }
    for name, choice in document_choices(search, temperatures).items():
        figures[name] = {"is_fallback": choice.is_fallback, **on_all(choice.point.policy, tables)}
    return figures
