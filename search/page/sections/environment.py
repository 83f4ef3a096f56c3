"""Where and with what it ran, how to run it again, and which commands come next."""

from __future__ import annotations

from collections.abc import Mapping
import json
import shlex
from typing import Any

from markupsafe import Markup

from search.page.blocks import command, heading, html_table, paragraph, text_cell
from search.page.run import FinishedRun
from search.page.section import Section
from search.run_folder.folder import RunFolder


_LIBRARIES = ("exitsearch", "torch", "torchvision", "torchaudio", "numpy", "scipy", "scikit-learn", "numba")
_PACKAGES = (*_LIBRARIES, "ray", "optuna", "mlflow", "pandas", "plotly")


def environment(run: FinishedRun) -> Section:
    """Packages that matter, seeds, machine, time, and commands."""
    seeds = {} if run.summary.table_search is None else {"seeds": {"search": run.seed}}
    html = [facts({**seeds, **run.environment}, run.summary.seconds)]
    html += [heading("Run it again"), command(run_again(run))]
    if not run.is_sweep and run.summary.table_search is None:
        html.append(paragraph("An earlier version kept no other options, such as rules and seeds; add them."))
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
    words += _asked(run) if summary.table_search is None else summary.table_search.options
    return shlex.join([*words, "--out", f"{run.folder.path}-again"])


def _asked(run: FinishedRun) -> list[str]:
    """What was asked for, as options: of a search that did not keep those that it was called with."""
    summary = run.summary
    options = {
        "quality": summary.quality,
        "objective": summary.objective,
        "target": summary.target or None,
        "max_drop": summary.max_drop,
        "max_relative_drop": summary.max_relative_drop,
        "max_drop_greedy": summary.max_drop_greedy,
        "budget": summary.budget,
        "bound": summary.bounds,
        # Without a table that certifies, the option is refused.
        "delta": summary.delta if "certify" in summary.tables else None,
    }
    return _words(options)


def _words(options: Mapping[str, Any]) -> list[str]:
    """Options as they are typed; a mapping is given value by value, and None is left out."""
    words: list[str] = []
    for name, value in options.items():
        each = [f"{key}={own}" for key, own in value.items()] if isinstance(value, Mapping) else [value]
        words += [word for own in each if own is not None for word in (f"--{name.replace('_', '-')}", str(own))]
    return words


def next_steps(run: FinishedRun) -> list[tuple[str, str]]:
    """Commands that come next, each with what it is for."""
    folder, bundle = str(run.folder.path), f"{run.folder.name}-bundle"
    model = [] if run.is_sweep else ["--model", "MODEL.safetensors", "--data", "DATA"]
    export = ["exitsearch", "export", folder, *model, "--out", bundle]
    steps = [("A bundle that predicts with the policy:", export)]
    if claim := _claim(run):
        certify = ["exitsearch", "certify", str(run.folder.policy_file), "NEW-TABLE.npz", *_words(claim)]
        steps.append(("The same claim on data that nobody has looked at:", certify))
    steps.append(("How long it takes on a device:", ["exitsearch", "bench", bundle, "--batch-size", "1"]))
    return [(told, shlex.join(words)) for told, words in steps]


def _claim(run: FinishedRun) -> dict[str, Any]:
    """What was to be certified, as options of ``exitsearch certify``; else the target, where there is one."""
    summary, file = run.summary, run.folder.certificate_file
    if not file.is_file():
        return {"target": summary.target, "quality": summary.quality} if summary.target else {}
    claim = dict(json.loads(file.read_text())["claim"])
    bounds = claim.pop("bounds", {})
    return {**claim, "bound": bounds, "delta": summary.delta}
