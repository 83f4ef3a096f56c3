"""How the bets against a certificate went: their capital and the change detector's sum, label by label."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
import numpy as np
from numpy.typing import NDArray

from policies.files.atomic import whole_file
from policies.monitoring.verdicts import WealthHistory


_WEALTH, _DETECTOR, _THRESHOLD = "#1f5fa8", "#edae49", "#444444"
_LOWEST, _HIGHEST = -4.0, 12.0


def draw_wealth(history: WealthHistory, path: Path, *, title: str) -> None:
    """Write :func:`wealth_figure` as a PNG file."""
    with whole_file(path) as partial:
        wealth_figure(history, title=title).savefig(partial)


def wealth_figure(history: WealthHistory, *, title: str) -> Figure:
    """Capital against the number of labels, on a logarithmic axis, with the lines that are alarms.

    What is below 1e-4 or above 1e12 is drawn there.

    Args:
        history: How the bets went, at least one unit.
        title: Title above the panels; the detector's is beside the test's where there is one.
    """
    n_panels = 1 if history.log_detector is None else 2
    canvas = Figure(figsize=(5.2 * n_panels, 3.9), dpi=150, layout="constrained")
    panels = canvas.subplots(1, n_panels, squeeze=False, sharey=True)[0]
    _draw_panel(panels[0], history.log_wealth, history.log_threshold, _WEALTH)
    panels[0].set(title="test of the certificate", ylabel="capital of the bets against the claim")
    if history.log_detector is not None:
        _draw_panel(panels[1], history.log_detector, history.log_detector_threshold, _DETECTOR)
        panels[1].set(title="change detector, back to nothing after each alarm")
    for axes in panels:
        axes.set_xlabel(f"{history.unit}s whose truth was told")
    canvas.suptitle(title)
    return canvas


def _draw_panel(axes: Axes, log_capital: NDArray[np.float64], log_threshold: float, colour: str) -> None:
    place = np.arange(1, len(log_capital) + 1)
    capital = 10 ** np.clip(log_capital / math.log(10), _LOWEST, _HIGHEST)
    axes.plot(place, capital, color=colour, linewidth=1.2)
    reached = place[log_capital >= log_threshold]
    threshold = math.exp(log_threshold)
    axes.axhline(threshold, color=_THRESHOLD, linewidth=1, linestyle="--", label=f"alarm at {threshold:g}")
    if reached.size:
        axes.axvline(reached[0], color=_THRESHOLD, linewidth=1, linestyle=":", label=f"first alarm: {reached[0]}")
    axes.set(yscale="log", xlim=(0, len(place) + 1))
    axes.grid(alpha=0.25)
    axes.legend(loc="lower left", frameon=False, fontsize="small")
