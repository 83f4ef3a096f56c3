"""The Pareto front as a picture and as a page to point at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from policies.ladder import Ladder, shared_threshold_ladder
from policies.rules import get_rule
from search.selection import Selection
from search.trials import TrialOutcome


_FRONT, _SELECTED, _TRIAL, _LADDER, _TARGET = "#1f5fa8", "#d1495b", "#8d99ae", "#edae49", "#444444"
_ORACLE, _FULL = "#2a9d5c", "#6a4c93"


@dataclass(frozen=True)
class FrontFigure:
    """What both figures show; all figures are on ``search``.

    Attributes:
        title: Above the figure.
        target: Least accuracy.
        n_exits: Depths run from 1 to this.
        front: The merged front.
        trials: ``mean_depth`` and ``accuracy`` of each trial's own best policy, with ``trial_id``.
        ladder: Every shared threshold of the selected network.
        selected: Mean depth and accuracy of the selected policy.
        greedy: Mean depth and accuracy of the greedy shared threshold.
        full: Mean depth and accuracy of the full network.
        oracle: Least mean depth with the labels known, or None.
    """

    title: str
    target: float
    n_exits: int
    front: pd.DataFrame
    trials: pd.DataFrame
    ladder: Ladder
    selected: tuple[float, float]
    greedy: tuple[float, float]
    full: tuple[float, float]
    oracle: float | None

    @classmethod
    def of_sweep(cls, summary: dict[str, Any], selection: Selection, outcomes: list[TrialOutcome]) -> FrontFigure:
        """Collect what a finished sweep shows."""
        table = selection.of_trial.search
        view = get_rule("confidence").view(table, np.asarray(selection.policy.temperatures))
        points = [
            {"trial_id": trial.trial_id, **{key: trial.metrics[key] for key in ("accuracy", "mean_depth")}}
            for trial in outcomes
            if not trial.failure
        ]
        return cls(
            title=f"{summary['name']}: {summary['workload']}, accuracy against mean depth on the search split",
            target=summary["target"],
            n_exits=table.n_exits,
            front=selection.front,
            trials=pd.DataFrame(points, columns=["trial_id", "accuracy", "mean_depth"]),
            ladder=shared_threshold_ladder(view, view.answers == table.labels[:, None]),
            selected=_point(summary["selected"]["search"]),
            greedy=_point(summary["baselines"]["greedy_shared_threshold"]["search"]),
            full=_point(summary["baselines"]["full_network"]["search"]),
            oracle=summary["oracle"]["search"],
        )

    @property
    def accuracy_range(self) -> tuple[float, float]:
        """What part of the accuracy axis holds the points that matter; far worse ones would squeeze them."""
        shown = np.concatenate(
            [self.front["accuracy"], [self.target, self.greedy[1], self.full[1]], self.trials["accuracy"]]
        )
        low = max(shown.min(), self.target - 0.06)
        span = max(shown.max() - low, 0.01)
        return low - 0.15 * span, min(shown.max() + 0.15 * span, 1.0 + 0.02 * span)


def draw_png(figure: FrontFigure, path: Path) -> None:
    """Write the picture, 1500 x 990 pixels."""
    canvas = Figure(figsize=(10, 6.6), dpi=150, layout="constrained")
    axes = canvas.add_subplot()
    axes.axhspan(figure.target, 2.0, color="#e8f3ec", zorder=0)
    axes.axhline(figure.target, color=_TARGET, linewidth=1, linestyle="--", label=f"target {figure.target:g}")
    axes.plot(
        figure.ladder.mean_depth,
        figure.ladder.accuracy,
        color=_LADDER,
        linewidth=1.5,
        label="one shared threshold, all values",
    )
    axes.scatter(
        figure.trials["mean_depth"], figure.trials["accuracy"], s=26, color=_TRIAL, label="trials, quick policy"
    )
    axes.plot(
        figure.front["mean_depth"],
        figure.front["accuracy"],
        color=_FRONT,
        marker="o",
        markersize=4.5,
        linewidth=1,
        label="front of all policies",
    )
    axes.plot(*figure.greedy, marker="D", markersize=8, linestyle="", color=_LADDER, label="greedy shared threshold")
    axes.plot(*figure.full, marker="s", markersize=8, linestyle="", color=_FULL, label="full network")
    if figure.oracle is not None:
        axes.plot(
            figure.oracle,
            figure.target,
            marker="^",
            markersize=9,
            linestyle="",
            color=_ORACLE,
            label="oracle at target",
        )
    axes.plot(*figure.selected, marker="*", markersize=19, linestyle="", color=_SELECTED, label="selected policy")
    axes.set(
        title=figure.title,
        xlabel="mean depth (1 = first exit)",
        ylabel="accuracy",
        xlim=(0.95, figure.n_exits + 0.05),
        ylim=figure.accuracy_range,
    )
    axes.grid(alpha=0.25)
    canvas.legend(loc="outside lower center", ncols=4, frameon=False)
    canvas.savefig(path)


def draw_html(figure: FrontFigure, path: Path) -> None:
    """Write a page that needs no network: every point tells its figures, the selected one its thresholds."""
    page = go.Figure()
    page.add_hrect(y0=figure.target, y1=2.0, fillcolor="#2a9d5c", opacity=0.08, line_width=0, layer="below")
    page.add_hline(y=figure.target, line_dash="dash", line_color=_TARGET, annotation_text=f"target {figure.target:g}")
    page.add_scatter(
        x=figure.ladder.mean_depth,
        y=figure.ladder.accuracy,
        mode="lines",
        name="one shared threshold, all values",
        line_color=_LADDER,
        customdata=figure.ladder.thresholds,
        hovertemplate="threshold %{customdata:.4f}<br>accuracy %{y:.4f}<br>depth %{x:.3f}",
    )
    page.add_scatter(
        x=figure.trials["mean_depth"],
        y=figure.trials["accuracy"],
        mode="markers",
        name="trials, quick policy",
        marker={"color": _TRIAL, "size": 8},
        text=figure.trials["trial_id"],
        hovertemplate="trial %{text}<br>accuracy %{y:.4f}<br>depth %{x:.3f}",
    )
    page.add_scatter(
        x=figure.front["mean_depth"],
        y=figure.front["accuracy"],
        mode="lines+markers",
        name="front of all policies",
        marker={"color": _FRONT, "size": 7},
        text=[_describe(row) for row in figure.front.itertuples()],
        hovertemplate="%{text}<br>accuracy %{y:.4f}<br>depth %{x:.3f}",
    )
    landmarks: list[tuple[str, tuple[float, float], str, str]] = [
        ("greedy shared threshold", figure.greedy, "diamond", _LADDER),
        ("full network", figure.full, "square", _FULL),
        ("selected policy", figure.selected, "star", _SELECTED),
    ]
    if figure.oracle is not None:
        landmarks.append(("oracle at target", (figure.oracle, figure.target), "triangle-up", _ORACLE))
    for name, (depth, accuracy), symbol, colour in landmarks:
        page.add_scatter(
            x=[depth],
            y=[accuracy],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 14, "color": colour, "line": {"width": 1, "color": "white"}},
            hovertemplate="accuracy %{y:.4f}<br>depth %{x:.3f}",
        )
    page.update_layout(
        title=figure.title,
        xaxis={"title": "mean depth (1 = first exit)", "range": [0.95, figure.n_exits + 0.05]},
        yaxis={"title": "accuracy", "range": list(figure.accuracy_range)},
        template="plotly_white",
        legend={"orientation": "h", "y": -0.15},
    )
    page.write_html(path, include_plotlyjs=True, full_html=True)


def _describe(row: Any) -> str:
    thresholds = ", ".join("closed" if np.isinf(value) else f"{value:.4f}" for value in row.policy.thresholds)
    certified = "certified" if row.certified else "not certified"
    return f"trial {row.trial_id}, {row.rule}, {certified}<br>thresholds {thresholds}"


def _point(figures: dict[str, Any]) -> tuple[float, float]:
    return float(figures["mean_depth"]), float(figures["accuracy"])
