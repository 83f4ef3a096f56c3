"""A front as a picture to point at, in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
import html

import plotly.graph_objects as go

from policies.errors import ExitSearchError
from policies.goals.front_point import FrontPoint
from policies.goals.front_words import traded_objective, traded_quality
from policies.goals.objectives import get_objective
from policies.html import numbers_in_words
from policies.registry import title_of


# Read on white and on black alike.
_LINE, _CERTIFIED, _OTHER, _SELECTED, _GREY = "#8d99ae", "#2a9d5c", "#3d85c6", "#e4572e", "rgba(128,128,128,.3)"
_MOST_EXITS = 6


def front_plot(
    points: Sequence[FrontPoint], *, target: float | None, quality: str | None, objective: str | None
) -> go.Figure:
    """Draw policies, least objective first, as :meth:`~policies.goals.front.Front.plot` describes it.

    Raises:
        ExitSearchError: If there are no policies, or no such figure.
    """
    if not points:
        raise ExitSearchError("a front that is drawn must have policies but has none; search one with search_front")
    y = quality or traded_quality(points)
    minimised = get_objective(objective or traded_objective(points))
    figure = go.Figure()
    figure.add_scatter(
        x=_values(points, minimised.column),
        y=_values(points, y),
        mode="lines",
        line={"color": _LINE, "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )
    for name, colour, symbol, size, own in _series(points):
        _add(figure, own, (minimised.column, y), name, {"color": colour, "symbol": symbol, "size": size})
    if target is not None:
        figure.add_hline(y=target, line_dash="dash", line_color=_LINE, annotation_text=f"target {target:.4g}")
    # Grey text and lines on nothing: readable on a light and on a dark notebook.
    axis = {"gridcolor": _GREY, "zeroline": False, "linecolor": _LINE}
    figure.update_layout(
        xaxis={**axis, "title": minimised.axis},
        yaxis={**axis, "title": f"{title_of(y)} on search"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
        legend={"orientation": "h", "y": 1.12},
        margin={"t": 40},
    )
    return figure


def _series(points: Sequence[FrontPoint]) -> list[tuple[str, str, str, int, list[FrontPoint]]]:
    """Name, colour, symbol, size and policies of each kind that there is; the selected one last, above the others."""
    tried = any(point.certified is not None for point in points)
    feasible = any(point.feasible for point in points)
    others = [point for point in points if point.certified is None and not point.selected]
    failed = [point for point in points if point.certified is False and not point.selected]
    name = "not tested" if tried else "policies" if feasible else "nearest policy"
    kinds = [
        (name, _OTHER, "circle-open", 8, others),
        ("not certified", _OTHER, "circle-x-open", 8, failed),
        ("certified", _CERTIFIED, "circle", 9, [point for point in points if point.certified and not point.selected]),
        *(
            (_selected_name(point), _SELECTED, "star" if point.certified else "star-open", 16, [point])
            for point in points
            if point.selected
        ),
    ]
    return [kind for kind in kinds if kind[-1]]


def _selected_name(point: FrontPoint) -> str:
    if not point.feasible:
        return "nearest policy"
    return "selected" if point.certified is None else f"selected, {'' if point.certified else 'not '}certified"


def _add(
    figure: go.Figure, points: Sequence[FrontPoint], columns: tuple[str, str], name: str, marker: dict[str, object]
) -> None:
    x, y = columns
    figure.add_scatter(
        x=_values(points, x),
        y=_values(points, y),
        mode="markers",
        name=name,
        marker={"line": {"width": 1}, **marker},
        text=[_told(point) for point in points],
        hovertemplate="%{text}<extra></extra>",
    )


def _values(points: Sequence[FrontPoint], name: str) -> list[float]:
    try:
        return [float(point.figures[name]) for point in points]
    except KeyError:
        known = ", ".join(points[0].figures)
        raise ExitSearchError(
            f"what is drawn must be a figure of the whole front, such as {known}, but is {name}"
        ) from None


def _told(point: FrontPoint) -> str:
    """Rule, network, figures and thresholds; plotly reads it as HTML, so that names are escaped."""
    of = f" of {point.network}" if point.network else ""
    certified = {None: "", True: ", certified", False: ", not certified"}[point.certified]
    figures = [f"{title_of(name)} {value:.4f}" for name, value in point.figures.items()]
    rows = point.policy.thresholds
    thresholds = [
        f"threshold at exit {depth}: {numbers_in_words(row, infinity='closed')}"
        for depth, row in enumerate(rows[:_MOST_EXITS], start=1)
    ]
    left = [f"... and {len(rows) - _MOST_EXITS} more exits"] if len(rows) > _MOST_EXITS else []
    missed = [] if point.feasible else [f"misses what was asked for by {point.violation:.4f}"]
    lines = [f"{title_of(point.rule)}{of}{certified}", *missed, *figures, *thresholds, *left]
    return "<br>".join(html.escape(line) for line in lines)
