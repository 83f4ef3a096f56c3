"""What trials have found so far, by mean depth and quality, as a small plot of characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
import math

from rich.text import Text

from policies.goals.request import Request
from policies.qualities import get_quality
from policies.registry import title_of
from search.trials.records import TrialRecord


MOST_LINES, MOST_COLUMNS = 10, 80
_EXIT, _INFEASIBLE, _FEASIBLE = "+", "·", "●"


@dataclass(frozen=True)
class TrialPoint:
    """What a trial found: its best policy on ``search``, and its exits.

    Attributes:
        mean_depth: Mean depth of the policy.
        quality: The quality that was asked for, of the policy.
        is_feasible: Whether the policy does what was asked for.
        of_exits: The same quality of each exit alone, from the first on; empty where trials do not report it.
    """

    mean_depth: float
    quality: float
    is_feasible: bool
    of_exits: tuple[float, ...] = ()


def point_of(trial: TrialRecord, asked: Request) -> TrialPoint | None:
    """Where a trial lies; None for one that failed, never reported or has no number there."""
    result = trial.result
    if trial.failure or not {"mean_depth", asked.quality, "violation"} <= result.keys():
        return None
    keys = takewhile(result.__contains__, (f"{asked.quality}_exit_{depth}" for depth in count(1)))
    exits = tuple(float(result[key]) for key in keys)
    point = TrialPoint(float(result["mean_depth"]), float(result[asked.quality]), trial.is_feasible, exits)
    return point if all(map(math.isfinite, (point.mean_depth, point.quality, *exits))) else None


def plot_trials(points: Sequence[TrialPoint], asked: Request, *, width: int) -> Text | None:
    """Draw what trials found: mean depth from left to right, the quality upwards.

    A trial that can meet a target reports the policy that does so just; what more depth buys is told by the exits: of
    each depth the best exit of all trials, taken alone.

    Args:
        points: The trials.
        asked: What trials are searched for; names the quality.
        width: Columns of the terminal.

    Returns:
        At most :data:`MOST_LINES` lines, without colours; None where all have one depth or one quality,
        which has no scale.
    """
    exits = _best_exits(points, sign=get_quality(asked.quality).sign)
    places = [*exits.items(), *((one.mean_depth, one.quality) for one in points)]
    depths, qualities = {depth for depth, _ in places}, {quality for _, quality in places}
    if len(depths) < 2 or len(qualities) < 2:
        return None
    drawn = _drawn(
        {
            _EXIT: [*exits.items()],
            _INFEASIBLE: [(one.mean_depth, one.quality) for one in points if not one.is_feasible],
            _FEASIBLE: [(one.mean_depth, one.quality) for one in points if one.is_feasible],
        },
        width=min(width, MOST_COLUMNS) - 1,
    )
    alone = f"  {_EXIT} best exit alone" if exits else ""
    key = f"{title_of(asked.quality)} by depth: {_FEASIBLE} feasible  {_INFEASIBLE} infeasible{alone}"
    return Text("\n").join([Text(key, style="dim", overflow="ellipsis", no_wrap=True), drawn])


def _best_exits(points: Sequence[TrialPoint], *, sign: float) -> dict[float, float]:
    """The best quality of each exit alone, by its depth.

    Args:
        points: The trials.
        sign: 1 where more of the quality is better, else -1.
    """
    best: dict[float, float] = {}
    for one in points:
        for depth, quality in enumerate(one.of_exits, start=1):
            best[depth] = max(best.get(depth, quality), quality, key=lambda value: sign * value)
    return best


def _drawn(series: Mapping[str, Sequence[tuple[float, float]]], *, width: int) -> Text:
    """A plot of points by their marker, later ones above earlier ones."""
    # Here, since it is drawn in terminals only.
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, MOST_LINES - 1)
    for marker, places in series.items():
        if places:
            figure.draw(figure.signal(*map(list, zip(*places, strict=True)), marker=marker))
    drawn = Text.from_ansi(str(figure.build()))
    drawn.no_wrap = True
    return drawn
