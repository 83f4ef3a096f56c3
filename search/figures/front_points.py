"""What the pictures of a front show: points, curves, axes and names, whatever draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.baselines.choice import baseline_evaluator
from policies.evaluation.shared_thresholds import shared_threshold_genomes
from policies.goals.front import Front
from policies.goals.goal import Goal
from policies.goals.objectives import get_objective
from policies.qualities import get_quality
from policies.registry import title_of
from policies.selection.select import Selection
from policies.tables.base import ExitTable
from policies.tables.latency import stated_latency
from search.run_folder.summary import PolicyFigures, Summary


_QUALITY_NAMES = {"macro_f1": "macro-F1", "top5_accuracy": "top-5 accuracy"}
_MOST_LEVELS = 512
_LEAST_SHARE = 0.35
"""Points that need less of the objective axis than this get an axis of their own."""


@dataclass(frozen=True)
class FrontFigure:
    """What both figures show; all figures are on ``search``.

    Attributes:
        title: Title above the figure.
        target: Least quality that was asked for, or the largest where less is better; None where none was.
        objectives: Objective of leaving at the first exit, and of the full network.
        front: Front of the networks, merged, least objective first, without a selected policy that another beats.
        trials: ``trial_id``, quality and objective of each trial's own best policy.
        shared: ``threshold``, quality and objective of every shared threshold of the selected network.
        selected: Objective and quality of the selected policy.
        greedy: Objective and quality of the greedy shared threshold.
        full: Objective and quality of the full network.
        oracle: Least mean depth with the labels known, or None.
        baselines: ``name``, quality and objective of the sweep file's baselines, a row for each policy.
        control: Objective and quality of the plain network that costs as much as the selected policy, or None.
        quality: Column of the vertical axis, the name of a quality.
        objective: Column of the horizontal axis, minimised.
        objective_axis: Title of the horizontal axis.
        short_objective_name: Name of what is minimised, in one word.
        is_feasible: Whether a policy met what was asked for; if not, the selected one is the nearest.
    """

    title: str
    target: float | None
    objectives: tuple[float, float]
    front: Front
    trials: pd.DataFrame
    shared: pd.DataFrame
    selected: tuple[float, float]
    greedy: tuple[float, float]
    full: tuple[float, float]
    oracle: float | None
    baselines: pd.DataFrame
    control: tuple[float, float] | None = None
    quality: str = "accuracy"
    objective: str = "mean_depth"
    objective_axis: str = "mean depth (1 = first exit)"
    short_objective_name: str = "depth"
    is_feasible: bool = True

    @classmethod
    def of(cls, title: str, summary: Summary, selection: Selection, trials: pd.DataFrame | None = None) -> FrontFigure:
        """Collect what a finished search shows; ``trials`` where it was a sweep."""
        table = selection.network.search
        quality, objective = summary.quality, get_objective(summary.objective).column
        columns = [objective, quality]
        goal = Goal(quality=quality, objective=summary.objective, latency_ms=_latency(table))
        objectives = goal.objective_of_exits(table.cost)
        # The front's figures are the honest ones: those of rules that learn are not of the samples learnt from.
        shown = next(
            (point.figures for point in selection.front if point.selected), summary.selected.by_split["search"]
        )
        has_trials = trials is not None and {*columns} <= {*trials.columns}
        return cls(
            title=title,
            target=summary.least_quality,
            objectives=(float(objectives[0]), float(objectives[-1])),
            front=selection.front.line(quality, objective),
            trials=trials if trials is not None and has_trials else pd.DataFrame(columns=["trial_id", *columns]),
            shared=_shared_thresholds(selection, goal),
            selected=(shown[objective], shown[quality]),
            greedy=_point(summary.baselines["greedy_shared_threshold"], columns),
            full=_point(summary.baselines["full_network"], columns),
            oracle=summary.oracle["search"] if columns == ["mean_depth", "accuracy"] else None,
            baselines=pd.DataFrame(
                [
                    (f"{row.trial}: {row.policy.replace('_', ' ')}", *_point(row, columns))
                    for row in summary.baseline_trials
                ],
                columns=["name", *columns],
            ),
            control=_control_point(summary, table, objectives, shown),
            quality=quality,
            objective=objective,
            objective_axis=get_objective(summary.objective).axis,
            short_objective_name=title_of(summary.objective),
            is_feasible=summary.feasible,
        )

    @property
    def quality_name(self) -> str:
        """What the vertical axis is called."""
        return _QUALITY_NAMES.get(self.quality, title_of(self.quality))

    @property
    def target_name(self) -> str:
        """What the line of the target is called; empty without one."""
        if self.target is None:
            return ""
        missed = self._sign * (self.target - self.selected[1])
        return f"target {self.target:.4g}" + (f", missed by {missed:.4f}" if missed > 0 else "")

    @property
    def _sign(self) -> float:
        """1 where more of the quality is better, -1 where less is."""
        return get_quality(self.quality).sign

    @property
    def met_range(self) -> tuple[float, float] | None:
        """What part of the quality axis meets the target; None without one."""
        if self.target is None:
            return None
        return (self.target, 2.0) if self._sign > 0 else (-1.0, self.target)

    @property
    def quality_range(self) -> tuple[float, float]:
        """What part of the quality axis holds the points that matter; far worse ones would squeeze them.

        Where the target is missed, much of the curve that is worse is shown: four times what is missing.
        """
        sign = self._sign
        marks = sign * np.array([*self._marks, *([] if self.target is None else [self.target])], dtype=np.float64)
        points = np.concatenate([self.front.figure(self.quality), self.trials[self.quality]]).astype(float)
        shown = np.concatenate([sign * points, marks])
        worse = 0.06 if self.is_feasible else max(0.06, 4 * (marks.max() - sign * self.selected[1]))
        low = marks.min() - worse
        if self.is_feasible:
            low = max(shown.min(), low)
        high = max(shown.max(), -math.inf if self.control is None else sign * self.control[1])
        span = max(high - low, 0.01)
        least, most = (0.0, 1.0) if sign > 0 else (-1.0, 0.0)
        ends = max(low - 0.15 * span, least - 0.02 * span), min(high + 0.15 * span, most + 0.02 * span)
        return min(sign * end for end in ends), max(sign * end for end in ends)

    @property
    def _marks(self) -> tuple[float, ...]:
        return self.greedy[1], self.full[1], self.selected[1]

    def _is_shown(self, points: pd.DataFrame) -> pd.Series[bool]:
        """Whether points are not far worse than those that matter."""
        return self._sign * points[self.quality] >= self._sign * self._worst

    @property
    def _worst(self) -> float:
        """The worse end of the quality axis."""
        return self.quality_range[0] if self._sign > 0 else self.quality_range[1]

    @property
    def _beyond(self) -> str:
        """Where points lie that are worse than that."""
        return "below" if self._sign > 0 else "above"

    @property
    def objective_range(self) -> tuple[float, float]:
        """The objective axis: from the first exit to the full network, or nearer if all points would lie in a heap."""
        first, full = self.objectives
        if self.control is not None:
            # One that is narrower than the network may cost less than its first exit.
            first, full = min(first, self.control[0]), max(full, self.control[0])
        shown = self.trials[self._is_shown(self.trials)]
        points = [self.selected[0], self.greedy[0], *([] if self.oracle is None else [self.oracle])]
        points += [] if self.control is None else [self.control[0]]
        near = np.concatenate([self.front.figure(self.objective), shown[self.objective], points]).astype(float)
        # Policies that do not read everything may spend less than all samples do at the first exit.
        first = min(first, float(near.min()))
        low, high, room = near.min(), near.max(), 0.025 * (full - first)
        if self.is_feasible and high - low < _LEAST_SHARE * (full - first):
            low, high = max(low - 2 * room, first), min(high + 2 * room, full)
            room = 0.025 * (high - low)
            return low - room, high + room
        return first - room, full + room

    @property
    def baselines_name(self) -> str:
        """What the legend calls the baselines."""
        return "baseline trials" + self._left_out(self.baselines)

    @property
    def trials_name(self) -> str:
        """What the legend calls the trials: what differs between them, and how many are worse than it shows."""
        shown = self.trials[self._is_shown(self.trials)]
        quality, objective = shown[self.quality].astype(float), shown[self.objective].astype(float)
        name = "trials, quick policy"
        if self._is_one_row or self._is_one_column:
            spent = f"{self.short_objective_name} {_span(objective, '.2f')}"
            reached = f"{self.quality_name} {_span(quality, '.3f')}"
            name = f"trials: {spent} at {reached}" if self._is_one_row else f"trials: {reached} at {spent}"
        return name + self._left_out(self.trials)

    @property
    def trials_symbol(self) -> tuple[str, str]:
        """How trials are marked, for Matplotlib and for Plotly: as ticks along a row or a column, else as dots."""
        if self._is_one_row:
            return "|", "line-ns-open"
        return ("_", "line-ew-open") if self._is_one_column else ("o", "circle")

    @property
    def _is_one_row(self) -> bool:
        """Whether the dots of trials would form a line: all have the quality that was asked for and no more."""
        return self._are_alike(self.quality, self.quality_range)

    @property
    def _is_one_column(self) -> bool:
        return self._are_alike(self.objective, self.objective_range)

    def _are_alike(self, column: str, axis: tuple[float, float]) -> bool:
        shown = self.trials.loc[self._is_shown(self.trials), column].astype(float)
        return len(shown) > 1 and np.ptp(shown) < 0.01 * (axis[1] - axis[0])

    def _left_out(self, points: pd.DataFrame) -> str:
        """How many points are worse than what the picture shows."""
        n_worse = int((~self._is_shown(points)).sum())
        return f" ({n_worse} {self._beyond})" if n_worse else ""

    @property
    def landmarks(self) -> list[Landmark]:
        """Single points with a name, the selected policy last."""
        full = "full network"
        if self.full[0] > self.objective_range[1]:
            full += f" (at {self.short_objective_name} {self.full[0]:g}: {self.full[1]:.4f})"
        points = [
            Landmark("best shared threshold", *self.greedy, "#edae49", "D", "diamond", 8),
            Landmark(full, *self.full, "#6a4c93", "s", "square", 8),
            Landmark(
                "selected policy" if self.is_feasible else "nearest policy", *self.selected, "#d1495b", "*", "star", 19
            ),
        ]
        if self.oracle is not None and self.target is not None:
            points.insert(0, Landmark("oracle at target", self.oracle, self.target, "#2a9d5c", "^", "triangle-up", 9))
        if self.control is not None:
            points.append(Landmark(self._control_name, *self.control, "#0b7a75", "P", "cross", 9))
        return points

    @property
    def _control_name(self) -> str:
        """What the legend calls the plain network, with its quality where that is worse than the picture shows."""
        name = "static control, at its cost"
        if self.control is None or self._sign * self.control[1] >= self._sign * self._worst:
            return name
        return f"{name} ({self._beyond}: {self.control[1]:.4f})"


@dataclass(frozen=True)
class Landmark:
    """A point with a name, as Matplotlib and Plotly draw it."""

    name: str
    objective: float
    quality: float
    colour: str
    marker: str
    symbol: str
    size: float


def _shared_thresholds(selection: Selection, goal: Goal) -> pd.DataFrame:
    """The curve of one threshold for all exits, lowest first; of very many thresholds evenly spaced ones."""
    network = selection.network
    evaluator = baseline_evaluator(network.search, network.temperatures, goal, max_levels=_MOST_LEVELS)
    genomes = shared_threshold_genomes(evaluator)
    figures = goal.assess(evaluator.evaluate(genomes))
    lowest = [np.append(levels.lowest, math.inf) for levels in evaluator.levels]
    # The least score that leaves at any exit: no exit has a score between it and the threshold that is shared.
    thresholds = np.min([own[genomes[:, gene]] for gene, own in enumerate(lowest)], axis=0, initial=math.inf)
    columns = {goal.objective_column: figures.objective, goal.quality: figures.quality}
    curve = pd.DataFrame({"threshold": thresholds, **columns})
    # A score below a sample's best so far is no threshold that matters.
    return curve.sort_values("threshold").drop_duplicates(subset=list(columns), keep="last", ignore_index=True)


def _control_point(
    summary: Summary, table: ExitTable, objectives: NDArray[np.float64], selected: Mapping[str, Any]
) -> tuple[float, float] | None:
    """Where the plain network lies: a network with one exit has no depth of its own, but it has a cost.

    It is drawn where a policy of its cost would be: of the selected policy's cost at the selected policy's place,
    else on the lines from there to leaving at the first exit and to the full network. So it lies left of the policy
    where it costs less and right of it where it costs more, whatever the axis is; for cost itself it is the cost.
    """
    if summary.control is None:
        return None
    figures, column = summary.control.by_split["search"], get_objective(summary.objective).column
    if column in figures:
        return float(figures[column]), float(figures[summary.quality])
    costs = [float(table.cost[0]), float(selected["mean_cost"]), float(table.cost[-1])]
    places = [float(objectives[0]), float(selected[column]), float(objectives[-1])]
    return float(np.interp(figures["mean_cost"], costs, places)), float(figures[summary.quality])


def _span(values: pd.Series[float], digits: str) -> str:
    low, high = f"{values.min():{digits}}", f"{values.max():{digits}}"
    return low if low == high else f"{low} to {high}"


def _latency(table: ExitTable) -> tuple[float, ...]:
    times = stated_latency(table)
    return () if times is None else tuple(times.tolist())


def _point(policy: PolicyFigures, columns: list[str]) -> tuple[float, float]:
    objective, quality = (float(policy.by_split["search"][column]) for column in columns)
    return objective, quality
