"""Reliability diagrams: one panel per exit, before and after its temperature."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
import numpy as np
from numpy.typing import NDArray
import pandas as pd
from scipy.stats import binomtest

from policies.calibration.reliability import calibration_error_of
from policies.files.atomic import whole_file


_BEFORE, _AFTER, _COUNT, _IDEAL = "#edae49", "#1f5fa8", "#d5dce8", "#444444"
_MOST_COLUMNS = 4
_PANEL_INCHES = 3.0
_BAR_HEIGHT = 0.3
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def draw_reliability(curves: pd.DataFrame, path: Path, *, title: str) -> None:
    """Write :func:`reliability_figure` as a PNG file."""
    with whole_file(path) as partial:
        reliability_figure(curves, title=title).savefig(partial)


def reliability_figure(curves: pd.DataFrame, *, title: str) -> Figure:
    """The diagrams of all exits.

    Accuracy is plotted against mean confidence: points under the diagonal are overconfident, larger points stand
    for more samples, and the whiskers are 95 % intervals (Wilson, 1927). The bars at the foot show how many
    samples have which confidence after calibration.

    Args:
        curves: Rows as :func:`policies.calibration.reliability.reliability_curves` gives them.
        title: Title above the panels.
    """
    depths = sorted(curves["depth"].unique())
    n_columns = min(len(depths), _MOST_COLUMNS)
    n_rows = math.ceil(len(depths) / n_columns)
    size = (max(_PANEL_INCHES * n_columns, 2 * _PANEL_INCHES), (_PANEL_INCHES + 0.3) * n_rows + 0.6)
    canvas = Figure(figsize=size, dpi=150, layout="constrained")
    panels = canvas.subplots(n_rows, n_columns, squeeze=False)
    for axes, depth in zip(panels.flat, depths, strict=False):
        _draw_panel(axes, curves[curves["depth"] == depth], int(depth))
    for axes in panels.flat[len(depths) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel("accuracy")
    canvas.suptitle(title)
    canvas.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return canvas


def _draw_panel(axes: Axes, curves: pd.DataFrame, depth: int) -> None:
    before, after = curves[~curves["is_calibrated"]], curves[curves["is_calibrated"]]
    heights = _BAR_HEIGHT * after["count"] / after["count"].max()
    width = after["high"] - after["low"]
    axes.bar(after["low"], heights, width, align="edge", color=_COUNT, edgecolor="white", label="samples, after")
    axes.plot([0, 1], [0, 1], color=_IDEAL, linewidth=1, linestyle="--", label="perfectly calibrated")
    for curve, colour, label in ((before, _BEFORE, "before"), (after, _AFTER, "after its temperature")):
        _draw_curve(axes, curve[curve["count"] > 0], colour, label)
    axes.set_title(
        f"depth {depth}, temperature {after['temperature'].iloc[0]:.2f}\n"
        f"ECE {calibration_error_of(before):.3f} before, {calibration_error_of(after):.3f} after",
        fontsize="small",
    )
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xticks=_TICKS, yticks=_TICKS, aspect="equal", xlabel="confidence")
    axes.grid(alpha=0.25)


def _draw_curve(axes: Axes, filled: pd.DataFrame, colour: str, label: str) -> None:
    x, y = filled["confidence"], filled["accuracy"]
    sizes = 8 + 70 * np.sqrt(filled["count"] / filled["count"].sum())
    axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.5)
    axes.vlines(x, *_wilson(filled), color=colour, linewidth=1.2, alpha=0.5)
    axes.scatter(x, y, s=sizes, color=colour, edgecolor="white", linewidth=0.5, label=label, zorder=3, clip_on=False)


def _wilson(filled: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    counts = filled["count"].to_numpy()
    right = np.rint(filled["accuracy"].to_numpy() * counts).astype(int)
    intervals = [binomtest(int(k), int(n)).proportion_ci(method="wilson") for k, n in zip(right, counts, strict=True)]
    return np.array([one.low for one in intervals]), np.array([one.high for one in intervals])
