"""``exitsearch report``: what finished searches found, one after the other or side by side."""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from search.errors import RunFolderError
from search.report import print_policies
from search.result_files import ResultFiles


SELECTED = "selected policy"
_FIGURES = ("accuracy", "macro_f1", "mean_depth", "mean_cost", "flip_rate", "exit_consistency")
_LATENCY = "mean_latency_ms"
_HEADINGS = ("accuracy", "macro-F1", "depth", "cost", "flips", "consistency")


def report_command(
    runs: Sequence[Path], *, compare: bool, split: str, out: Path | None = None, console: Console
) -> pd.DataFrame | None:
    """Print what searches found.

    Args:
        runs: Folders of finished sweeps or policy searches.
        compare: One table of the policies of all runs, instead of one report after the other.
        split: Whose figures the table shows: search, certify or test.
        out: A CSV file for the table, or None; only with ``compare``.
        console: Where to print.

    Returns:
        The table, a row per run and policy; None without ``compare``.

    Raises:
        RunFolderError: If a folder is not that of a finished search, or has no figures on the split.
    """
    summaries = {run: _read(run) for run in runs}
    if not compare:
        for run, summary in summaries.items():
            console.print(escape(str(run)), style="bold", highlight=False)
            print_policies(console, summary, ResultFiles(run))
        return None
    table = pd.DataFrame([row for run, summary in summaries.items() for row in _rows(run, summary, split)])
    console.print(_show(table, split))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(out, index=False)
    return table


def _read(run: Path) -> dict[str, Any]:
    path = ResultFiles(run).summary_file
    try:
        summary: dict[str, Any] = json.loads(path.read_text())
        if not {"selected", "baselines"} <= set(summary):
            raise ValueError
    except (OSError, ValueError, TypeError):
        raise RunFolderError(
            f"{run}: a finished search has {path.name}, but there is none that can be read; name folders of searches, "
            f"such as runs/digits-1"
        ) from None
    return summary


def _rows(run: Path, summary: dict[str, Any], split: str) -> list[dict[str, Any]]:
    policies = {SELECTED: summary["selected"]}
    policies |= {name.replace("_", " "): figures for name, figures in summary["baselines"].items()}
    for one in summary.get("baseline_trials", []):
        # Of these there are figures where they are compared.
        if split in one:
            policies[f"{one['trial']}: {one['policy'].replace('_', ' ')}"] = one
    rows = []
    for name, figures in policies.items():
        if split not in figures:
            raise RunFolderError(f"{run}: there must be figures on {split} but there are none; name another --split")
        own = figures[split]
        rows.append(
            {
                "run": str(run),
                "policy": name,
                "certified": name == SELECTED and bool(summary["certified"]),
                **{key: own[key] for key in _FIGURES},
                _LATENCY: own.get(_LATENCY),
                "exit_mix": " / ".join(f"{share:.3f}" for share in own["exit_mix"]),
            }
        )
    return rows


def _show(table: pd.DataFrame, split: str) -> Table:
    shown = Table(title=f"Policies on {split}", title_justify="left", show_edge=False, pad_edge=False, highlight=False)
    shown.add_column("run")
    shown.add_column("policy")
    is_timed = bool(table[_LATENCY].notna().any())
    for heading in (*_HEADINGS, *(["ms"] if is_timed else [])):
        shown.add_column(heading, justify="right")
    shown.add_column("exit mix")
    last = None
    for row in table.to_dict("records"):
        if last not in (None, row["run"]):
            shown.add_section()
        name = row["policy"] + (" (certified)" if row["certified"] else "")
        run = row["run"] if row["run"] != last else ""
        latency = ["" if pd.isna(row[_LATENCY]) else f"{row[_LATENCY]:.3f}"] if is_timed else []
        shown.add_row(escape(run), escape(name), *(f"{row[key]:.4f}" for key in _FIGURES), *latency, row["exit_mix"])
        last = row["run"]
    return shown
