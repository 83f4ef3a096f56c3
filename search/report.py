"""What a sweep prints at its end, and its front as a table."""

from __future__ import annotations

import json
from pathlib import Path
import shlex
import shutil
import sys
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from search.run_folder import RunFolder


_SHOWN = ("search", "test")


def front_table(front: pd.DataFrame) -> pd.DataFrame:
    """The front as it is written to CSV: figures, marks, thresholds by depth, and the whole policy as JSON."""
    table = front.drop(columns="policy")
    thresholds = pd.DataFrame([policy.thresholds for policy in front["policy"]], index=front.index)
    thresholds.columns = pd.Index([f"threshold_{depth}" for depth in range(1, thresholds.shape[1] + 1)])
    table = pd.concat([table, thresholds], axis=1)
    table["policy"] = [json.dumps(policy.to_dict()) for policy in front["policy"]]
    return table


def print_summary(console: Console, summary: dict[str, Any], folder: RunFolder, *, tracking_uri: str) -> None:
    """Tell a person what was found, and where to look further."""
    console.print()
    console.print(_verdict(summary), soft_wrap=True, highlight=False)
    console.print(_comparison(summary))
    mix = summary["selected"]["test"]["exit_mix"]
    shares = "  ".join(f"depth {depth}: {share:.1%}" for depth, share in enumerate(mix, start=1))
    console.print(f"Exit mix on test   {shares}", highlight=False)
    counts = summary["trials"]
    console.print(
        f"Trials             {counts['completed']} completed, {counts['pruned']} stopped early, "
        f"{counts['failed']} failed, in {summary['seconds']:.0f} s",
        highlight=False,
    )
    for label, path in (("Files", folder.path), ("Figure", folder.front_png), ("Interactive", folder.front_html)):
        console.print(f"{label:<18} {path}", soft_wrap=True, highlight=False)
    console.print(f"MLflow             {mlflow_ui_command(tracking_uri)}", soft_wrap=True, highlight=False)


def mlflow_ui_command(tracking_uri: str) -> str:
    """The exact command that shows the sweep: a local store is served on loopback, a server has its own page."""
    if tracking_uri.startswith(("http://", "https://")):
        return f"open {tracking_uri}"
    beside = Path(sys.executable).with_name("mlflow")
    program = "mlflow" if shutil.which("mlflow") == str(beside) else str(beside)
    return f"{shlex.quote(program)} ui --backend-store-uri {shlex.quote(tracking_uri)}"


def _verdict(summary: dict[str, Any]) -> str:
    selected, target = summary["selected"], summary["target"]
    if not summary["feasible"]:
        return (
            f"INFEASIBLE: no policy reached accuracy {target:g} on search; the nearest has "
            f"{selected['search']['accuracy']:.4f} (trial {selected['trial_id']})"
        )
    leaves_early = any(threshold is not None for threshold in selected["params"]["thresholds"])
    policy = f"rule {selected['rule']}" if leaves_early else "the full network, without early exits"
    policy += f", trial {selected['trial_id']}"
    if not summary["certified"]:
        return f"Selected: {policy}. NOT CERTIFIED: {summary['certificate']['reason']}"
    return (
        f"Selected: {policy}. Certified: accuracy is at least {target:g} on new data of the same kind, "
        f"with confidence {1 - summary['delta']:.0%} (lower bound {summary['certificate']['bound']:.4f})"
    )


def _comparison(summary: dict[str, Any]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("", no_wrap=True)
    for split in _SHOWN:
        table.add_column(f"accuracy\n{split}", justify="right")
        table.add_column(f"depth\n{split}", justify="right")
    table.add_column("cost\ntest", justify="right")
    baselines = summary["baselines"]
    rows = [
        ("selected policy", summary["selected"]),
        ("greedy shared threshold", baselines["greedy_shared_threshold"]),
        ("full network", baselines["full_network"]),
    ]
    for name, figures in rows:
        cells = [name]
        for split in _SHOWN:
            cells += [f"{figures[split]['accuracy']:.4f}", f"{figures[split]['mean_depth']:.3f}"]
        table.add_row(*cells, f"{figures['test']['mean_cost']:.3f}")
    cells = ["oracle (labels known)"]
    for split in _SHOWN:
        depth = summary["oracle"][split]
        cells += [f"{summary['target']:.4f}", "out of reach" if depth is None else f"{depth:.3f}"]
    table.add_row(*cells, "")
    return table
