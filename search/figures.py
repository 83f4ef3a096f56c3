"""The Pareto front as a picture and as a page to point at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from policies.atomic_file import whole_file, write_text
from policies.ladder import Ladder, shared_threshold_ladder
from policies.rules import get_rule
from search.selection import Selection


_FRONT, _SELECTED, _TRIAL, _LADDER, _TARGET = "#1f5fa8", "#d1495b", "#8d99ae", "#edae49", "#444444"
_ORACLE, _FULL, _BASELINE = "#2a9d5c", "#6a4c93", "#222222"
_LADDER_NAME, _TRIALS_NAME, _FRONT_NAME = (
    "one shared threshold, all values",
    "trials, quick policy",
    "front of all policies",
)
_BASELINES_NAME = "baseline trials"
_DEPTH_NAME = "mean depth (1 = first exit)"
_HOVER = "accuracy %{y:.4f}<br>depth %{x:.3f}"


@dataclass(frozen=True)
class FrontFigure:
    """What both figures show; all figures are on ``search``.

    Attributes:
        title: Above the figure.
        target: Least accuracy, or None.
        n_exits: Depths run from 1 to this.
        front: The merged front.
        trials: ``mean_depth`` and ``accuracy`` of each trial's own best policy, with ``trial_id``.
        ladder: Every shared threshold of the selected network.
        selected: Mean depth and accuracy of the selected policy.
        greedy: Mean depth and accuracy of the greedy shared threshold.
        full: Mean depth and accuracy of the full network.
        oracle: Least mean depth with the labels known, or None.
        baselines: ``name``, ``mean_depth`` and ``accuracy`` of the sweep file's baselines, a row for each policy.
    """

    title: str
    target: float | None
    n_exits: int
    front: pd.DataFrame
    trials: pd.DataFrame
    ladder: Ladder
    selected: tuple[float, float]
    greedy: tuple[float, float]
    full: tuple[float, float]
    oracle: float | None
    baselines: pd.DataFrame

    @classmethod
    def of(
        cls, title: str, summary: dict[str, Any], selection: Selection, trials: pd.DataFrame | None = None
    ) -> FrontFigure:
        """Collect what a finished search shows; ``trials`` where it was a sweep."""
        table = selection.network.search
        target = summary["target"] if summary["quality"] == "accuracy" else summary["bounds"].get("accuracy")
        view = get_rule("confidence").view(table, selection.network.temperatures)
        return cls(
            title=title,
            target=target or None,
            n_exits=table.n_exits,
            front=selection.front,
            trials=pd.DataFrame(columns=["trial_id", "accuracy", "mean_depth"]) if trials is None else trials,
            ladder=shared_threshold_ladder(view, view.answers == table.labels[:, None]),
            selected=_point(summary["selected"]["search"]),
            greedy=_point(summary["baselines"]["greedy_shared_threshold"]["search"]),
            full=_point(summary["baselines"]["full_network"]["search"]),
            oracle=summary["oracle"]["search"],
            baselines=pd.DataFrame(
                [
                    (f"{row['trial']}: {row['policy'].replace('_', ' ')}", *_point(row["search"]))
                    for row in summary.get("baseline_trials", [])
                ],
                columns=["name", "mean_depth", "accuracy"],
            ),
        )

    @property
    def accuracy_range(self) -> tuple[float, float]:
        """What part of the accuracy axis holds the points that matter; far worse ones would squeeze them."""
        marks = [self.greedy[1], self.full[1], *([] if self.target is None else [self.target])]
        shown = np.concatenate([self.front["accuracy"], marks, self.trials["accuracy"].astype(float)])
        low = max(shown.min(), min(marks) - 0.06)
        span = max(shown.max() - low, 0.01)
        return low - 0.15 * span, min(shown.max() + 0.15 * span, 1.0 + 0.02 * span)

    def named(self, name: str, points: pd.DataFrame) -> str:
        """What the legend calls points, with how many of them lie below the picture."""
        n_below = int((points["accuracy"] < self.accuracy_range[0]).sum())
        return f"{name} ({n_below} below)" if n_below else name

    @property
    def depth_range(self) -> tuple[float, float]:
        """The depth axis, with a little room at both ends."""
        return 0.95, self.n_exits + 0.05

    @property
    def landmarks(self) -> list[_Landmark]:
        """Single points with a name, the selected policy last."""
        points = [
            _Landmark("greedy shared threshold", *self.greedy, _LADDER, "D", "diamond", 8),
            _Landmark("full network", *self.full, _FULL, "s", "square", 8),
            _Landmark("selected policy", *self.selected, _SELECTED, "*", "star", 19),
        ]
        if self.oracle is not None and self.target is not None:
            points.insert(0, _Landmark("oracle at target", self.oracle, self.target, _ORACLE, "^", "triangle-up", 9))
        return points


@dataclass(frozen=True)
class _Landmark:
    """A point with a name, as Matplotlib and Plotly draw it."""

    name: str
    depth: float
    accuracy: float
    colour: str
    marker: str
    symbol: str
    size: float


def draw_png(figure: FrontFigure, path: Path) -> None:
    """Write the picture, 1500 x 990 pixels."""
    canvas = Figure(figsize=(10, 6.6), dpi=150, layout="constrained")
    axes = canvas.add_subplot()
    if figure.target is not None:
        axes.axhspan(figure.target, 2.0, color="#e8f3ec", zorder=0)
        axes.axhline(figure.target, color=_TARGET, linewidth=1, linestyle="--", label=f"target {figure.target:.4g}")
    axes.plot(figure.ladder.mean_depth, figure.ladder.accuracy, color=_LADDER, linewidth=1.5, label=_LADDER_NAME)
    if len(figure.trials):
        label = figure.named(_TRIALS_NAME, figure.trials)
        axes.scatter(figure.trials["mean_depth"], figure.trials["accuracy"], s=26, color=_TRIAL, label=label)
    if len(figure.baselines):
        baselines, label = figure.baselines, figure.named(_BASELINES_NAME, figure.baselines)
        axes.scatter(baselines["mean_depth"], baselines["accuracy"], s=30, marker="x", color=_BASELINE, label=label)
    front = figure.front
    axes.plot(
        front["mean_depth"], front["accuracy"], "o-", color=_FRONT, markersize=4.5, linewidth=1, label=_FRONT_NAME
    )
    for point in figure.landmarks:
        style: dict[str, Any] = {
            "marker": point.marker,
            "markersize": point.size,
            "color": point.colour,
            "linestyle": "",
        }
        axes.plot(point.depth, point.accuracy, label=point.name, **style)
    axes.set(title=figure.title, xlabel=_DEPTH_NAME, ylabel="accuracy")
    axes.set(xlim=figure.depth_range, ylim=figure.accuracy_range)
    axes.grid(alpha=0.25)
    canvas.legend(loc="outside lower center", ncols=4, frameon=False)
    with whole_file(path) as partial:
        canvas.savefig(partial)


def draw_html(figure: FrontFigure, path: Path) -> None:
    """Write a page that needs no network: every point tells its figures, those of the front their thresholds."""
    page = go.Figure()
    if figure.target is not None:
        page.add_hrect(y0=figure.target, y1=2.0, fillcolor=_ORACLE, opacity=0.08, line_width=0, layer="below")
        text = f"target {figure.target:.4g}"
        page.add_hline(y=figure.target, line_dash="dash", line_color=_TARGET, annotation_text=text)
    _add_series(page, figure)
    for point in figure.landmarks:
        page.add_scatter(
            x=[point.depth],
            y=[point.accuracy],
            mode="markers",
            name=point.name,
            marker={"symbol": point.symbol, "size": 14, "color": point.colour, "line": {"width": 1, "color": "white"}},
            hovertemplate=_HOVER,
        )
    page.update_layout(
        title=figure.title,
        xaxis={"title": _DEPTH_NAME, "range": list(figure.depth_range)},
        yaxis={"title": "accuracy", "range": list(figure.accuracy_range)},
        template="plotly_white",
        legend={"orientation": "h", "y": -0.15},
    )
    write_text(path, page.to_html(include_plotlyjs=True, full_html=True))


def _add_series(page: go.Figure, figure: FrontFigure) -> None:
    page.add_scatter(
        x=figure.ladder.mean_depth,
        y=figure.ladder.accuracy,
        mode="lines",
        name=_LADDER_NAME,
        line_color=_LADDER,
        customdata=figure.ladder.thresholds,
        hovertemplate=f"threshold %{{customdata:.4f}}<br>{_HOVER}",
    )
    if len(figure.trials):
        page.add_scatter(
            x=figure.trials["mean_depth"],
            y=figure.trials["accuracy"],
            mode="markers",
            name=figure.named(_TRIALS_NAME, figure.trials),
            marker={"color": _TRIAL, "size": 8},
            text=figure.trials["trial_id"],
            hovertemplate=f"trial %{{text}}<br>{_HOVER}",
        )
    if len(figure.baselines):
        page.add_scatter(
            x=figure.baselines["mean_depth"],
            y=figure.baselines["accuracy"],
            mode="markers",
            name=figure.named(_BASELINES_NAME, figure.baselines),
            marker={"symbol": "x", "color": _BASELINE, "size": 8},
            text=figure.baselines["name"],
            hovertemplate=f"%{{text}}<br>{_HOVER}",
        )
    page.add_scatter(
        x=figure.front["mean_depth"],
        y=figure.front["accuracy"],
        mode="lines+markers",
        name=_FRONT_NAME,
        marker={"color": _FRONT, "size": 7},
        text=[_describe(row) for row in figure.front.itertuples()],
        hovertemplate=f"%{{text}}<br>{_HOVER}",
    )


def _describe(row: Any) -> str:
    plain = all(len(values) == 1 for values in row.policy.thresholds)
    shown = [values[0] for values in row.policy.thresholds] if plain else []
    thresholds = ", ".join("closed" if np.isinf(value) else f"{value:.4f}" for value in shown) or "several per exit"
    certified = "certified" if row.certified else "not certified"
    return f"{row.network}, {row.rule}, {certified}<br>thresholds {thresholds}"


def _point(figures: dict[str, Any]) -> tuple[float, float]:
    return float(figures["mean_depth"]), float(figures["accuracy"])
