"""How near to the best possible front does the policy search come, and do others come nearer with as many evaluations?

Every method chooses thresholds of the confidence rule on the same table, under "accuracy >= full network - 1 point",
and may make the same number of passes over the samples: for one policy, or, which only the project's own search and
coordinate descent can do, for all levels of one gate together. Peers: the project's own baselines, pymoo's NSGA-II and
Optuna's NSGA-II sampler, which slows down with the square of its trials: it is given 1,000, and so is the policy search
beside it. "exhaustive" is exact for up to three exits and a fine grid for four; it keeps to no budget. Tables: real
ones (``benchmarks/tables.py``) and made-up ones with 3 to 8 exits.
Usage: ``python benchmarks/policy_quality.py [--tables DIR] [--data-dir DIR] [--evaluations N]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import time

import numpy as np
from numpy.typing import NDArray
import optuna
import pandas as pd
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.optimize import minimize
from rich.console import Console
from rich.progress import track
from rich.table import Table
from tables import DEFAULT_FOLDER, real_tables, synthetic_table

from policies.baselines import BASELINE_RULE, BASELINES
from policies.baselines.choice import baseline_evaluator
from policies.calibration.temperature import fit_temperatures
from policies.evaluation.population import PopulationEvaluator
from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.evolution.search import search_rule
from policies.evolution.settings import EvolveSettings
from policies.goals.archive import Archive
from policies.goals.goal import Goal
from policies.goals.pareto import hypervolume
from policies.metrics.exits import exit_accuracies
from policies.tables.classification import ClassificationTable


OURS = "policy search"
POPULATION = 100
FEW = 1_000
_ALLOWED_DROP = 0.01


@dataclass(frozen=True)
class Case:
    """One table with what all methods see of it.

    Attributes:
        name: Of the table.
        table: The ``search`` table.
        temperatures: One per exit, shape (E,).
        goal: Accuracy of the full network less one point.
        evaluator: With every distinct score.
    """

    name: str
    table: ClassificationTable
    temperatures: NDArray[np.float64]
    goal: Goal
    evaluator: PopulationEvaluator

    @classmethod
    def of(cls, name: str, table: ClassificationTable) -> Case:
        """Calibrate the table and set its target."""
        temperatures = fit_temperatures(table)
        goal = Goal(target=float(exit_accuracies(table)[-1]) - _ALLOWED_DROP)
        return cls(name, table, temperatures, goal, baseline_evaluator(table, temperatures, goal))


def all_cases(folder: Path, data_dir: Path | None) -> list[Case]:
    """Real tables, then made-up ones with 3 to 8 exits."""
    real = [Case.of(tables.name, tables.search) for tables in real_tables(folder, data_dir)]
    made_up = [(n_exits, seed) for n_exits in range(3, 9) for seed in range(3)]
    return real + [
        Case.of(f"made-up, {n_exits} exits, {seed}", synthetic_table(3000, n_exits, 10, seed))
        for n_exits, seed in made_up
    ]


def search_archive(case: Case, evaluations: int, seed: int) -> Archive:
    """The project's own search of the confidence rule."""
    settings = EvolveSettings(max_evaluations=evaluations)
    space = RuleSpace(
        BASELINE_RULE, case.table, case.temperatures, case.goal, max_levels=settings.max_levels, seed=seed
    )
    return search_rule(space, settings, Budget(evaluations), seed=seed)


def baseline_archive(name: str, case: Case, evaluations: int, seed: int) -> Archive | None:
    """What one of the baselines visits."""
    baseline = BASELINES[name]
    if not baseline.fits(case.evaluator):
        return None
    rng = np.random.default_rng(seed)
    visited = baseline.visit(case.evaluator, case.goal, evaluations=evaluations, rng=rng)
    return _archive(case, visited)


def pymoo_archive(case: Case, evaluations: int, seed: int) -> Archive:
    """NSGA-II of pymoo on level indices, with the accuracy as a constraint."""
    archive = Archive.empty(case.goal, case.evaluator.n_genes)

    class Thresholds(Problem):
        def __init__(self) -> None:
            top = case.evaluator.n_levels - 1
            super().__init__(n_var=len(top), n_obj=2, n_ieq_constr=1, xl=0, xu=top, vtype=int)

        def _evaluate(self, x: NDArray[np.int64], out: dict[str, object], *args: object, **kwargs: object) -> None:
            seen = _offer(archive, case, x.astype(np.int64))
            out["F"] = np.column_stack([-seen.quality, seen.objective])
            out["G"] = case.goal.target - seen.quality

    operators = {
        "sampling": IntegerRandomSampling(),
        "crossover": SBX(prob=0.9, eta=15, vtype=float, repair=RoundingRepair()),
        "mutation": PM(eta=20, vtype=float, repair=RoundingRepair()),
    }
    algorithm = NSGA2(pop_size=POPULATION, eliminate_duplicates=True, **operators)
    minimize(Thresholds(), algorithm, ("n_eval", evaluations), seed=seed, verbose=False)
    return archive


def optuna_archive(case: Case, evaluations: int, seed: int) -> Archive:
    """NSGA-II sampler of Optuna on level indices, with the accuracy as a constraint."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    archive = Archive.empty(case.goal, case.evaluator.n_genes)

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        genome = [trial.suggest_int(f"level_{g}", 0, int(n) - 1) for g, n in enumerate(case.evaluator.n_levels)]
        seen = _offer(archive, case, np.array([genome], dtype=np.int64))
        trial.set_user_attr("violation", float(seen.violation[0]))
        return float(seen.quality[0]), float(seen.objective[0])

    sampler = optuna.samplers.NSGAIISampler(
        population_size=POPULATION, seed=seed, constraints_func=lambda trial: [trial.user_attrs["violation"]]
    )
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    study.optimize(objective, n_trials=evaluations)
    return archive


def _offer(archive: Archive, case: Case, genomes: NDArray[np.int64]) -> object:
    seen = case.goal.assess(case.evaluator.evaluate(genomes))
    archive.offer(np.column_stack([np.zeros(len(genomes), dtype=np.int64), genomes]), seen)
    return seen


def _archive(case: Case, genomes: NDArray[np.int64]) -> Archive:
    archive = Archive.empty(case.goal, case.evaluator.n_genes)
    _offer(archive, case, genomes)
    return archive


def figures(case: Case, archive: Archive) -> tuple[float, float]:
    """Hypervolume above the target and below the full depth, and the depth at the target (NaN: infeasible)."""
    found = archive.assessment
    feasible = found.violation <= 0
    volume = hypervolume(
        found.quality[feasible],
        found.objective[feasible],
        worst_quality=case.goal.target - 1e-9,
        worst_objective=case.table.n_exits + 0.05,
    )
    return volume, float(found.objective[feasible].min()) if feasible.any() else float("nan")


def measure(case: Case, evaluations: int, *, seed: int = 0) -> list[dict[str, object]]:
    """Hypervolume and depth at the target of every method on one table."""
    methods: dict[str, Callable[[], Archive | None]] = {
        OURS: lambda: search_archive(case, evaluations, seed),
        **{name: lambda name=name: baseline_archive(name, case, evaluations, seed) for name in BASELINES},
        "pymoo NSGA-II": lambda: pymoo_archive(case, evaluations, seed),
    }
    methods[f"policy search, {FEW:,} evaluations"] = lambda: search_archive(case, FEW, seed)
    methods[f"Optuna NSGA-II, {FEW:,} evaluations"] = lambda: optuna_archive(case, FEW, seed)
    rows = []
    for name, run in methods.items():
        started = time.perf_counter()
        archive = run()
        took = time.perf_counter() - started
        if archive is not None:
            volume, depth = figures(case, archive)
            rows.append(
                {
                    "table": case.name,
                    "exits": case.table.n_exits,
                    "method": name,
                    "volume": volume,
                    "depth": depth,
                    "seconds": took,
                }
            )
    return rows


def compare(rows: pd.DataFrame) -> pd.DataFrame:
    """Each method against the policy search: ratios by table, then least, median and how often it is not better."""
    ours = rows[rows["method"] == OURS].set_index("table")
    volume = rows["volume"] / rows["table"].map(ours["volume"])
    excess = rows["depth"] / rows["table"].map(ours["depth"]) - 1
    rows = rows.assign(ratio=volume, excess=excess, beats=volume > 1 + 1e-9)
    return rows.groupby("method", sort=False).agg(
        tables=("table", "size"),
        least=("ratio", "min"),
        median=("ratio", "median"),
        most=("ratio", "max"),
        beats=("beats", "sum"),
        excess=("excess", "median"),
        least_excess=("excess", "min"),
        seconds=("seconds", "median"),
    )


def show(console: Console, title: str, compared: pd.DataFrame) -> None:
    """Print one table."""
    table = Table(title=title)
    headings = ("method", "tables", "hypervolume / ours\nleast", "\nmedian", "\nmost", "tables where\nlarger than ours")
    for heading in (*headings, "depth at target, % above ours\nmedian", "\nleast", "seconds\nmedian"):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    for row in compared.itertuples():
        ratios = [f"{row.least:.4f}", f"{row.median:.4f}", f"{row.most:.5f}", f"{row.beats}"]
        depths = [f"{100 * row.excess:.2f}", f"{100 * row.least_excess:.2f}"]
        table.add_row(row.Index, f"{row.tables}", *ratios, *depths, f"{row.seconds:.2f}")
    console.print(table)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--evaluations", type=int, default=20_000)
    arguments = parser.parse_args()

    console = Console(width=150)
    cases = all_cases(arguments.tables, arguments.data_dir)
    rows: list[dict[str, object]] = []
    for case in track(cases, console=console, transient=True):
        rows += measure(case, arguments.evaluations)
    frame = pd.DataFrame(rows)
    title = f"{len(cases)} tables, {arguments.evaluations:,} evaluations each"
    show(console, title, compare(frame))
    exact = set(frame.loc[frame["method"] == "exhaustive", "table"])
    for n_exits, of_exits in frame[frame["table"].isin(exact)].groupby("exits"):
        show(console, f"{n_exits} exits, beside the exhaustive front", compare(of_exits))


if __name__ == "__main__":
    main()
