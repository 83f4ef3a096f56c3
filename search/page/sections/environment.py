"""Where and with what it ran, how to run it again, and which commands come next."""

from __future__ import annotations

from collections.abc import Mapping
import shlex
from typing import Any

from markupsafe import Markup

from search.page.blocks import command, heading, html_table, paragraph, text_cell
from search.page.run import FinishedRun
from search.page.section import Section
from search.run_folder.folder import RunFolder


_LIBRARIES = ("exitsearch", "torch", "torchvision", "torchaudio", "numpy", "scipy", "scikit-learn", "numba")
_PACKAGES = (*_LIBRARIES, "ray", "optuna", "mlflow", "pandas", "plotly")
_LIMITS = ("max_drop", "max_relative_drop")


def environment(run: FinishedRun) -> Section:
    """Packages that matter, seeds, machine, time, and commands."""
    html = [facts(run.environment, run.summary.seconds)]
    html += [heading("Run it again"), command(run_again(run))]
    if not run.is_sweep:
        html.append(paragraph("Other options, such as rules and seeds, are not kept with a policy search; add them."))
    html += [heading("What comes next"), *(paragraph(told) + command(text) for told, text in next_steps(run))]
    return Section("environment", "Environment and commands", Markup("").join(html))


def facts(found: Mapping[str, Any], seconds: float = 0.0) -> Markup:
    """Packages that matter, seeds, machine and time, as a table.

    Args:
        found: What ``environment.json`` holds.
        seconds: How long the search took; 0 where that is not known.
    """
    packages = {name.lower(): version for name, version in found.get("packages", {}).items()}
    rows = [
        ("Python", found.get("python")),
        ("machine", ", ".join(filter(None, (found.get("platform"), found.get("processor"))))),
        ("git commit", found.get("git_commit")),
        ("seeds", ", ".join(f"{name} {seed}" for name, seed in found.get("seeds", {}).items())),
        *(("packages", f"{name} {packages[name]}") for name in _PACKAGES if name in packages),
    ]
    merged: dict[str, list[str]] = {}
    for name, value in rows:
        if value:
            merged.setdefault(name, []).append(str(value))
    if seconds:
        merged["time"] = [f"{seconds:,.0f} s"]
    return html_table(("", ""), [(name, text_cell(", ".join(values))) for name, values in merged.items()])


def sweep_again(folder: RunFolder) -> str:
    """The command that runs the same sweep once more, in a folder of another name."""
    return shlex.join(("exitsearch", "run", str(folder.sweep_file), "--name", f"{folder.name}-again"))


def run_again(run: FinishedRun) -> str:
    """The command that runs the same search once more, in a folder of another name."""
    if run.is_sweep:
        return sweep_again(run.folder)
    summary, tables = run.summary, dict(run.summary.tables)
    words = ["exitsearch", "policy", tables.pop("search", "search.npz")]
    words += [word for split, path in tables.items() for word in (f"--{split}", path)]
    words += [*_asked(run), "--objective", summary.objective, "--out", f"{run.folder.path}-again"]
    return shlex.join(words)


def _asked(run: FinishedRun) -> list[str]:
    """What was asked for, as options."""
    summary, words = run.summary, ["--quality", run.summary.quality]
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
