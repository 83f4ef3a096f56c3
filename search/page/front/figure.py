"""The front as a figure of the page: policies to click at, what they are compared with, and the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math
from typing import TYPE_CHECKING, Any

from policies.goals.front import Front, FrontPoint
from policies.goals.objectives import get_objective
from policies.qualities import get_quality
from policies.registry import title_of
from search.page.front.words import LANDMARKS, certified_in_words, figure_in_words, rule_in_words, thresholds_in_short
from search.page.run import FinishedRun
from search.run_folder.summary import PolicyFigures
from search.trials.records import read_trials


if TYPE_CHECKING:
    import plotly.graph_objects as go

_CERTIFIED, _PLAIN, _SELECTED, _TRIAL, _BASELINE = "#2f81d0", "#8fb0d9", "#e0566c", "#9aa3b2", "#b58a3c"
_SINGLE, _ORACLE, _TARGET = "#b06fd0", "#35a96b", "#d5862f"
_MARKS = {
    "full_network": ("#8f6bc0", "square"),
    "best_single_exit": ("#b06fd0", "triangle-down"),
    "greedy_shared_threshold": ("#d9a33a", "diamond"),
}
_OF_EXITS = {"mean_depth": "depth", "mean_cost": "cost", "mean_latency_ms": "latency_ms"}
_ROOM = 0.06


def front_figure(run: FinishedRun) -> go.Figure:
    """What can be drawn of what is in the folder; the points of ``run.points`` carry their place as ``customdata``."""
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    figure, summary = go.Figure(), run.summary
    x, y = get_objective(summary.objective).column, summary.quality
    _scatter(
        figure, "trials, each at its best quick policy", _trials(run, x, y), colour=_TRIAL, symbol="circle", size=5
    )
    others = [
        (*point, title_of(name))
        for name, row in summary.baselines.items()
        if name not in LANDMARKS and (point := _point(row, x, y)) is not None
    ]
    _scatter(figure, "published grids and plain searches", others, colour=_BASELINE, symbol="x", size=7)
    _scatter(figure, "each exit alone", _single_exits(run, x, y), colour=_SINGLE, symbol="line-ns-open", size=11)
    _add_line(figure, run.front.line(y, x), x, y)
    _add_policies(figure, run, x, y)
    for name, (colour, symbol) in _MARKS.items():
        point = _point(summary.baselines[name], x, y) if name in summary.baselines else None
        if point is not None:
            title = title_of(name)
            _scatter(figure, title, [(*point, title)], colour=colour, symbol=symbol, size=11)
    _add_target(figure, run, x, y)
    shown = _quality_range(run, x, y)
    figure.update_layout(
        xaxis={"title": get_objective(summary.objective).axis, "range": _spent_range(figure, shown)},
        yaxis={"title": f"{title_of(y)} on search", "range": shown},
        legend={"orientation": "h", "y": -0.16},
        hovermode="closest",
        height=560,
    )
    return figure


def _add_line(figure: go.Figure, front: Front, x: str, y: str) -> None:
    figure.add_scatter(
        x=[point.figures[x] for point in front],
        y=[point.figures[y] for point in front],
        mode="lines",
        line={"color": _CERTIFIED, "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )


def _add_policies(figure: go.Figure, run: FinishedRun, x: str, y: str) -> None:
    points, beaten = run.points, len(run.points) > len(run.front.line(y, x))
    selected = f"selected policy{', which another one beats' if beaten else ''}"
    selected = selected if run.summary.feasible else "nearest policy: none does what was asked"
    groups: dict[tuple[str, str, str, int], list[int]] = {
        ("front: not tested", _PLAIN, "circle-open", 10): [],
        ("front: not certified", _PLAIN, "circle-x-open", 10): [],
        ("front: certified", _CERTIFIED, "circle", 10): [],
        (selected, _SELECTED, "star", 17): [],
    }
    untested, failed, certified, own = groups.values()
    of_mark = {None: untested, False: failed, True: certified}
    for place, point in enumerate(points):
        (own if point.selected else of_mark[point.certified]).append(place)
    for (name, colour, symbol, size), places in groups.items():
        if places:
            figure.add_scatter(
                x=[points[place].figures[x] for place in places],
                y=[points[place].figures[y] for place in places],
                mode="markers",
                name=name,
                marker=_marker(colour, symbol, size),
                customdata=places,
                text=[hover_of(points[place], x, y) for place in places],
                hovertemplate="%{text}<extra></extra>",
            )


def hover_of(point: FrontPoint, x: str, y: str) -> str:
    """A policy in lines: its rule, thresholds, figures and certificate. Names of files are not read as HTML."""
    from markupsafe import escape

    names = {y: 4, "mean_depth": 3, "mean_cost": 3, x: 3}
    figures = [figure_in_words(name, point.figures[name], n) for name, n in names.items() if name in point.figures]
    lines = [
        rule_in_words(point.rule),
        f"thresholds {thresholds_in_short(point)}",
        ", ".join(figures),
        certified_in_words(point) + (f", network {point.network}" if point.network else ""),
    ]
    return "<br>".join(str(escape(line)) for line in lines)


def _add_target(figure: go.Figure, run: FinishedRun, x: str, y: str) -> None:
    summary = run.summary
    target = summary.least_quality
    if target is None:
        return
    figure.add_hline(
        y=target, line={"color": _TARGET, "dash": "dash", "width": 1}, annotation_text=f"target {target:.4g}"
    )
    oracle = summary.oracle.get("search")
    if oracle is not None and (x, y) == ("mean_depth", "accuracy"):
        name = "oracle: least depth if the truth were known"
        _scatter(figure, name, [(oracle, target, name)], colour=_ORACLE, symbol="triangle-up", size=11)


def _scatter(
    figure: go.Figure, name: str, rows: Sequence[tuple[float, float, str]], *, colour: str, symbol: str, size: int
) -> None:
    if not rows:
        return
    from markupsafe import escape

    figure.add_scatter(
        x=[row[0] for row in rows],
        y=[row[1] for row in rows],
        mode="markers",
        name=name,
        marker=_marker(colour, symbol, size),
        text=[str(escape(row[2])) for row in rows],
        hovertemplate="%{text}<br>%{y:.4f} at %{x:.3f}<extra></extra>",
    )


def _marker(colour: str, symbol: str, size: int) -> dict[str, Any]:
    # Only open marks are lines, which must be seen.
    return {"color": colour, "symbol": symbol, "size": size, "line": {"width": 2 if "open" in symbol else 0}}


def _trials(run: FinishedRun, x: str, y: str) -> list[tuple[float, float, str]]:
    # Read only: the page is written while the sweep still holds its journal.
    ended = [trial for trial in read_trials(run.events) if trial.state.is_finished()]
    known = [trial for trial in ended if not trial.failure and {x, y} <= trial.result.keys()]
    return [(float(trial.result[x]), float(trial.result[y]), trial.trial_id) for trial in known]


def _single_exits(run: FinishedRun, x: str, y: str) -> list[tuple[float, float, str]]:
    rows: Sequence[Mapping[str, Any]] = run.summary.exits.get("search", [])
    key = _OF_EXITS.get(x, "")
    return [(row[key], row[y], f"exit {row['depth']} alone") for row in rows if key in row and y in row]


def _point(row: PolicyFigures, x: str, y: str) -> tuple[float, float] | None:
    own = row.by_split.get("search", {})
    return (own[x], own[y]) if x in own and y in own else None


def _quality_range(run: FinishedRun, x: str, y: str) -> list[float] | None:
    """The front and its landmarks; trials and grids that are far worse would squeeze them."""
    values = [float(point.figures[y]) for point in run.points]
    values += [point[1] for name in _MARKS if (row := run.summary.baselines.get(name)) and (point := _point(row, x, y))]
    if not values:
        return None
    target = run.summary.least_quality
    values += [] if target is None else [target]
    span = max(max(values) - min(values), 0.02)
    low, high = min(values) - 4 * _ROOM * span, max(values) + 2 * _ROOM * span
    if get_quality(y).sign < 0:
        low, high = min(values) - 2 * _ROOM * span, max(values) + 4 * _ROOM * span
    return [low, high]


def _spent_range(figure: go.Figure, shown: list[float] | None) -> list[float] | None:
    """From the least to the most that is spent by what is seen, with some room on both sides.

    Args:
        figure: With all its marks.
        shown: The least and the largest quality that is seen; None for all.
    """
    low, high = shown or (-math.inf, math.inf)
    spent = [float(x) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True) if low <= y <= high]
    if not spent:
        return None
    room = _ROOM * max(max(spent) - min(spent), 0.02)
    return [min(spent) - room, max(spent) + room]
