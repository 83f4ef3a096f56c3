"""What do leaving early and reading less save together, and what does each save alone, at equal quality?

Takes folders with the three tables of one network, whose samples are parts of parents (segments of a recording, views
of an object): ``search.npz``, ``certify.npz`` and ``test.npz``; one folder a seed. For each way the policy of least
cost is searched on ``search`` whose quality is at most ``--max-drop`` below that of the full network that reads all:

- *depth*: each sample leaves by itself, and all are read;
- *whole parents*: all samples of a parent leave together;
- *reading*: samples are read in order until the pooled answer is sure, each at full depth;
- *both, by sample*: samples are read in order, and each leaves by itself (level ``reading``);
- *both, by parent*: all samples of a parent are read exit by exit, in order, until their pooled answer is sure (level
  ``progressive``).

The policies are plain ones (:mod:`policies.evolution.plain`), so that no way is flattered by having more to choose. All
are judged on ``certify`` and ``test``, on which nothing was chosen; figures are means over their parents. Costs are
per sample of the table, as shares of reading everything at full depth; a sample that is not read costs nothing.
Usage: ``python benchmarks/reading_and_depth.py FOLDER [FOLDER ...] [--pooling NAME] [--quality NAME]
[--rule NAME] [--max-drop NUMBER ...]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table

from policies.baselines.full_network import full_network
from policies.evolution.genome import RuleSpace
from policies.evolution.plain import plain_archive
from policies.evolution.search import front_of
from policies.goals.figures import asked_figures, quality_of
from policies.goals.front import Front
from policies.goals.goal import Goal
from policies.metrics.reading import read_figures
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from policies.qualities import get_quality
from policies.tables.base import ExitTable
from policies.tasks import get_task, load_table


WAYS = {
    "depth": Level.SAMPLE,
    "whole parents": Level.PARENT,
    "reading": Level.READING,
    "both, by sample": Level.READING,
    "both, by parent": Level.PROGRESSIVE,
}
"""What leaves together in each way to save."""
JUDGES = ("certify", "test")
_FIGURES = ("quality", "lost", "cost", "depth", "read")


@dataclass(frozen=True)
class Asked:
    """What is compared.

    Attributes:
        pooling: How what is said of samples is pooled over their parent; by default as the task does.
        quality: Name of the quality that may be lost; by default the task's own.
        rules: Names of the rules that are searched; by default the task's.
        parent_labels: What is true of a parent.
        max_levels: Most thresholds that are tried.
    """

    pooling: str | None = None
    quality: str | None = None
    rules: tuple[str, ...] = ()
    parent_labels: str = "same"
    max_levels: int = 512


def compare(folder: Path, asked: Asked, max_drop: float, *, seed: int = 0) -> pd.DataFrame:
    """What each way saves on the tables of one network.

    Args:
        folder: Folder of the three tables.
        asked: What is compared.
        max_drop: How much of the quality may be lost on ``search``.
        seed: Seed of the searches.

    Returns:
        A row for each way: ``way``, ``max_drop``, ``quality``, what is ``lost`` of it, ``cost``, ``depth`` and how many
        samples of a parent are ``read``.
    """
    tables = {split: load_table(folder / f"{split}.npz") for split in ("search", *JUDGES)}
    task = get_task(tables["search"].task)
    temperatures = task.fit_temperatures(tables["search"])
    name = asked.quality or task.quality
    rows = []
    for way, level in WAYS.items():
        how = Answering.from_dict(
            {"level": level, "pooling": asked.pooling or task.pooling, "parent_labels": asked.parent_labels}
        )
        own = {split: table.answered(how) for split, table in tables.items()}
        whole = full_network(own["search"], temperatures)
        reached = quality_of(name, own["search"], whole.decide(own["search"]))
        goal = Goal(quality=name, objective="cost").with_limit(name, reached - get_quality(name).sign * max_drop)
        best = _best(way, own["search"], temperatures, goal, asked, seed=seed)
        rows.append({"way": way, "max_drop": max_drop, **judged(best, whole, goal, own)})
    return pd.DataFrame(rows)


def _best(
    way: str, search: ExitTable, temperatures: NDArray[np.float64], goal: Goal, asked: Asked, *, seed: int
) -> Policy:
    rules = asked.rules or get_task(search.task).rules
    if way != "reading":
        spaces = [RuleSpace(rule, search, temperatures, goal, max_levels=asked.max_levels, seed=seed) for rule in rules]
        fronts = [front_of(space, plain_archive(space)) for space in spaces]
        return Front.merged(fronts, goal, front_size=1).best(goal).policy
    return reading_alone(rules[0], search, temperatures, goal)


def reading_alone(rule: str, search: ExitTable, temperatures: NDArray[np.float64], goal: Goal) -> Policy:
    """The goal's best of the policies that read less at full depth."""
    space = RuleSpace(rule, search, temperatures, goal)
    genomes = space.evaluator(0).at_full_depth()
    candidates = np.column_stack([np.zeros(len(genomes), dtype=np.int64), genomes])
    return space.policy(candidates[goal.best(goal.assess(space.evaluate(candidates)))])


def judged(policy: Policy, whole: Policy, goal: Goal, tables: Mapping[str, ExitTable]) -> dict[str, float]:
    """What a policy does on the tables that nothing was chosen on, by :data:`_FIGURES`, weighted by their parents."""
    figures, n_parents = [], []
    for table in (tables[split] for split in JUDGES):
        decision = policy.decide(table)
        own = asked_figures(goal, table, decision)
        lost = get_quality(goal.quality).sign * (
            quality_of(goal.quality, table, whole.decide(table)) - own[goal.quality]
        )
        depth = float((decision.exits + 1).mean())
        read = read_figures(table, decision)["mean_read"]
        figures.append([own[goal.quality], lost, own["mean_cost"], depth, read])
        n_parents.append(0 if decision.parents is None else decision.parents.parents.n)
    return dict(zip(_FIGURES, np.average(figures, axis=0, weights=n_parents).tolist(), strict=True))


def table_of(found: pd.DataFrame) -> Table:
    """Means over the seeds, and the smallest and largest cost."""
    n_seeds = found["folder"].nunique()
    table = Table(title=f"Least cost at equal quality on search, judged on {' and '.join(JUDGES)}; {n_seeds} networks")
    headings = ("may lose", "way", "lost", "cost", "min", "max", "saved", "depth", "samples read")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for max_drop, of_drop in found.groupby("max_drop"):
        for way in WAYS:
            own = of_drop[of_drop["way"] == way]
            means = own.mean(numeric_only=True)
            costs = (means["cost"], own["cost"].min(), own["cost"].max())
            table.add_row(
                *(f"{max_drop:g}", way, f"{means['lost']:.4f}", *(f"{cost:.4f}" for cost in costs)),
                *(f"{1 - means['cost']:.1%}", f"{means['depth']:.3f}", f"{means['read']:.2f}"),
            )
        table.add_section()
    return table


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="folder of three tables; one a seed")
    parser.add_argument("--pooling", help="as the task pools where left out")
    parser.add_argument("--quality", help="the task's own where left out")
    parser.add_argument("--rule", action="append", default=[], help="the task's where left out; several may be given")
    parser.add_argument("--parent-labels", default="same", choices=("same", "any", "majority"))
    parser.add_argument("--max-drop", type=float, nargs="+", default=[0.0, 0.005, 0.01, 0.02])
    given = parser.parse_args()
    asked = Asked(given.pooling, given.quality, tuple(given.rule), given.parent_labels)
    found = [
        compare(folder, asked, max_drop, seed=seed).assign(folder=str(folder))
        for seed, folder in enumerate(track(given.folders, description="networks"))
        for max_drop in given.max_drop
    ]
    Console(width=120).print(table_of(pd.concat(found, ignore_index=True)))


if __name__ == "__main__":
    main()
