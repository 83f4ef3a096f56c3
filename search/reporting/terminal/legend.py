"""What the rows and columns of the table of policies mean: a line each, short enough for 80 columns."""

from __future__ import annotations

from policies.registry import title_of
from policies.tasks import get_task
from search.reporting.explained import is_published


FURTHER = (
    *("geometric", "hill_climbing", "coordinate_descent", "random_search", "exhaustive"),
    "full_network_recalibrated",
)
"""Baselines that are only shown where all are asked for, beside published grids."""

_MEANING = {
    "selected policy": "what this search chose",
    "static control": "a plain network without early exits, of no more cost",
    "full_network": "no early exits",
    "full_network_recalibrated": "the same, its last exit scaled and shifted by class",
    "best_single_exit": "every sample leaves at the same exit",
    "greedy_shared_threshold": "one threshold for all exits, the usual practice",
    "geometric": "shares of exits fall or rise by a constant factor",
    "hill_climbing": "thresholds moved while that pays",
    "coordinate_descent": "one threshold after the other",
    "random_search": "thresholds drawn at random",
    "exhaustive": "every combination of thresholds, or a fine grid",
}
_DEPTH, _COST = "exits computed for a sample, on average", "computation for a sample, full network = 1"


def legend_of(names: list[str], *, fallback: bool) -> list[str]:
    """A line for each row that has a meaning to tell, in the order of the table, and one for the columns.

    Args:
        names: Keys of the rows: of a summary's baselines, or as rows are titled.
        fallback: Whether the table has a row of a grid that had nothing within its limits.
    """
    lines = [f"{title_of(name)} = {_MEANING[name]}" for name in names if name in _MEANING]
    if any(map(is_published, names)):
        lines.append("published ... = chosen by hand-tuned rules of others, sources in docs/sources.md")
    if fallback:
        lines.append("(fallback) = none of that grid kept to its own limits")
    return [*lines, f"depth = {_DEPTH}", f"cost = {_COST}"]


def oracle_meaning(task: str) -> str:
    """The line about the row of who knows the truth."""
    return f"oracle = {get_task(task).oracle_name}"
