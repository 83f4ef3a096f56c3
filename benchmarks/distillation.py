"""Whether distillation pays: searched settings against plain cross-entropy, at equal training and equal mean depth.

``python benchmarks/distillation.py --data-dir DIR`` with ``DIR/FashionMNIST/raw`` takes some 35 minutes on two cores.
First ``distillation.yaml`` searches the settings of distillation with seeds of its own. Then the best ones and plain
training are repeated with five other seeds. Each network's policies are chosen on ``search``, the most accurate one
within a mean depth, and measured on ``test``, the official 10,000 test images, on which nothing is chosen.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from policies.goals.request import Request
from policies.metrics.policy import policy_figures
from policies.selection.networks import search_network
from search.analysis.significance import Comparison, compare
from search.cli.run import run_command
from search.config.files import load_sweep
from search.inputs import load_inputs
from search.run_folder.folder import RunFolder
from spaces import Fixed


SWEEP = Path(__file__).with_suffix(".yaml")
ARMS = ("plain", "distilled")
SEEDS = (101, 102, 103, 104, 105)
DEPTHS = (1.25, 1.5, 2.0, 3.0)


def run(name: str, assignments: list[str], *, runs: Path, data_dir: Path, console: Console) -> RunFolder:
    """Run a sweep, or what is left of it."""
    folder = RunFolder(runs / name)
    run_command(
        str(SWEEP),
        [f"runs_dir={runs}", *assignments],
        name=name,
        resume=folder.path.exists(),
        data_dir=data_dir,
        address="local",
        tracking_uri=f"sqlite:///{runs / 'mlflow.db'}",
        console=console,
    )
    return folder


def searched_params(folder: RunFolder) -> dict[str, Any]:
    """What the search chose, without what it held fixed."""
    chosen: dict[str, Any] = json.loads(folder.summary_file.read_text())["selected"]["hyperparameters"]
    dimensions = load_sweep(str(folder.sweep_file), []).build_space().dimensions
    return {name: value for name, value in chosen.items() if not isinstance(dimensions[name], Fixed)}


def repeat(found: RunFolder, seeds: list[int], *, runs: Path, data_dir: Path, console: Console) -> RunFolder:
    """Train both arms with fresh seeds and the teachers of the search."""
    teachers = [
        {"name": one.name, "model": str(found.teacher(one.name))} for one in load_sweep(str(SWEEP), []).teachers
    ]
    distilled = {"distillation": "teachers", **searched_params(found)}
    arms = [{"name": "plain", "distillation": "none"}, {"name": "distilled", **distilled}]
    assignments = [
        f"seeds={seeds}",
        f"teachers={json.dumps(teachers)}",
        f"search.first_trials={json.dumps(arms)}",
        "search.trials=2",
        "space.overrides.distillation=[none, teachers]",
    ]
    return run("repeated", assignments, runs=runs, data_dir=data_dir, console=console)


def measure(folder: RunFolder, depths: tuple[float, ...]) -> pd.DataFrame:
    """Accuracy and mean depth on ``test`` of each network's best policy within each mean depth on ``search``."""
    config = load_sweep(str(folder.sweep_file), [])
    inputs = load_inputs(config)
    splits, spec = inputs.splits, inputs.spec
    # Every policy is wanted, from the shallowest to the most accurate one.
    how = config.policy_search().model_copy(update={"asked": Request(budget=float(spec.n_exits))})
    rows = []
    for number, arm in enumerate(ARMS, start=1):
        for seed in spec.seeds:
            model = spec.load_model(folder.checkpoints / f"trial-{number:04}", splits.train, seed=seed)
            search, test = (spec.table(model, splits[name], name) for name in ("search", "test"))
            front = search_network(f"{arm}-{seed}", search, None, how).front
            for depth in depths:
                within = [point for point in front if point.figures["mean_depth"] <= depth]
                policy = max(within, key=lambda point: point.figures["accuracy"]).policy
                figures = policy_figures(test, policy.decide(test))
                rows.append((arm, seed, depth, figures["accuracy"], figures["mean_depth"]))
    return pd.DataFrame(rows, columns=["arm", "seed", "within", "accuracy", "mean_depth"])


def comparisons(measured: pd.DataFrame, figure: str) -> dict[float, Comparison]:
    """Distilled against plain over the seeds, for each mean depth."""
    return {
        float(depth): compare(*(group.loc[group["arm"] == arm, figure].tolist() for arm in ARMS))
        for depth, group in measured.groupby("within")
    }


def show(measured: pd.DataFrame) -> Table:
    """The comparisons as a table."""
    accuracies, depths = (comparisons(measured, figure) for figure in ("accuracy", "mean_depth"))
    table = Table(title=f"Fashion-MNIST, official test images, {measured['seed'].nunique()} seeds", show_edge=False)
    for heading in ("mean depth\non search", *(f"{arm}\naccuracy, depth" for arm in ARMS)):
        table.add_column(heading)
    for heading in ("difference", "95 % interval", "p", "Cohen's d"):
        table.add_column(heading, justify="right")
    for within, row in accuracies.items():
        effect = "-" if row.cohens_d_sample is None else f"{row.cohens_d_sample:.2f}"
        table.add_row(
            f"<= {within:g}",
            f"{row.first_mean:.4f} ± {row.first_sd:.4f}, {depths[within].first_mean:.3f}",
            f"{row.second_mean:.4f} ± {row.second_sd:.4f}, {depths[within].second_mean:.3f}",
            f"{row.difference:+.4f}",
            f"[{row.interval[0]:+.4f}, {row.interval[1]:+.4f}]",
            f"{row.p_value:.4f}",
            effect,
        )
    return table


def main() -> None:
    """Search, repeat, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with FashionMNIST/raw")
    parser.add_argument("--runs", type=Path, default=Path("build/distillation"), help="where the sweeps are kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    arguments = parser.parse_args()
    console = Console()
    where: dict[str, Any] = {
        "runs": arguments.runs.absolute(),
        "data_dir": arguments.data_dir.absolute(),
        "console": console,
    }
    found = run("searched", [], **where)
    folder = repeat(found, arguments.seeds, **where)
    measured = measure(folder, DEPTHS)
    measured.to_csv(arguments.runs / "measured.csv", index=False)
    console.print(f"Searched settings: {json.dumps(searched_params(found))}", soft_wrap=True)
    console.print(show(measured))


if __name__ == "__main__":
    main()
