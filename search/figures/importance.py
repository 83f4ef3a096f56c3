"""Importance of training parameters as bars: one panel per objective."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Patch
import pandas as pd

from policies.files.atomic import whole_file


_COLOURS = ("#1f5fa8", "#edae49", "#2a9d5c", "#d1495b", "#6a4c93", "#8d99ae", "#00798c", "#8c5e2a")
_MOST_BARS = 14
_INCHES_PER_BAR = 0.28


def draw_importance(table: pd.DataFrame, path: Path, *, title: str) -> None:
    """Write the picture: bars of one colour are shares of the same variance, at most 1 together.

    Args:
        table: Rows as :func:`search.analysis.importance.parameter_importance` gives them, at least one.
        path: PNG file to write.
        title: Title above the panels.
    """
    objectives = list(dict.fromkeys(table["objective"]))
    panels = [_most_important(table[table["objective"] == name]) for name in objectives]
    groups = list(dict.fromkeys(table["among"]))
    of_what = "share of the variance" + (" among the trials of a colour" if len(groups) > 1 else "")
    n_legend_rows = -(-len(groups) // len(panels))
    height = 1.7 + _INCHES_PER_BAR * (max(len(panel) for panel in panels) + n_legend_rows)
    canvas = Figure(figsize=(5 * len(panels), height), dpi=150, layout="constrained")
    for axes, objective, panel in zip(
        canvas.subplots(1, len(panels), squeeze=False)[0], objectives, panels, strict=True
    ):
        colours = [_COLOURS[groups.index(among) % len(_COLOURS)] for among in panel["among"]]
        axes.barh(panel["parameter"], panel["importance"], color=colours)
        axes.invert_yaxis()
        axes.set(title=objective.replace("_", " "), xlim=(0, 1), xlabel=of_what)
        axes.grid(axis="x", alpha=0.25)
        axes.set_axisbelow(True)
    handles = [Patch(color=_COLOURS[place % len(_COLOURS)], label=among) for place, among in enumerate(groups)]
    canvas.legend(handles=handles, loc="outside lower center", ncols=len(panels), frameon=False)
    canvas.suptitle(title)
    with whole_file(path) as partial:
        canvas.savefig(partial)


def _most_important(panel: pd.DataFrame) -> pd.DataFrame:
    """So many as can be read, in their order."""
    return panel.loc[panel["importance"].nlargest(_MOST_BARS).index].sort_index()
