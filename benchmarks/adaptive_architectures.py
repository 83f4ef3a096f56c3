"""What adapting to the input gives: networks of finished sweeps at equal compute, and beside their soft form.

``python benchmarks/adaptive_architectures.py runs/a runs/b --data-dir data`` takes all seeds of each sweep's selected
trial. Of each network a policy is searched on ``search``, certified on ``certify`` and read on ``test``, as the sweep
does. Then both are given the same multiply-accumulates: within each budget, a share of the first sweep's full network,
the policy that is most accurate on ``search`` answers ``test``. Networks of one seed are paired sample by sample.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import warnings

import numpy as np
from rich.console import Console
from rich.table import Table

from policies.calibration.temperature import CalibrationWarning
from policies.evolution.search import search_front
from policies.goals.front import Front
from policies.goals.goal import Goal
from policies.metrics.paired import compare_paired
from policies.metrics.soft_network import SoftFigures, soft_figures
from policies.policy import Decision
from policies.selection.networks import NetworkPolicies, search_network
from policies.selection.select import Selection, select_policy
from policies.tables.base import ExitTable
from search.export.finished_sweep import FinishedSweep
from search.inputs import load_inputs
from trainables.models import cumulative_macs


BUDGETS = (0.2, 0.3, 0.4, 0.5, 0.6)
_FAR_BELOW = 0.5
_RULES = ("confidence", "ensemble")


@dataclass(frozen=True)
class Network:
    """One network of a sweep.

    Attributes:
        seed: Seed that it was trained with.
        full_macs: Multiply-accumulates of the full network for one sample.
        selection: The policy that was chosen for it.
        front: Policies for all budgets, whatever was asked of the sweep.
        test: Its table on ``test``.
        soft: What it promises as a soft network on ``test``; None without stop heads.
    """

    seed: int
    full_macs: int
    selection: Selection
    front: Front
    test: ExitTable
    soft: SoftFigures | None

    @property
    def decision(self) -> Decision:
        """What the chosen policy does on ``test``."""
        return self.selection.policy.decide(self.test)

    def within(self, macs: float) -> Decision | None:
        """What the policy does on ``test`` that is most accurate on ``search`` within so many MACs; None without."""
        fitting = [one for one in self.front if one.figures["mean_cost"] * self.full_macs <= macs]
        best = max(fitting, key=lambda one: one.figures["accuracy"], default=None)
        return None if best is None else best.policy.decide(self.test)


def networks_of(run: Path, data_dir: Path) -> Iterator[Network]:
    """The networks of a finished sweep's selected trial, a seed each."""
    finished = FinishedSweep.load(run)
    config = finished.config.model_copy(update={"data_dir": data_dir})
    inputs = load_inputs(config)
    checkpoints = finished.folder.checkpoints / finished.summary.selected.trial_id
    for seed in config.all_seeds:
        model = inputs.spec.load_model(checkpoints, inputs.splits.train, seed=seed)
        tables = {
            name: inputs.spec.table(model, getattr(inputs.splits, name), name) for name in ("search", "certify", "test")
        }
        found: NetworkPolicies = search_network(
            f"seed {seed}", tables["search"], tables["certify"], config.policy_search()
        )
        test = tables["test"]
        yield Network(
            seed=seed,
            full_macs=int(cumulative_macs(model, inputs.splits.train.inputs.shape[1:])[-1]),
            selection=select_policy([found], inputs.target, front_size=config.policy.front_size, seed=config.seed),
            front=search_front(
                tables["search"], found.temperatures, Goal(target=_FAR_BELOW, objective="cost"), rules=_RULES
            ),
            test=test,
            soft=None if test.stop_prob is None else soft_figures(test, test.stop_prob),
        )


def print_policies(console: Console, name: str, networks: list[Network]) -> None:
    """Each seed's chosen policy beside its soft network, on ``test``."""
    table = Table(title=f"{name}: the chosen policy beside the soft network, on test")
    heads = ("seed", "soft", "expected cost", "last exit", "rule", "certified", "policy", "its cost", "of expected")
    for heading in heads:
        table.add_column(heading, justify="right")
    rows = []
    for one in networks:
        decision, soft = one.decision, one.soft
        right = float(one.test.truth.right(decision.answers).mean())
        last = float(one.test.truth.right(one.test.exit_answers[:, -1]).mean())
        cost = float(one.test.cost[decision.exits].mean())
        figures = (*((soft.accuracy, soft.expected_cost) if soft else (np.nan, 1.0)), last, right, cost)
        rows.append((*figures, figures[4] / figures[1], one.selection.is_certified))
        told = [f"{value:.4f}" for value in rows[-1][:6]]
        certified = "yes" if one.selection.is_certified else "no"
        table.add_row(str(one.seed), *told[:3], one.selection.policy.rule, certified, *told[3:])
    values = np.array(rows, dtype=np.float64)
    for label, row in (("mean", values.mean(axis=0)), ("sd", values.std(axis=0, ddof=1))):
        told = [f"{value:.4f}" for value in row[:6]]
        table.add_row(label, *told[:3], "", f"{values[:, 6].sum():.0f}" if label == "mean" else "", *told[3:])
    console.print(table)
    console.print(f"full network: {networks[0].full_macs:,} multiply-accumulates")


def print_budgets(console: Console, names: tuple[str, str], first: list[Network], second: list[Network]) -> None:
    """Both at equal compute, on ``test``."""
    table = Table(title=f"{names[0]} less {names[1]} at equal compute: accuracy on test")
    for heading in ("budget", "MACs", *names, "difference", "sd over seeds", "p of each seed"):
        table.add_column(heading, justify="right")
    for budget in BUDGETS:
        macs = budget * first[0].full_macs
        pairs = [(one.test, one.within(macs), other.within(macs)) for one, other in zip(first, second, strict=True)]
        if any(decision is None for _, *both in pairs for decision in both):
            continue
        found = [compare_paired("accuracy", test, one, other) for test, one, other in pairs if one and other]
        one, other = (np.array([getattr(pair, key) for pair in found]) for key in ("first", "second"))
        difference = one - other
        p_values = " ".join(f"{pair.p_value:.3f}" for pair in found)
        figures = (
            f"{one.mean():.4f}",
            f"{other.mean():.4f}",
            f"{difference.mean():+.4f}",
            f"{difference.std(ddof=1):.4f}",
        )
        table.add_row(f"{budget:.1f}", f"{macs:,.0f}", *figures, p_values)
    console.print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of finished sweeps; the first two are compared")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with the data of the sweeps")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", CalibrationWarning)
    console = Console(width=120)
    found = {run.name: list(networks_of(run, arguments.data_dir)) for run in arguments.runs}
    for name, networks in found.items():
        print_policies(console, name, networks)
    if len(found) > 1:
        (one, first), (other, second), *_ = found.items()
        print_budgets(console, (one, other), first, second)


if __name__ == "__main__":
    main()
