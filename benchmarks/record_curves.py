"""Record the learning curves of a sweep, for ``early_stopping.py``.

The sweep must have been run with ``search.scheduler=none``, so that every trial was trained to its end.
Usage: ``python benchmarks/record_curves.py RUN_FOLDER... [--curves DIR]``, such as ``runs/digits-0001``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from recorded_curves import DEFAULT_FOLDER, INDEX

from search.config.sweep import SweepConfig
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.trials.log import TrialLog


_FIGURES = ("accuracy", "mean_depth", "depth_at_target", "mean_cost")
_DECIMALS = 5


def record_sweep(curves: Path, folder: RunFolder) -> Path:
    """Write the curves of one sweep and its line in the index; a sweep of that name is replaced.

    Trials that an interruption left without an end are left out.

    Args:
        curves: Where the files go.
        folder: Of the sweep.

    Raises:
        ValueError: If the sweep stopped trials, none came to its end, or no report missed the aim.
    """
    config = folder.read_config()
    with Journal(folder.journal_file) as journal:
        reports = list(TrialLog(journal).reports())
    frame = pd.DataFrame([{"trial": trial_id, **metrics} for trial_id, metrics in reports])
    ended = frame.groupby("trial", sort=False).filter(lambda own: _has_ended(own, config.training.epochs))
    if config.search.scheduler != "none" or ended.empty:
        raise ValueError(f"a sweep must have search.scheduler=none and trials that ended, unlike {folder.path}")
    # Trials are named anew by the order of their first reports, and their reports put one after the other.
    ended = ended.assign(trial=pd.factorize(ended["trial"])[0]).sort_values(["trial", "epoch"])
    columns = ["trial", "epoch", *_FIGURES, *_exits(ended), "seconds"]
    curves.mkdir(parents=True, exist_ok=True)
    path = curves / f"{folder.name}.csv"
    ended[columns].to_csv(path, index=False, float_format=f"%.{_DECIMALS}f", na_rep="nan")
    _add_to_index(curves, _index_row(folder.name, config, ended))
    return path


def _exits(frame: pd.DataFrame) -> list[str]:
    names = [name for name in frame if str(name).startswith("accuracy_exit_")]
    return [f"accuracy_exit_{depth}" for depth in range(1, len(names) + 1)]


def _has_ended(reports: pd.DataFrame, epochs: int) -> bool:
    """Whether a trial was trained to its end or diverged."""
    return len(reports) == epochs or bool(reports["accuracy"].isna().iloc[-1])


def _index_row(name: str, config: SweepConfig, frame: pd.DataFrame) -> dict[str, Any]:
    # A report that misses the aim says by how much: depth_at_target is E plus the violation.
    missed = frame[(frame["depth_at_target"] > config.n_exits) & frame["accuracy"].notna()]
    if missed.empty:
        raise ValueError(f"the aim of {name} cannot be told: no report missed it; record a sweep with a higher target")
    first = missed.iloc[0]
    aim = first["depth_at_target"] - config.n_exits + first["accuracy"]
    return {
        "name": name,
        "workload": config.workload,
        "sampler": config.search.sampler,
        "target": config.target,
        "aim": np.floor((aim + 1e-9) * 10**_DECIMALS) / 10**_DECIMALS,
        "epochs": config.training.epochs,
    }


def _add_to_index(curves: Path, row: dict[str, Any]) -> None:
    path = curves / INDEX
    known = pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=list(row))
    rows = [*known[known["name"] != row["name"]].to_dict("records"), row]
    pd.DataFrame(rows).sort_values("name").to_csv(path, index=False)


def main() -> None:
    """Record sweeps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--curves", type=Path, default=DEFAULT_FOLDER)
    arguments = parser.parse_args()
    for run in arguments.runs:
        print(record_sweep(arguments.curves, RunFolder(run)))


if __name__ == "__main__":
    main()
