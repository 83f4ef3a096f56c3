"""What does each rule save over one shared threshold, on data that nothing was chosen on?

For every real table the claim is "at most one point of accuracy less than the full network". Each rule's policies are
searched on ``search``, certified on ``certify`` from the safest to the boldest, and the certified choice is read on
``test``; one shared confidence threshold, certified in the same way, is the first row. The saving is counted against
more than that: the greedy shared threshold is given its best, its depth read off the whole ladder of shared thresholds
*on test*, at just the accuracy that the rule's choice has there. The share of the gap is (greedy - rule) / (greedy -
oracle), the oracle knowing the labels. Averages over the networks of a workload, with the standard error of the saving.
Usage: ``python benchmarks/rule_comparison.py [--tables DIR] [--data-dir DIR]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table
from tables import DEFAULT_FOLDER, TableSet, real_tables

from policies.baselines.choice import baseline_evaluator
from policies.calibration.temperature import fit_temperatures
from policies.evaluation.shared_thresholds import shared_threshold_figures, shared_threshold_genomes
from policies.evolution.settings import EvolveSettings
from policies.goals.front import Front, FrontPoint
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.metrics.exits import exit_accuracies
from policies.metrics.oracle import oracle_mean_depth
from policies.policy import Policy
from policies.rules import DEFAULT_RULES, RULES, get_rule
from policies.selection.networks import NetworkPolicies, search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.references import goal_on
from policies.selection.search_target import search_target
from policies.selection.select import select_policy
from policies.selection.split_size import SplitSize
from policies.tables.classification import ClassificationTable


MERGED = "default rules, merged"
GREEDY = "one shared threshold"
_DELTA = 0.05
_MAX_DROP = 0.01
_SETTINGS = EvolveSettings()


def greedy_depth(table: ClassificationTable, network: NetworkPolicies, accuracy: float) -> float:
    """Least depth of one shared confidence threshold whose accuracy on the same table is at least as good."""
    view = get_rule("confidence").view(table, network.temperatures)
    ladder = shared_threshold_figures(view, view.answers == table.labels[:, None])
    return float(ladder.mean_depth[ladder.accuracy >= accuracy - 1e-12].min(initial=table.n_exits))


def shared_thresholds(tables: TableSet, goal: Goal) -> NetworkPolicies:
    """The front of the policies with one shared confidence threshold, as a search gives its own."""
    temperatures = fit_temperatures(tables.search)
    evaluator = baseline_evaluator(tables.search, temperatures, goal)
    genomes = shared_threshold_genomes(evaluator)
    outcome = evaluator.evaluate(genomes)
    rows = goal.assess(outcome).front()
    front = Front(
        tuple(
            FrontPoint(
                policy=Policy("confidence", evaluator.thresholds(genomes[row]), tuple(temperatures.tolist())),
                figures={
                    "accuracy": float(outcome.qualities["accuracy"][row]),
                    "mean_depth": float(outcome.mean_depth[row]),
                },
                violation=0.0,
                network=tables.name,
            )
            for row in rows
        )
    )
    return NetworkPolicies(tables.name, tables.search, tables.certify, temperatures, front, ())


def certified_choice(tables: TableSet, rules: tuple[str, ...]) -> dict[str, float]:
    """Figures on ``test`` of what is selected for one network; without rules, of one shared threshold."""
    asked = Request(max_drop=_MAX_DROP, delta=_DELTA)
    sizes = {
        name: SplitSize.of(table, table.truth)
        for name, table in (("search", tables.search), ("certify", tables.certify))
    }
    if rules:
        network = search_network(
            tables.name, tables.search, tables.certify, PolicySearch(asked=asked, rules=rules, settings=_SETTINGS)
        )
    else:
        network = shared_thresholds(tables, goal_on(asked, tables.search))
    chosen = select_policy([network], search_target(asked, **sizes), front_size=_SETTINGS.front_size)
    decision = chosen.policy.decide(tables.test)
    accuracy, depth = float((decision.answers == tables.test.labels).mean()), float(decision.exits.mean() + 1)
    reachable = min(accuracy, float(exit_accuracies(tables.test)[-1]))
    greedy = greedy_depth(tables.test, network, reachable)
    oracle = oracle_mean_depth(tables.test, reachable) or 1.0
    return {
        "certified": float(chosen.is_certified),
        "drop": float(exit_accuracies(tables.test)[-1]) - accuracy,
        "depth": depth,
        "greedy": greedy,
        "oracle": oracle,
        "saving": 1 - depth / greedy,
        "closed": (greedy - depth) / (greedy - oracle) if greedy > oracle else np.nan,
    }


def measure(every: list[TableSet]) -> pd.DataFrame:
    """One row per network and rule."""
    rows = []
    for tables in track(every, transient=True):
        usable = [name for name, rule in RULES.items() if not rule.why_not(tables.search)]
        for name, rules in {GREEDY: (), **{rule: (rule,) for rule in usable}, MERGED: DEFAULT_RULES}.items():
            rows.append({"workload": tables.workload, "rule": name, **certified_choice(tables, rules)})
    return pd.DataFrame(rows)


def show(console: Console, workload: str, frame: pd.DataFrame) -> None:
    """Print one workload's table."""
    n_networks = int(frame.groupby("rule").size().max())
    table = Table(title=f"{workload}, {n_networks} networks: the certified choice on test")
    for heading in (
        "rule",
        "certified",
        "points lost",
        "depth",
        "greedy there",
        "oracle there",
        "saved %",
        "gap closed %",
    ):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    means = frame.groupby("rule", sort=False).mean(numeric_only=True)
    errors = frame.groupby("rule", sort=False)["saving"].sem()
    for name, row in means.iterrows():
        table.add_row(
            str(name),
            f"{row['certified']:.0%}",
            f"{100 * row['drop']:.2f}",
            f"{row['depth']:.3f}",
            f"{row['greedy']:.3f}",
            f"{row['oracle']:.3f}",
            f"{100 * row['saving']:.1f} ± {100 * errors[name]:.1f}",
            f"{100 * row['closed']:.1f}",
        )
    console.print(table)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--data-dir", type=Path)
    arguments = parser.parse_args()
    frame = measure(real_tables(arguments.tables, arguments.data_dir))
    console = Console(width=120)
    for workload, own in frame.groupby("workload", sort=False):
        show(console, str(workload), own)


if __name__ == "__main__":
    main()
