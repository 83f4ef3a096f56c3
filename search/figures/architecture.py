"""Which operations the edges of a network choose, and how much that varies over inputs: a row for each edge."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
import numpy as np
from numpy.typing import NDArray

from policies.files.atomic import whole_file
from trainables.models.architecture_report import ArchitectureReport


_INCHES_PER_EDGE, _INCHES_PER_OPERATION = 0.24, 0.68
_LETTERS_PER_INCH = 12
_MARK = "#b3263f"
_LIGHT = 0.55
"""How far into a colour map's dark end colours go: figures in black are read on all of them, on paper too."""
_LEAST_SPREAD = 0.05
"""What varies less than this is drawn pale: the colours of a network that hardly adapts should say so."""


def draw_architecture(report: ArchitectureReport, path: Path, *, title: str) -> None:
    """Write :func:`architecture_figure` as a PNG file."""
    with whole_file(path) as partial:
        architecture_figure(report, title=title).savefig(partial)


def architecture_figure(report: ArchitectureReport, *, title: str) -> Figure:
    """Mean shares of the operations, and beside them, where the network adapts, their standard deviations over inputs.

    The operation with the largest mean share has a frame, that which is largest by the global parameters alone a dot.
    On the right stands which share of the inputs would choose another operation than those parameters do.

    Args:
        report: What the network told.
        title: Title above the panels.
    """
    n_panels = 1 + report.is_adaptive
    width = 0.4 + n_panels * (0.9 + _INCHES_PER_OPERATION * len(report.operations))
    height = 1.7 + _INCHES_PER_EDGE * len(report.edges)
    canvas = Figure(figsize=(width, height), dpi=150, layout="constrained")
    means, *spreads = canvas.subplots(1, n_panels, squeeze=False)[0]
    _draw_panel(means, report, report.mean, colours="Blues", most=1.0, digits=2)
    means.set_title("mean share of each operation", fontsize="small")
    _mark(means, report)
    for axes in spreads:
        most = max(_LEAST_SPREAD, float(report.sd.max()))
        _draw_panel(axes, report, report.sd, colours="Oranges", most=most, digits=3)
        axes.set_title("standard deviation of the share over inputs", fontsize="small")
        _tell_other_choices(axes, report)
    canvas.suptitle(fill(title, int(_LETTERS_PER_INCH * width)), fontsize="medium")
    canvas.legend(handles=_legend(), loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    return canvas


def _draw_panel(
    axes: Axes, report: ArchitectureReport, figures: NDArray[np.float64], *, colours: str, most: float, digits: int
) -> None:
    light = ListedColormap(colormaps[colours](np.linspace(0, _LIGHT, 256)))
    axes.imshow(figures, cmap=light, vmin=0, vmax=most, aspect="auto")
    axes.set_xticks(range(len(report.operations)), [name.replace("_", "\n") for name in report.operations], fontsize=7)
    axes.set_yticks(range(len(report.edges)), report.edges, fontsize=7)
    axes.tick_params(length=0)
    axes.hlines(np.arange(1, len(report.edges)) - 0.5, -0.5, len(report.operations) - 0.5, color="white", linewidth=0.8)
    for row, column in np.ndindex(figures.shape):
        axes.text(column, row, f"{figures[row, column]:.{digits}f}", ha="center", va="center", fontsize=6.5)


def _mark(axes: Axes, report: ArchitectureReport) -> None:
    for row, (mean, alpha) in enumerate(zip(report.choice_of_mean, report.choice_of_alpha, strict=True)):
        axes.add_patch(Rectangle((mean - 0.48, row - 0.44), 0.96, 0.88, fill=False, edgecolor=_MARK, linewidth=1.2))
        axes.plot(alpha + 0.36, row, "o", color=_MARK, markersize=3)


def _tell_other_choices(axes: Axes, report: ArchitectureReport) -> None:
    told = axes.secondary_yaxis("right")
    told.set_yticks(range(len(report.edges)), [f"{share:.0%}" for share in report.other_by_edge], fontsize=7)
    told.tick_params(length=0)
    told.set_ylabel("inputs that choose\nanother than alpha", fontsize=7)


def _legend() -> list[Rectangle | Line2D]:
    return [
        Rectangle((0, 0), 1, 1, fill=False, edgecolor=_MARK, linewidth=1.2, label="largest mean share"),
        Line2D([], [], color=_MARK, marker="o", markersize=3, linestyle="", label="largest by alpha alone"),
    ]
