"""What a search prints at its end."""

from __future__ import annotations

from pathlib import Path
import shlex
import shutil
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from search.result_files import ResultFiles


_SHOWN = ("search", "certify", "test")


def print_summary(console: Console, summary: dict[str, Any], files: ResultFiles, *, tracking_uri: str) -> None:
    """Tell a person what a sweep found, and where to look further."""
    print_policies(console, summary, files)
    counts = summary["trials"]
    console.print(
        f"Trials             {counts['completed']} completed, {counts['pruned']} stopped early, "
        f"{counts['failed']} failed, in {summary['seconds']:.0f} s",
        highlight=False,
    )
    console.print(f"MLflow             {mlflow_ui_command(tracking_uri)}", soft_wrap=True, highlight=False)


def print_policies(console: Console, summary: dict[str, Any], files: ResultFiles) -> None:
    """Tell a person what a policy search found."""
    console.print()
    console.print(_verdict(summary), soft_wrap=True, highlight=False)
    console.print(_comparison(summary))
    last = [split for split in _SHOWN if split in summary["selected"]][-1]
    if summary.get("baseline_trials"):
        console.print(_against_baselines(summary["baseline_trials"], last))
    mix = summary["selected"][last]["exit_mix"]
    shares = "  ".join(f"depth {depth}: {share:.1%}" for depth, share in enumerate(mix, start=1))
    console.print(f"{f'Exit mix on {last}':<18} {shares}", highlight=False)
    if summary.get("recordings"):
        console.print(f"{f'Recordings, {last}':<18} {_recordings(summary['recordings'], last)}", highlight=False)
    if summary["undertrained"]:
        console.print(f"Note               {escape(summary['undertrained'])}", style="yellow", soft_wrap=True)
    for alarm in summary["alarms"]:
        console.print(f"Collapse           {escape(alarm)}", style="yellow", soft_wrap=True, highlight=False)
    for label, path in (("Files", files.path), ("Figure", files.front_png), ("Interactive", files.front_html)):
        console.print(f"{label:<18} {path}", soft_wrap=True, highlight=False)


def _recordings(found: dict[str, Any], split: str) -> str:
    whole, until_sure = found["whole"][split], found["until_sure"][split]
    heard = f"accuracy {whole['accuracy']:.4f}, heard to the end ({whole['mean_seconds']:.2f} s)"
    if found["threshold"] is None:
        return heard
    return f"{heard}; {until_sure['accuracy']:.4f}, heard until sure ({until_sure['mean_seconds']:.2f} s)"


def mlflow_ui_command(tracking_uri: str) -> str:
    """The exact command that shows the sweep: a local store is served on loopback, a server has its own page."""
    if tracking_uri.startswith(("http://", "https://")):
        return f"open {tracking_uri}"
    beside = Path(sys.executable).with_name("mlflow")
    program = "mlflow" if shutil.which("mlflow") == str(beside) else str(beside)
    return f"{shlex.quote(program)} ui --backend-store-uri {shlex.quote(tracking_uri)}"


def _verdict(summary: dict[str, Any]) -> str:
    selected, certificate = summary["selected"], summary["certificate"]
    if not summary["feasible"]:
        found = selected["search"]
        nearest = f"{summary['quality']} {found[summary['quality']]:.4f} at depth {found['mean_depth']:.3f}"
        return f"INFEASIBLE: no policy met {summary['asked']} on search; the nearest has {nearest}{_trial(selected)}"
    policy = f"rule {selected['rule']}" if _leaves_early(selected) else "the full network, without early exits"
    policy += _trial(selected)
    if certificate is None:
        return (
            f"Selected: {policy}. It meets {summary['asked']} on search; {summary['uncertified']['text']}; nothing was "
            f"to be certified"
        )
    if not summary["certified"]:
        return (
            f"Selected: {policy}. NOT CERTIFIED: {escape(certificate['reason'])}. "
            f"Chosen since {summary['uncertified']['text']}"
        )
    return (
        f"Selected: {policy}. Certified: {certificate['claim']} on new data of the same kind, "
        f"with confidence {1 - summary['delta']:.0%} (bound {certificate['bound']:.4f})"
    )


def _leaves_early(selected: dict[str, Any]) -> bool:
    rows = selected["params"]["thresholds"]
    return any(value is not None for row in rows for value in (row if isinstance(row, list) else [row]))


def _trial(selected: dict[str, Any]) -> str:
    return f", {selected['network']}" if "network" in selected else ""


def _comparison(summary: dict[str, Any]) -> Table:
    splits = [split for split in _SHOWN if split in summary["selected"]]
    if len(splits) > 2:
        splits.remove("certify")
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("", no_wrap=True)
    for split in splits:
        table.add_column(f"accuracy\n{split}", justify="right")
        table.add_column(f"depth\n{split}", justify="right")
    others = {
        **({} if summary["quality"] == "accuracy" else {summary["quality"]: summary["quality"].replace("_", " ")}),
        "mean_cost": "cost",
        **({"mean_latency_ms": "ms"} if summary["objective"] == "latency" else {}),
    }
    for heading in others.values():
        table.add_column(f"{heading}\n{splits[-1]}", justify="right")
    for name, figures in {"selected policy": summary["selected"], **summary["baselines"]}.items():
        cells = [name.replace("_", " ") + (" (fallback)" if figures.get("is_fallback") else "")]
        for split in splits:
            cells += [f"{figures[split]['accuracy']:.4f}", f"{figures[split]['mean_depth']:.3f}"]
        table.add_row(*cells, *(f"{figures[splits[-1]][key]:.4f}" for key in others))
    if summary["least_accuracy"] is not None:
        _add_oracle(table, summary, splits)
    return table


def _against_baselines(rows: list[dict[str, Any]], split: str) -> Table:
    """The sweep file's baselines, and beside each the best of the front at its depth and at its accuracy."""
    table = Table(title=f"Baseline trials, on {split}", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("")
    for heading in ("accuracy", "depth", "front,\nno deeper", "front, no\nless accurate"):
        table.add_column(heading, justify="right", no_wrap=True)
    trial = None
    for row in rows:
        if row["trial"] != trial:
            trial = row["trial"]
            table.add_section()
            table.add_row(escape(trial))
        name = f" {row['policy'].replace('_', ' ')}" + (" (fallback)" if row["is_fallback"] else "")
        own = row[split]
        found = [
            "none" if row[key] is None else f"{row[key][split]['accuracy']:.4f} at {row[key][split]['mean_depth']:.3f}"
            for key in ("same_depth", "same_accuracy")
        ]
        table.add_row(name, f"{own['accuracy']:.4f}", f"{own['mean_depth']:.3f}", *found)
    return table


def _add_oracle(table: Table, summary: dict[str, Any], splits: list[str]) -> None:
    cells = ["least depth with the exits' own answers"]
    for split in splits:
        depth = summary["oracle"][split]
        cells += [f"{summary['least_accuracy']:.4f}", "out of reach" if depth is None else f"{depth:.3f}"]
    table.add_row(*cells)
