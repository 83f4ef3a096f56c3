"""Importance of training parameters as bars: one panel per objective."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
import pandas as pd

from policies.atomic_file import whole_file
from search.importance import OBJECTIVES


_BAR = "#1f5fa8"
_MOST_BARS = 14
_INCHES_PER_BAR = 0.28


def draw_importance(table: pd.DataFrame, path: Path, *, title: str) -> None:
    """Write the picture.

    Args:
        table: What :func:`search.importance.parameter_importance` gives, not empty.
        path: PNG file.
        title: Above the panels.
    """
    objectives = [name for name in OBJECTIVES if (table["objective"] == name).any()]
    panels = [table[table["objective"] == name].head(_MOST_BARS) for name in objectives]
    height = 1.4 + _INCHES_PER_BAR * max(len(panel) for panel in panels)
    canvas = Figure(figsize=(5 * len(panels), height), dpi=150, layout="constrained")
    for axes, objective, panel in zip(
        canvas.subplots(1, len(panels), squeeze=False)[0], objectives, panels, strict=True
    ):
        names = [f"{row.parameter} (n = {row.n_trials})" for row in panel.itertuples()]
        axes.barh(names, panel["importance"], color=_BAR)
        axes.invert_yaxis()
        axes.set(title=objective.replace("_", " "), xlim=(0, 1), xlabel="share of the variance")
        axes.grid(axis="x", alpha=0.25)
        axes.set_axisbelow(True)
    canvas.suptitle(title)
    with whole_file(path) as partial:
        canvas.savefig(partial)
