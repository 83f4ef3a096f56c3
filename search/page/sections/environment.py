"""Where and with what it ran, how to run it again, and which commands come next."""

from __future__ import annotations

import shlex
from typing import Any

from markupsafe import Markup

from search.page.blocks import command, heading, html_table, paragraph, text_cell
from search.page.run import FinishedRun
from search.page.section import Section


_LIBRARIES = ("exitsearch", "torch", "torchvision", "torchaudio", "numpy", "scipy", "scikit-learn", "numba")
_PACKAGES = (*_LIBRARIES, "ray", "optuna", "mlflow", "pandas", "plotly")
_LIMITS = ("max_drop", "max_relative_drop")


def environment(run: FinishedRun) -> Section:
    """Packages that matter, seeds, machine, time, and commands."""
    html = [html_table(("", ""), _facts(run))]
    html += [heading("Run it again"), command(run_again(run))]
    if not run.is_sweep and run.summary.table_search is None:
        html.append(paragraph("An earlier version kept no other options, such as rules and seeds; add them."))
    html += [heading("What comes next"), *(paragraph(told) + command(text) for told, text in next_steps(run))]
    return Section("environment", "Environment and commands", Markup("").join(html))


def _facts(run: FinishedRun) -> list[tuple[str, Markup]]:
    found: dict[str, Any] = run.environment
    seeds = found.get("seeds", {} if run.summary.table_search is None else {"search": run.seed})
    packages = {name.lower(): version for name, version in found.get("packages", {}).items()}
    facts = [
        ("Python", found.get("python")),
        ("machine", ", ".join(filter(None, (found.get("platform"), found.get("processor"))))),
        ("git commit", found.get("git_commit")),
        ("seeds", ", ".join(f"{name} {seed}" for name, seed in seeds.items())),
        *(("packages", f"{name} {packages[name]}") for name in _PACKAGES if name in packages),
    ]
    merged: dict[str, list[str]] = {}
    for name, value in facts:
        if value:
            merged.setdefault(name, []).append(str(value))
    if run.summary.seconds:
        merged["time"] = [f"{run.summary.seconds:,.0f} s"]
    return [(name, text_cell(", ".join(values))) for name, values in merged.items()]


def run_again(run: FinishedRun) -> str:
    """The command that runs the same search once more, in a folder of another name."""
    if run.is_sweep:
        return shlex.join(("exitsearch", "run", str(run.folder.sweep_file), "--name", f"{run.folder.name}-again"))
    summary, tables = run.summary, dict(run.summary.tables)
    words = ["exitsearch", "policy", tables.pop("search", "search.npz")]
    words += [word for split, path in tables.items() for word in (f"--{split}", path)]
    words += _asked(run) if summary.table_search is None else summary.table_search.options
    return shlex.join([*words, "--out", f"{run.folder.path}-again"])


def _asked(run: FinishedRun) -> list[str]:
    """What was asked for, as options: of a search that did not keep those that it was called with."""
    summary, words = run.summary, ["--quality", run.summary.quality, "--objective", run.summary.objective]
    if summary.target:
        words += ["--target", f"{summary.target:g}"]
    for name in _LIMITS:
        limit = getattr(summary, name)
        each = [f"{quality}={most:g}" for quality, most in limit.items()] if isinstance(limit, dict) else []
        each += [f"{limit:g}"] if isinstance(limit, float) else []
        words += [word for one in each for word in (f"--{name.replace('_', '-')}", one)]
    words += [] if summary.max_drop_greedy is None else ["--max-drop-greedy", f"{summary.max_drop_greedy:g}"]
    words += [] if summary.budget is None else ["--budget", f"{summary.budget:g}"]
    words += [word for name, bound in summary.bounds.items() for word in ("--bound", f"{name}={bound:g}")]
    return [*words, "--delta", f"{summary.delta:g}"]


def next_steps(run: FinishedRun) -> list[tuple[str, str]]:
    """Commands that come next, each with what it is for."""
    folder, name = str(run.folder.path), run.folder.name
    bundle = f"{name}-bundle"
    model = [] if run.is_sweep else ["--model", "MODEL.safetensors", "--data", "DATA"]
    words = [
        "exitsearch",
        "certify",
        str(run.folder.policy_file),
        "NEW-TABLE.npz",
        "--target",
        f"{run.summary.target:g}",
    ]
    if run.summary.quality != "accuracy":
        words += ["--quality", run.summary.quality]
    steps = [
        (
            "A bundle that predicts with the policy:",
            shlex.join(["exitsearch", "export", folder, *model, "--out", bundle]),
        ),
        ("How long it takes on a device:", shlex.join(["exitsearch", "bench", bundle, "--batch-size", "1"])),
    ]
    if run.summary.target:
        steps.insert(1, ("The same claim on data that nobody has looked at:", shlex.join(words)))
    return steps
