"""``exitsearch compare``: whether two groups of runs differ, by any of their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from search.journal import read_events
from search.stats import Comparison, StatisticsError, compare


DEFAULT_METRICS = ("accuracy", "macro_f1", "mean_depth", "mean_cost", "ece", "nll")
_SEED = "_seed_"
_EXPERIMENT = "exitsearch"


class MissingFigureError(StatisticsError):
    """A run does not have the figure that is compared."""


def compare_command(
    first: str,
    second: str,
    *,
    metrics: Sequence[str] | None,
    split: str,
    seed: int,
    out: Path | None = None,
    tracking_uri: str | None = None,
    console: Console,
) -> pd.DataFrame:
    """Compare two groups of runs and print what came out.

    Args:
        first: ``RUN[,RUN...]``, where a run is a sweep's folder, a pattern of such folders, or ``FOLDER:TRIAL`` for
            a trial that was trained with several seeds.
        second: Likewise.
        metrics: Which figures; those that a group lacks are refused. None takes the usual ones that both have.
        split: Which split's figures of selected policies: search, certify or test.
        seed: Of the bootstrap and of sampled permutations.
        out: A CSV file for the table, or None.
        tracking_uri: An MLflow store for the table, or None.
        console: Where to print.

    Returns:
        A row per metric, with the columns of :class:`~search.stats.Comparison`.

    Raises:
        StatisticsError: If a group has fewer than two runs, or one of them lacks a figure.
    """
    rows = {
        metric: compare(read_group(first, metric, split=split), read_group(second, metric, split=split), seed=seed)
        for metric in metrics or _common(first, second, split)
    }
    console.print(_table(first, second, rows))
    found = pd.DataFrame([{"metric": metric, **asdict(row)} for metric, row in rows.items()])
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        found.to_csv(out, index=False)
    if tracking_uri is not None:
        _track(found, first, second, tracking_uri)
    return found


def _track(found: pd.DataFrame, first: str, second: str, tracking_uri: str) -> None:
    import mlflow

    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment(_EXPERIMENT)
    with mlflow.start_run(run_name="comparison", tags={"kind": "comparison"}):
        mlflow.log_params({"first": first, "second": second})
        mlflow.log_metrics({f"difference_{row.metric}": row.difference for row in found.itertuples()})
        mlflow.log_table(found.astype({"interval": str}), "comparison.json")


def _common(first: str, second: str, split: str) -> list[str]:
    """The usual figures that both groups have."""
    shared = []
    for metric in DEFAULT_METRICS:
        try:
            read_group(first, metric, split=split)
            read_group(second, metric, split=split)
        except MissingFigureError:
            continue
        shared.append(metric)
    if not shared:
        raise StatisticsError(f"{first} and {second} share none of {', '.join(DEFAULT_METRICS)}; name a --metric")
    return shared


def read_group(runs: str, metric: str, *, split: str) -> list[float]:
    """The values of one figure over a group of runs.

    Raises:
        StatisticsError: If there is no such run or figure.
    """
    return [value for one in runs.split(",") for value in _values(one.strip(), metric, split)]


def _values(run: str, metric: str, split: str) -> list[float]:
    folder, _, trial = run.partition(":")
    if trial:
        return _values_of_seeds(Path(folder), trial, metric)
    found = sorted(Path(folder).parent.glob(Path(folder).name))
    if not found:
        raise StatisticsError(f"there is no run {folder!r}; name folders of finished sweeps, such as runs/digits-1")
    return [_value_of_run(path, metric, split) for path in found]


def _value_of_run(folder: Path, metric: str, split: str) -> float:
    try:
        figures = json.loads((folder / "summary.json").read_text())["selected"][split]
    except (OSError, ValueError, KeyError, TypeError):
        raise StatisticsError(
            f"{folder}: a run needs summary.json with figures on {split} but has none; let the sweep finish, or name "
            f"another --split"
        ) from None
    return _number(figures, metric, str(folder))


def _values_of_seeds(folder: Path, trial: str, metric: str) -> list[float]:
    last: dict[str, Any] = {}
    for event in read_events(folder / "journal.jsonl"):
        if event["event"] == "reported" and event["trial"] == trial:
            last = event["metrics"]
    if not last:
        raise StatisticsError(f"{folder} has no reports of {trial!r}; its trials are named trial-0001 and on")
    own = [key for key in last if key.startswith(f"{metric}{_SEED}")]
    if not own:
        known = sorted({key.partition(_SEED)[0] for key in last if _SEED in key})
        hint = f"it has {', '.join(known)}" if known else "it was trained with one seed; set seeds in the sweep file"
        raise MissingFigureError(f"{folder}:{trial} has no {metric!r} for each seed; {hint}")
    return [float(last[key]) for key in own]


def _number(figures: dict[str, Any], metric: str, where: str) -> float:
    value = figures.get(metric)
    if not isinstance(value, int | float):
        known = [key for key, one in figures.items() if isinstance(one, int | float)]
        raise MissingFigureError(f"{where} has no figure {metric!r}; it has {', '.join(known)}")
    return float(value)


def _table(first: str, second: str, rows: dict[str, Comparison]) -> Table:
    table = Table(
        title=f"A: {first}   B: {second}", title_justify="left", show_edge=False, pad_edge=False, highlight=False
    )
    table.add_column("")
    for heading in ("A mean", "A sd", "B mean", "B sd", "B - A", "95 % interval", "p", "Cohen's d"):
        table.add_column(heading, justify="right")
    for metric, row in rows.items():
        low, high = row.interval
        table.add_row(
            metric,
            f"{row.first_mean:.4f}",
            f"{row.first_sd:.4f}",
            f"{row.second_mean:.4f}",
            f"{row.second_sd:.4f}",
            f"{row.difference:+.4f}",
            f"[{low:+.4f}, {high:+.4f}]",
            f"{row.p_value:.4f}" + ("" if row.p_is_exact else " *"),
            "-" if row.cohens_d_sample is None else f"{row.cohens_d_sample:.2f}",
        )
    if not all(row.p_is_exact for row in rows.values()):
        table.caption = "* of sampled permutations; the others are exact"
    return table
