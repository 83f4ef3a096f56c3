"""What MLflow's runs and their figures are called: names that a person can tell apart, and that a store takes."""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any

from policies.registry import title_of
from search.run_folder.summary import Summary
from search.run_folder.verdict import Outcome


_MOST_SETTINGS = 3
_LENGTH = 250
"""Of run names, and of names of figures, databases take no more characters."""


def mlflow_key(name: str) -> str:
    """A name of a metric, parameter or tag with characters that MLflow takes alone."""
    return re.sub(r"[^/\w.\- :]", "_", name)[:_LENGTH]


def as_text(text: str, length: int) -> str:
    """Text that any database takes, cut where it is longer."""
    # PostgreSQL takes neither zero bytes nor halves of surrogate pairs.
    text = text.replace("\0", "").encode(errors="replace").decode()
    return text if len(text) <= length else text[: length - 3] + "..."


def run_name(name: str) -> str:
    """A name of a run that any store takes."""
    return as_text(name, _LENGTH)


def model_name(name: str) -> str:
    """A name of a model that MLflow takes."""
    return as_text(re.sub(r"[/:.%\"']", "-", name), _LENGTH)


def policy_name(rule: str, figures: Mapping[str, float], *, quality: str, certified: bool) -> str:
    """Rule, depth and quality on ``search``, such as ``ensemble 1.09 / 0.978 certified``."""
    shown = [f"{figures[name]:{form}}" for name, form in (("mean_depth", ".2f"), (quality, ".3f")) if name in figures]
    return " ".join(filter(None, (rule, " / ".join(shown), "certified" if certified else "")))


def trial_name(trial: str, params: Mapping[str, Any]) -> str:
    """The trial and what it was trained with, in short: choices first, since they change more than a number does."""
    choices = [str(value) for value in params.values() if isinstance(value, str) and value != "none"]
    numbers = [
        f"{name} {value:.3g}"
        for name, value in params.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    return " ".join(filter(None, (trial, ", ".join((choices + numbers)[:_MOST_SETTINGS]))))


def sweep_name(summary: Summary) -> str:
    """The sweep's name, what was asked for, the depth that it takes, and whether that is certain."""
    depth = summary.selected.by_split["search"].get("mean_depth")
    outcome = summary.verdict.outcome
    told = [summary.asked, "" if depth is None else f"depth {depth:.2f}"]
    told.append("" if outcome is Outcome.UNCLAIMED else str(outcome))
    return f"{summary.name}: {', '.join(filter(None, told))}"


def figures_of(summary: Summary, split: str) -> str:
    """Quality and depth of the selected policy on a split."""
    figures = summary.selected.by_split[split]
    depth = f" at depth {figures['mean_depth']:.3f}" if "mean_depth" in figures else ""
    return f"{title_of(summary.main_quality)} {figures[summary.main_quality]:.4f}{depth}"
