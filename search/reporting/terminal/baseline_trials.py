"""The table of the sweep file's own baselines."""

from __future__ import annotations

from policies.registry import title_of
from search.console_table import FigureRow, FigureTable
from search.reporting.terminal.comparison import quality_and_depth
from search.run_folder.summary import BaselineTrialFigures


def baseline_trials_table(rows: list[BaselineTrialFigures], split: str, main: str) -> FigureTable:
    """The sweep file's baselines, and beside each the best of the front at its depth and at its accuracy.

    Args:
        rows: Each policy of each baseline.
        split: Split whose figures are shown.
        main: The task's own quality.
    """
    shown: list[FigureRow] = []
    trial = None
    for row in rows:
        if row.trial != trial:
            trial = row.trial
            shown.append(FigureRow(trial, starts_section=True))
        name = f" {title_of(row.policy)}" + (" (fallback)" if row.is_fallback else "")
        found = (
            "none" if match is None else " at ".join(quality_and_depth(main, match.by_split[split]))
            for match in (row.same_depth, row.same_accuracy)
        )
        shown.append(FigureRow(name, (*quality_and_depth(main, row.by_split[split]), *found)))
    no_worse = "accurate" if main == "accuracy" else "good"
    headings = (title_of(main), "depth", "front,\nno deeper", f"front, no\nless {no_worse}")
    return FigureTable(headings=headings, rows=tuple(shown), title=f"Baseline trials, on {split}")
