"""Trials so far in objective space, as a small plot of characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from policies.goals.request import Request
from policies.registry import title_of
from search.trials.log import TrialRecord


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
    """Where a trial lies; None for one that failed or never reported."""
    result = trial.result
    if trial.failure or not {asked.objective_column, asked.quality, "violation"} <= result.keys():
        return None
    return TrialPoint(result[asked.objective_column], result[asked.quality], result["violation"] <= 0)


def plot_trials(points: Sequence[TrialPoint], asked: Request, *, width: int) -> Text:
    """Draw trials: the objective from left to right, the quality upwards.

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
    for is_feasible, marker in ((False, _INFEASIBLE), (True, _FEASIBLE)):
        own = [one for one in points if one.is_feasible is is_feasible]
        if own:
            xs, ys = [one.objective for one in own], [one.quality for one in own]
            figure.draw(figure.signal(xs, ys, marker=marker))
    drawn = Text.from_ansi(str(figure.build()))
    drawn.no_wrap = True
    key = f"{title_of(asked.quality)} by {asked.objective}: {_FEASIBLE} feasible  {_INFEASIBLE} infeasible"
    return Text("\n").join([Text(key, style="dim", overflow="ellipsis", no_wrap=True), drawn])
