"""Pictures of trials, of a sweep that is finished and of one that runs: in their order, and in objective space."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from policies.goals.objectives import get_objective, sought_in_words
from policies.qualities import get_quality
from policies.registry import title_of
from search.page.blocks import COLOURS, rounded
from search.trials.records import TrialRecord


if TYPE_CHECKING:
    import plotly.graph_objects as go

DOES = "does what was asked"
KINDS = {
    DOES: (COLOURS[0], "circle"),
    "misses what was asked": (COLOURS[5], "circle-open"),
    "stopped early": (COLOURS[1], "triangle-down"),
    "failed": (COLOURS[3], "x"),
    "not ended": (COLOURS[4], "square-open"),
}
"""How a trial is marked, by its kind."""
MANY = 300
"""With more trials than that each is told in fewer words."""
_FEW = 12


@dataclass(frozen=True, kw_only=True)
class TrialAxes:
    """What trials are drawn by.

    Attributes:
        quality: Name of the quality.
        objective: Name of the objective.
        target: The least of the quality that was asked for, or the most; None where it is of another or none was.
        budget: The most of the objective that was asked for; None where that is minimised.
    """

    quality: str
    objective: str
    target: float | None = None
    budget: float | None = None

    @property
    def column(self) -> str:
        """The objective's figure in a report."""
        return get_objective(self.objective).column

    @property
    def sought(self) -> str:
        """What trials compete for, in words."""
        return sought_in_words(self.objective, self.quality, budget=self.budget)


def kind_of(trial: TrialRecord) -> str:
    """How a trial is marked."""
    if trial.state.name == "COMPLETE":
        return DOES if trial.is_feasible else "misses what was asked"
    return {"PRUNED": "stopped early", "FAIL": "failed"}.get(trial.state.name, "not ended")


def trial_text(trial: TrialRecord, kept: Collection[str] | None) -> str:
    """Its name and parameters in lines of HTML.

    Args:
        trial: The trial.
        kept: Names of the parameters that are told; None for all.
    """
    told = {name: value for name, value in trial.params.items() if kept is None or name in kept}
    return "<br>".join([trial.trial_id, *(f"{escape(name)} {_short(value)}" for name, value in told.items())])


def in_order(found: Sequence[TrialRecord], texts: Sequence[str], axes: TrialAxes) -> go.Figure:
    """Quality and objective of each trial by its number, and the best so far.

    Args:
        found: The trials.
        texts: What is told of each.
        axes: What they are drawn by.
    """
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    names = texts if len(found) <= MANY else [trial.trial_id for trial in found]
    up = _markers(found, names, ("number", axes.quality))
    down = _markers(found, names, ("number", axes.column), yaxis="y2", showlegend=False)
    return go.Figure(
        [*up, *down, *_best_line(found, axes)],
        {
            "xaxis": {"title": {"text": "trial, in the order of their beginning"}, "anchor": "y2", **_whole(found)},
            "yaxis": {"title": {"text": title_of(axes.quality)}, "domain": [0.54, 1]},
            "yaxis2": {"title": {"text": title_of(axes.column)}, "domain": [0, 0.46], "anchor": "x"},
            "legend": {"orientation": "h", "y": 1.12},
            "shapes": [*_bound(axes.target, "y", "x", "y"), *_bound(axes.budget, "y", "x", "y2")],
            "height": 520,
        },
    )


def in_space(found: Sequence[TrialRecord], texts: Sequence[str], axes: TrialAxes) -> go.Figure:
    """The quality of each trial against its objective; arguments as in :func:`in_order`."""
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    told = [_with_violation(trial, text) for trial, text in zip(found, texts, strict=True)]
    return go.Figure(
        _markers(found, told, (axes.column, axes.quality)),
        {
            "xaxis": {"title": {"text": get_objective(axes.objective).axis}},
            "yaxis": {"title": {"text": title_of(axes.quality)}},
            "legend": {"orientation": "h", "y": 1.12},
            "shapes": [*_bound(axes.target, "y", "x", "y"), *_bound(axes.budget, "x", "y", "x")],
            "hovermode": "closest",
        },
    )


def _markers(found: Sequence[TrialRecord], texts: Sequence[str], keys: tuple[str, str], **own: Any) -> list[go.Scatter]:
    """A series for each kind of trial that has one; two keys of what they report, or ``number``, are their places."""
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    series = []
    for kind, (colour, symbol) in KINDS.items():
        of = [
            (trial, text) for trial, text in zip(found, texts, strict=True) if kind_of(trial) == kind and trial.result
        ]
        if of:
            across, up = (rounded(_place(trial, key) for trial, _ in of) for key in keys)
            series.append(
                go.Scatter(
                    x=across,
                    y=up,
                    mode="markers",
                    name=kind,
                    text=[text for _, text in of],
                    marker={"color": colour, "symbol": symbol, "size": 7 if len(found) <= MANY else 5},
                    hovertemplate="%{text}<br>%{x}, %{y}<extra></extra>",
                    **own,
                )
            )
    return series


def _whole(found: Sequence[TrialRecord]) -> dict[str, int]:
    """Few trials are counted one by one: there is none between two of them."""
    return {"dtick": 1} if len(found) <= _FEW else {}


def _place(trial: TrialRecord, key: str) -> float | None:
    return trial.number + 1 if key == "number" else trial.result.get(key)


def _best_line(found: Sequence[TrialRecord], axes: TrialAxes) -> list[go.Scatter]:
    """The best so far of complete trials that did what was asked; a step where it became better."""
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    is_quality = axes.budget is not None
    key = axes.quality if is_quality else axes.column
    sign = -get_quality(axes.quality).sign if is_quality else 1.0
    best: float | None = None
    steps: list[tuple[int, float]] = []
    for trial in found:
        value = trial.result.get(key) if kind_of(trial) == DOES else None
        if value is not None and (best is None or sign * value < sign * best):
            best = float(value)
            steps.append((trial.number + 1, best))
    if best is None:
        return []
    # Those that failed need not be among them.
    steps.append((found[-1].number + 1, best))
    return [
        go.Scatter(
            x=[number for number, _ in steps],
            y=rounded(value for _, value in steps),
            mode="lines",
            line={"shape": "hv", "color": COLOURS[2], "width": 2},
            name="best so far",
            yaxis="y" if is_quality else "y2",
            hoverinfo="skip",
        )
    ]


def _bound(value: float | None, across: str, along: str, axis: str) -> list[Mapping[str, Any]]:
    """A dotted line at a value of one axis, along the whole of the other; nothing where there is no value."""
    if value is None:
        return []
    at = round(value, 5)
    place = {f"{along}ref": "paper", f"{along}0": 0, f"{along}1": 1}
    place |= {f"{across}ref": axis, f"{across}0": at, f"{across}1": at}
    return [{"type": "line", "line": {"dash": "dot", "color": COLOURS[5], "width": 1.5}, **place}]


def _with_violation(trial: TrialRecord, text: str) -> str:
    """A text about it, and by how much it misses what was asked for."""
    return f"{text}<br>misses what was asked by {trial.violation:.4g}" if trial.violation > 0 else text


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))
