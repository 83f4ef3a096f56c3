"""What MLflow's page says first of a sweep's run, in Markdown: what came of it, its picture, how to make it again."""

from __future__ import annotations

from pathlib import Path
import re

from policies.goals.objectives import sought_in_words
from policies.registry import capital
from search.run_folder.folder import RunFolder
from search.run_folder.summary import Summary
from search.run_folder.verdict import Outcome
from search.tracking.model import model_files
from search.tracking.naming import figures_of
from search.tracking.view import sweep_address


EXPERIMENT_MARK = "{experiment_id}"
RUN_MARK = "{run_id}"
"""What the store knows alone, and puts in place when the description arrives there."""


def describe(summary: Summary, folder: RunFolder, sweep_id: str) -> str:
    """The description of a finished sweep's run, with the marks above in it."""
    link = sweep_address("", EXPERIMENT_MARK, sweep_id)
    lines = [f"[**The front as a chart**]({link})", "", *(f"- {_plain(line)}" for line in _facts(summary))]
    files = [f"[`{path.name}`]({_artifact(path)})" for path in model_files(folder)]
    lines += [*([f"- The model: {' and '.join(files)}"] if files else []), ""]
    picture = _artifact(folder.front_png)
    again = f"exitsearch run {folder.sweep_file.name} --name NEW-NAME"
    lines += [f"![The front]({picture})", "", f"To make it again, from its artifact `{folder.sweep_file.name}`:", ""]
    return "\n".join([*lines, "```", again, "```"])


def _artifact(path: Path) -> str:
    """Where MLflow's page has a file of the run."""
    return f"get-artifact?path={path.name}&run_uuid={RUN_MARK}"


def _plain(text: str) -> str:
    """Text of which Markdown makes nothing else: names in it are the user's."""
    return re.sub(r"([\\`*\[\]<>])", r"\\\1", text)


def _facts(summary: Summary) -> list[str]:
    """The summary in at most ten lines."""
    selected, counts, found = summary.selected, summary.trials, summary.verdict
    sought = sought_in_words(summary.objective, summary.quality, budget=summary.budget)
    facts = [f"Asked: {found.asked}, with {sought}", f"Selected: {found.policy}"]
    facts += [f"On {split}: {figures_of(summary, split)}" for split in selected.by_split if split != "certify"]
    is_infeasible = found.outcome is Outcome.INFEASIBLE
    facts.append(f"Infeasible: {found.unmet}" if is_infeasible else capital(found.certificate))
    facts += [capital(found.least_certain), capital(found.estimated)]
    full = summary.baselines.get("full_network")
    if full is not None and "test" in full.by_split:
        figures = full.by_split["test"]
        facts.append(f"Full network on test: {summary.main_quality} {figures[summary.main_quality]:.4f}")
    facts.append(f"Trials: {counts.complete} completed, {counts.pruned} stopped early, {counts.fail} failed")
    return [fact for fact in facts if fact]
