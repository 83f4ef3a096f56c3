"""Trials so far, in objective space or in their order, as a small plot of characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from rich.text import Text

from policies.goals.request import Request
from policies.registry import title_of
from search.trials.records import TrialRecord


MOST_LINES, MOST_COLUMNS = 10, 80
_FEASIBLE, _INFEASIBLE = "●", "·"


@dataclass(frozen=True)
class TrialPoint:
    """A trial that ended.

    Attributes:
        objective: What is minimised, as the trial reported it.
        quality: The quality that was asked for.
        is_feasible: Whether it does what was asked for.
    """

    objective: float
    quality: float
    is_feasible: bool


def point_of(trial: TrialRecord, asked: Request) -> TrialPoint | None:
    """Where a trial lies; None for one that failed, never reported or has no number there."""
    result = trial.result
    if trial.failure or not {asked.objective_column, asked.quality, "violation"} <= result.keys():
        return None
    point = TrialPoint(float(result[asked.objective_column]), float(result[asked.quality]), trial.is_feasible)
    return point if math.isfinite(point.objective) and math.isfinite(point.quality) else None


def plot_trials(points: Sequence[TrialPoint], asked: Request, *, width: int) -> Text:
    """Draw trials: the objective from left to right, the quality upwards.

    A trial that can meet a target reports what it does just there. Where all lie at one quality so, the objective is
    drawn upwards instead, and trials from left to right in the order in which they ended.

    Args:
        points: The trials, at least one.
        asked: What trials are searched for; names the axes.
        width: Columns of the terminal.

    Returns:
        At most :data:`MOST_LINES` lines, without colours.
    """
    # Here, since it is drawn in terminals only.
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(min(width, MOST_COLUMNS) - 1, MOST_LINES - 1)
    in_order = len({one.quality for one in points}) == 1
    for is_feasible, marker in ((False, _INFEASIBLE), (True, _FEASIBLE)):
        own = [(place, one) for place, one in enumerate(points, start=1) if one.is_feasible is is_feasible]
        if own:
            xs = [place if in_order else one.objective for place, one in own]
            ys = [one.objective if in_order else one.quality for _, one in own]
            figure.draw(figure.signal(xs, ys, marker=marker))
    drawn = Text.from_ansi(str(figure.build()))
    drawn.no_wrap = True
    axes = f"{asked.objective} by trial" if in_order else f"{title_of(asked.quality)} by {asked.objective}"
    key = f"{axes}: {_FEASIBLE} feasible  {_INFEASIBLE} infeasible"
    return Text("\n").join([Text(key, style="dim", overflow="ellipsis", no_wrap=True), drawn])
