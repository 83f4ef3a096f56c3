"""The table of the selected policy and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policies.goals.objectives import get_objective
from policies.qualities import get_quality
from policies.registry import number_of, title_of
from search.console_table import FigureRow, FigureTable
from search.reporting.explained import CONTROL, ORACLE, SELECTED, is_published, policy_title
from search.reporting.terminal.legend import legend_of
from search.run_folder.summary import BaselinePolicyFigures, Figures, PolicyFigures, Summary


FURTHER = (
    *("geometric", "hill_climbing", "coordinate_descent", "random_search", "exhaustive"),
    "full_network_recalibrated",
)
"""Baselines that are only shown where all are asked for, beside published grids."""


@dataclass(frozen=True)
class Comparison:
    """Policies side by side, for a person.

    Attributes:
        table: The table.
        legend: What its rows and columns mean, one line each.
        grids: What published grids would have chosen, in one sentence; empty where there are none or they have rows.
        left_out: What is not shown, in words; empty for nothing.
    """

    table: FigureTable
    legend: tuple[str, ...]
    grids: str = ""
    left_out: str = ""


def compare_policies(summary: Summary, *, shows_all: bool) -> Comparison:
    """Put the selected policy beside the baselines.

    Args:
        summary: Summary of a search.
        shows_all: Whether every baseline has a row, and figures on ``search`` have columns; else few have, on the last
            split.
    """
    every = list(summary.selected.by_split)
    splits = every if shows_all and len(every) < 3 else [every[0], every[-1]] if shows_all else every[-1:]
    shown = {name: one for name, one in summary.baselines.items() if shows_all or not _is_further(name)}
    control = {} if summary.control is None else {CONTROL: summary.control}
    rows: dict[str, PolicyFigures] = {SELECTED: summary.selected, **control, **shown}
    return Comparison(
        _table(summary, rows, splits),
        legend_of(
            rows,
            fallback=any(one.is_fallback for one in shown.values()),
            oracle_of=summary.task if _has_oracle(summary) else "",
        ),
        grids="" if shows_all else _grids_sentence(summary),
        left_out="" if shows_all else _left_out(summary),
    )


def _has_oracle(summary: Summary) -> bool:
    """Whether there is anything to tell of who knows the truth."""
    return summary.least_accuracy is not None or any(depth is not None for depth in summary.oracle.values())


def _grids_sentence(summary: Summary) -> str:
    """How many published grids reach the target on the last split, and how deep; empty where there are none."""
    split = list(summary.selected.by_split)[-1]
    grids = _grids(summary)
    found = [one.by_split[split] for one in grids.values()]
    if not found:
        return ""
    n, quality = f"{len(found)} tuned by hand", title_of(summary.quality)
    # A drop is counted on each split from the full network's figure there: a bound on search says nothing of it.
    if summary.target == 0:
        return f"{n}: {quality} {_span(found, summary.quality, 4)} at depth {_span(found, 'mean_depth', 3)} on {split}"
    sign = get_quality(summary.quality).sign
    reached = [own for own in found if sign * own[summary.quality] >= sign * summary.target]
    have = "has" if len(reached) == 1 else "have"
    told = f"{n}: {len(reached)} {have} {quality} {summary.target:g} or better on {split}"
    return f"{told}, at depth {_span(reached, 'mean_depth', 3)}" if reached else told


def _grids(summary: Summary) -> Mapping[str, BaselinePolicyFigures]:
    return {name: one for name, one in summary.baselines.items() if is_published(name)}


def _span(found: Iterable[Figures], key: str, digits: int) -> str:
    values = sorted(figures[key] for figures in found)
    ends = dict.fromkeys((f"{values[0]:.{digits}f}", f"{values[-1]:.{digits}f}"))
    return " to ".join(ends)


def _is_further(name: str) -> bool:
    return name in FURTHER or is_published(name)


def _left_out(summary: Summary) -> str:
    n_further = sum(name in FURTHER for name in summary.baselines)
    parts = [
        *([number_of(n_further, "further baseline")] if n_further else []),
        *(["each published grid"] if _grids(summary) else []),
        *(["figures on search"] if len(summary.selected.by_split) > 1 else []),
    ]
    return ", ".join(parts)


def _table(summary: Summary, policies: Mapping[str, PolicyFigures], splits: list[str]) -> FigureTable:
    main = summary.main_quality
    others = {
        **({} if summary.quality == main else {summary.quality: title_of(summary.quality)}),
        "mean_cost": "cost",
        **_own_objective(summary.objective),
    }
    headings = [f"{heading}\n{split}" for split in splits for heading in (title_of(main), "depth")]
    headings += [f"{heading}\n{splits[-1]}" for heading in others.values()]
    rows = [
        FigureRow(policy_title(name) + _fallback(policy), _cells(policy, main, splits, others))
        for name, policy in policies.items()
    ]
    if _has_oracle(summary):
        rows.append(_oracle(summary, splits))
    return FigureTable(headings=tuple(headings), rows=tuple(rows))


def _fallback(policy: PolicyFigures) -> str:
    return " (fallback)" if isinstance(policy, BaselinePolicyFigures) and policy.is_fallback else ""


def _cells(policy: PolicyFigures, main: str, splits: list[str], others: Iterable[str]) -> tuple[str, ...]:
    figures = policy.by_split
    shown = [cell for split in splits for cell in quality_and_depth(main, figures[split])]
    return *shown, *(_figure(figures[splits[-1]], key, ".4f") for key in others)


def _own_objective(name: str) -> dict[str, str]:
    """The column of what was minimised, with its heading, unless it is shown anyway."""
    objective = get_objective(name)
    if objective.column in ("mean_depth", "mean_cost"):
        return {}
    return {objective.column: "ms" if objective.needs_latency else title_of(name)}


def quality_and_depth(main: str, figures: Figures) -> tuple[str, str]:
    """The task's own quality and the mean depth of a policy on a split, as they are to be read."""
    return _figure(figures, main, ".4f"), _figure(figures, "mean_depth", ".3f")


def _figure(figures: Figures, name: str, digits: str) -> str:
    """A figure; a dash where there is none, such as the depth of a network with one exit."""
    return f"{figures[name]:{digits}}" if name in figures else "-"


def _oracle(summary: Summary, splits: list[str]) -> FigureRow:
    asked = summary.goal_target if summary.quality == summary.main_quality else None
    least = asked if summary.least_accuracy is None else summary.least_accuracy
    cells = []
    for split in splits:
        depth = summary.oracle.get(split)
        cells += ["-" if least is None else f"{least:.4f}", "out of reach" if depth is None else f"{depth:.3f}"]
    return FigureRow(ORACLE, tuple(cells))
