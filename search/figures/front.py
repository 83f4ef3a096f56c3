"""The Pareto front as a picture and as a page to point at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
import numpy as np
import plotly.graph_objects as go

from policies.files.atomic import whole_file, write_text
from policies.goals.front import FrontPoint
from search.figures.front_points import FrontFigure


__all__ = ["FrontFigure", "draw_html", "draw_png"]

_FRONT, _TRIAL, _SHARED, _TARGET, _MET, _BASELINE = "#1f5fa8", "#8d99ae", "#edae49", "#444444", "#2a9d5c", "#222222"
_TICK = {"size": 14, "line": {"width": 2, "color": _TRIAL}}
_SHARED_NAME, _FRONT_NAME = "one shared threshold, all values", "front of all policies"


def draw_png(figure: FrontFigure, path: Path) -> None:
    """Write the picture, 1500 x 990 pixels."""
    canvas = Figure(figsize=(10, 6.6), dpi=150, layout="constrained")
    axes = canvas.add_subplot()
    x, y = figure.objective, figure.quality
    if figure.target is not None and figure.met_range is not None:
        axes.axhspan(*figure.met_range, color="#e8f3ec", zorder=0)
        axes.axhline(figure.target, color=_TARGET, linewidth=1, linestyle="--", label=figure.target_name)
    axes.plot(figure.shared[x], figure.shared[y], color=_SHARED, linewidth=1.5, label=_SHARED_NAME)
    if len(figure.trials):
        marker, _ = figure.trials_symbol
        style: dict[str, Any] = {"s": 26 if marker == "o" else 160, "color": _TRIAL, "marker": marker}
        axes.scatter(figure.trials[x], figure.trials[y], label=figure.trials_name, **style)
    if len(figure.baselines):
        style = {"s": 30, "marker": "x", "color": _BASELINE, "label": figure.baselines_name}
        axes.scatter(figure.baselines[x], figure.baselines[y], **style)
    if figure.is_feasible:
        style = {"color": _FRONT, "markersize": 4.5, "linewidth": 1, "label": _FRONT_NAME}
        axes.plot(figure.front.figure(x), figure.front.figure(y), "o-", **style)
    for point in figure.landmarks:
        style = {"marker": point.marker, "markersize": point.size, "color": point.colour, "linestyle": ""}
        axes.plot(point.objective, point.quality, label=point.name, **style)
    axes.set(title=figure.title, xlabel=figure.objective_axis, ylabel=figure.quality_name)
    axes.set(xlim=figure.objective_range, ylim=figure.quality_range)
    axes.grid(alpha=0.25)
    canvas.legend(loc="outside lower center", ncols=3, frameon=False)
    with whole_file(path) as partial:
        canvas.savefig(partial)


def draw_html(figure: FrontFigure, path: Path) -> None:
    """Write a page that needs no network: every point tells its figures, those of the front their thresholds."""
    page = go.Figure()
    if figure.target is not None and figure.met_range is not None:
        y0, y1 = figure.met_range
        page.add_hrect(y0=y0, y1=y1, fillcolor=_MET, opacity=0.08, line_width=0, layer="below")
        text = {"annotation_text": figure.target_name, "annotation_position": "bottom right"}
        page.add_hline(y=figure.target, line_dash="dash", line_color=_TARGET, **text)
    _add_series(page, figure)
    for point in figure.landmarks:
        page.add_scatter(
            x=[point.objective],
            y=[point.quality],
            mode="markers",
            name=point.name,
            marker={"symbol": point.symbol, "size": 14, "color": point.colour, "line": {"width": 1, "color": "white"}},
            hovertemplate=_hover(figure),
        )
    page.update_layout(
        title=figure.title,
        xaxis={"title": figure.objective_axis, "range": list(figure.objective_range)},
        yaxis={"title": figure.quality_name, "range": list(figure.quality_range)},
        template="plotly_white",
        legend={"orientation": "h", "y": -0.15},
    )
    write_text(path, page.to_html(include_plotlyjs=True, full_html=True))


def _add_series(page: go.Figure, figure: FrontFigure) -> None:
    x, y, hover = figure.objective, figure.quality, _hover(figure)
    page.add_scatter(
        x=figure.shared[x],
        y=figure.shared[y],
        mode="lines",
        name=_SHARED_NAME,
        line_color=_SHARED,
        customdata=figure.shared["threshold"],
        hovertemplate=f"threshold %{{customdata:.4f}}<br>{hover}",
    )
    if len(figure.trials):
        _, symbol = figure.trials_symbol
        page.add_scatter(
            x=figure.trials[x],
            y=figure.trials[y],
            mode="markers",
            name=figure.trials_name,
            marker={"symbol": symbol, "color": _TRIAL, **({"size": 8} if symbol == "circle" else _TICK)},
            text=figure.trials["trial_id"],
            hovertemplate=f"trial %{{text}}<br>{hover}",
        )
    if len(figure.baselines):
        page.add_scatter(
            x=figure.baselines[x],
            y=figure.baselines[y],
            mode="markers",
            name=figure.baselines_name,
            marker={"symbol": "x", "color": _BASELINE, "size": 8},
            text=figure.baselines["name"],
            hovertemplate=f"%{{text}}<br>{hover}",
        )
    if figure.is_feasible:
        page.add_scatter(
            x=figure.front.figure(x),
            y=figure.front.figure(y),
            mode="lines+markers",
            name=_FRONT_NAME,
            marker={"color": _FRONT, "size": 7},
            text=[_describe(point) for point in figure.front],
            hovertemplate=f"%{{text}}<br>{hover}",
        )


def _hover(figure: FrontFigure) -> str:
    return f"{figure.quality_name} %{{y:.4f}}<br>{figure.short_objective_name} %{{x:.3f}}"


def _describe(point: FrontPoint) -> str:
    plain = all(len(values) == 1 for values in point.policy.thresholds)
    shown = [values[0] for values in point.policy.thresholds] if plain else []
    thresholds = ", ".join("closed" if np.isinf(value) else f"{value:.4f}" for value in shown) or "several per exit"
    certified = {None: "not tested", True: "certified", False: "not certified"}[point.certified]
    return f"{point.network}, {point.rule}, {certified}<br>thresholds {thresholds}"
