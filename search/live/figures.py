"""Pictures of the trials of a sweep that runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from policies.registry import title_of
from search.live.running_run import RunningRun
from search.live.running_trials import RunningTrial
from search.live.saying import reached


if TYPE_CHECKING:
    import plotly.graph_objects as go


# Readable on white and on black.
_FEASIBLE, _MISSES, _BEST = "#3f8fd9", "#d98a2b", "#3aa66b"


def in_order(run: RunningRun) -> go.Figure:
    """What is minimised, or under a budget maximised, of each trial by its number, and the best until then."""
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    column, title = _wanted(run)
    figure = go.Figure(_points(run, y=column))
    found = _best_until(run)
    figure.add_scatter(
        x=[trial.number for trial, _ in found],
        y=[best.metrics[column] for _, best in found],
        mode="lines",
        line={"shape": "hv", "color": _BEST},
        name="best so far",
        hoverinfo="skip",
    )
    figure.update_layout(xaxis={"title": "trial", "rangemode": "tozero"}, yaxis={"title": title}, legend=_LEGEND)
    return figure


def in_objective_space(run: RunningRun) -> go.Figure:
    """The quality that was asked for against what is minimised."""
    import plotly.graph_objects as go

    asked = run.config.request
    figure = go.Figure(_points(run, x=asked.objective_column, y=asked.quality))
    if asked.target is not None:
        figure.add_hline(y=asked.target, line={"dash": "dot", "color": _BEST}, annotation_text="target")
    if asked.budget is not None:
        figure.add_vline(x=asked.budget, line={"dash": "dot", "color": _BEST}, annotation_text="budget")
    figure.update_layout(
        xaxis={"title": f"mean {title_of(asked.objective)}"},
        yaxis={"title": title_of(asked.quality)},
        legend=_LEGEND,
    )
    return figure


_LEGEND = {"orientation": "h", "y": 1.08}


def _wanted(run: RunningRun) -> tuple[str, str]:
    """What trials compete for: its column and its title."""
    asked = run.config.request
    if asked.budget is None:
        return asked.objective_column, f"mean {title_of(asked.objective)}"
    return asked.quality, title_of(asked.quality)


def _points(run: RunningRun, *, y: str, x: str = "") -> list[go.Scatter]:
    """One series for each colour and each of finished and not, those without points left out."""
    import plotly.graph_objects as go

    series = []
    shown = [trial for trial in run.trials.all if trial.metrics and not trial.failure]
    for is_feasible, colour, name in ((True, _FEASIBLE, "does what is asked"), (False, _MISSES, "misses it")):
        for has_ended, symbol, when in ((True, "circle", ""), (False, "circle-open", ", not finished")):
            own = [one for one in shown if (one.is_feasible, one.has_ended) == (is_feasible, has_ended)]
            if own:
                marker = {"color": colour, "symbol": symbol, "size": 8}
                series.append(go.Scatter(**_placed(run, own, x, y), mode="markers", marker=marker, name=name + when))
    return series


def _placed(run: RunningRun, trials: Sequence[RunningTrial], x: str, y: str) -> dict[str, Any]:
    """Where the points of some trials are, and what they say."""
    return {
        "x": [float(trial.metrics[x]) if x else trial.number for trial in trials],
        "y": [float(trial.metrics[y]) for trial in trials],
        "text": [f"{trial.name}: {reached(run, trial)}" for trial in trials],
        "hoverinfo": "text",
    }


def _best_until(run: RunningRun) -> list[tuple[RunningTrial, RunningTrial]]:
    """Each finished trial from the first feasible one on, with the best of those up to its number."""
    found: list[tuple[RunningTrial, RunningTrial]] = []
    best: RunningTrial | None = None
    for trial in run.trials.ended:
        if trial.state == "COMPLETE" and trial.is_feasible:
            is_better = best is None or _rank(trial) < _rank(best)
            best = trial if is_better else best
        if best is not None:
            found.append((trial, best))
    return found


def _rank(trial: RunningTrial) -> float:
    return float(trial.metrics["objective_at_target"])
