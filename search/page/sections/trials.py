"""Trials in order and in objective space, and why some of them failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from policies.goals.objectives import get_objective
from policies.qualities import get_quality
from policies.registry import title_of
from search.page.blocks import COLOURS, figure_place, heading, html_table, paragraph, rounded
from search.page.read_trials import ReadTrial, read_trials
from search.page.run import FinishedRun
from search.page.section import Section
from search.run_folder.summary import Summary


if TYPE_CHECKING:
    import plotly.graph_objects as go

_KINDS = {
    "does what was asked": (COLOURS[0], "circle"),
    "misses what was asked": (COLOURS[5], "circle-open"),
    "stopped early": (COLOURS[1], "triangle-down"),
    "failed": (COLOURS[3], "x"),
    "not ended": (COLOURS[4], "square-open"),
}
_PAST = {"does what was asked": "did what was asked", "misses what was asked": "missed it"}
_MANY = 300
_FEW_PARAMETERS = 6


def trials(run: FinishedRun) -> Section | None:
    """Two pictures of all trials, and the reasons of those that failed; None of a search that trained none."""
    found = read_trials(run.events)
    if not found:
        return None
    summary = run.summary
    html = [paragraph(_sentence(found)), _failures(found)]
    figures = {}
    if any(trial.result for trial in found):
        texts = _texts(found, run)
        figures = {"trials-order": _in_order(found, texts, summary), "trials-space": _in_space(found, texts, summary)}
        caption = f"Each trial by a quick policy on search as the trial ended; the line is {_line_is(summary)}."
        html[1:1] = [
            figure_place("trials-order", caption),
            figure_place(
                "trials-space",
                "The same trials by what they spend and how good they are. Rest the pointer on "
                "one for its parameters, and for how far it misses what was asked.",
            ),
        ]
    return Section("trials", "Trials", Markup("").join(html), figures)


def _line_is(summary: Summary) -> str:
    best = "the best quality" if summary.budget is not None else f"the least {_objective_title(summary)}"
    return f"{best} so far of trials that did what was asked"


def _objective_title(summary: Summary) -> str:
    return title_of(get_objective(summary.objective).column)


def kind_of(trial: ReadTrial) -> str:
    """How a trial is marked."""
    if trial.state == "COMPLETE":
        return "does what was asked" if trial.is_feasible else "misses what was asked"
    return {"PRUNED": "stopped early", "FAIL": "failed"}.get(trial.state, "not ended")


def _sentence(found: Sequence[ReadTrial]) -> str:
    counts = Counter(kind_of(trial) for trial in found)
    told = ", ".join(f"{counts[kind]:,} {_PAST.get(kind, kind)}" for kind in _KINDS if counts[kind])
    return f"{len(found):,} {'trial' if len(found) == 1 else 'trials'}: {told}."


def _failures(found: Sequence[ReadTrial]) -> Markup:
    """The reasons with which trials failed, the most frequent first, and how many failed with each."""
    reasons = Counter(
        (trial.failure or "no reason was given").splitlines()[0] for trial in found if trial.state == "FAIL"
    )
    if not reasons:
        return Markup("")
    most = reasons.most_common(20)
    rows = [(reason, f"{count:,}") for reason, count in most]
    rest = sum(reasons.values()) - sum(count for _, count in most)
    rows += [("other reasons", f"{rest:,}")] if rest else []
    return heading("Why trials failed") + html_table(("reason", "trials"), rows)


def _texts(found: Sequence[ReadTrial], run: FinishedRun) -> list[str]:
    """What is told of each trial beside its place: its parameters, of many trials the most important ones."""
    kept = _important(run) if len(found) > _MANY else None
    return [trial.text(kept) for trial in found]


def _important(run: FinishedRun) -> list[str]:
    if not run.folder.importance_csv.exists():
        return []
    # Here, since the import takes its time.
    import pandas as pd

    shares = pd.read_csv(run.folder.importance_csv).nlargest(_FEW_PARAMETERS, "importance")
    return [str(name) for name in shares["parameter"]]


def _quality_key(found: Sequence[ReadTrial], summary: Summary) -> str:
    is_there = any(summary.quality in trial.result for trial in found)
    return summary.quality if is_there else summary.main_quality


def _markers(found: Sequence[ReadTrial], texts: Sequence[str], **axes: Any) -> list[go.Scatter]:
    """A series for each kind of trial; ``x`` and ``y`` are functions of a trial."""
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    across, up, own = axes.pop("x"), axes.pop("y"), axes
    series = []
    for kind, (colour, symbol) in _KINDS.items():
        of = [
            (trial, text) for trial, text in zip(found, texts, strict=True) if kind_of(trial) == kind and trial.result
        ]
        if of:
            places = rounded(across(trial) for trial, _ in of), rounded(up(trial) for trial, _ in of)
            series.append(
                go.Scatter(
                    x=places[0],
                    y=places[1],
                    mode="markers",
                    name=kind,
                    text=[text for _, text in of],
                    marker={"color": colour, "symbol": symbol, "size": 7 if len(found) <= _MANY else 5},
                    hovertemplate="%{text}<br>%{x}, %{y}<extra></extra>",
                    **own,
                )
            )
    return series


def _in_order(found: Sequence[ReadTrial], texts: Sequence[str], summary: Summary) -> go.Figure:
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    quality, column = _quality_key(found, summary), get_objective(summary.objective).column
    names = texts if len(found) <= _MANY else [trial.name for trial in found]
    up = _markers(found, names, x=lambda trial: trial.number + 1, y=lambda trial: trial.result.get(quality))
    down = _markers(
        found,
        names,
        x=lambda trial: trial.number + 1,
        y=lambda trial: trial.result.get(column),
        yaxis="y2",
        showlegend=False,
    )
    line = _best_line(found, quality if summary.budget is not None else column, summary)
    return go.Figure(
        [*up, *down, *line],
        {
            "xaxis": {"title": {"text": "trial, in the order of their beginning"}, "anchor": "y2"},
            "yaxis": {"title": {"text": title_of(quality)}, "domain": [0.54, 1]},
            "yaxis2": {"title": {"text": _objective_title(summary)}, "domain": [0, 0.46], "anchor": "x"},
            "legend": {"orientation": "h", "y": 1.12},
            "shapes": _target_line(summary, quality, "y"),
            "height": 520,
        },
    )


def _target_line(summary: Summary, quality: str, axis: str) -> list[dict[str, Any]]:
    bound = summary.least_quality if quality == summary.quality else None
    if bound is None:
        return []
    place = {"xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": round(bound, 5), "y1": round(bound, 5)}
    return [{"type": "line", "line": {"dash": "dot", "color": COLOURS[5], "width": 1.5}, **place}]


def _best_line(found: Sequence[ReadTrial], key: str, summary: Summary) -> list[go.Scatter]:
    """The best so far of complete trials that did what was asked; a step where it became better."""
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    is_quality = summary.budget is not None
    sign = -get_quality(summary.quality).sign if is_quality else 1.0
    best: float | None = None
    steps: list[tuple[int, float]] = []
    for trial in found:
        value = trial.result.get(key) if kind_of(trial) == "does what was asked" else None
        if value is not None and (best is None or sign * value < sign * best):
            best = value
            steps.append((trial.number + 1, best))
    if best is None:
        return []
    steps.append((len(found), best))
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


def _in_space(found: Sequence[ReadTrial], texts: Sequence[str], summary: Summary) -> go.Figure:
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    quality, column = _quality_key(found, summary), get_objective(summary.objective).column
    told = [trial.with_violation(text) for trial, text in zip(found, texts, strict=True)]
    series = _markers(found, told, x=lambda trial: trial.result.get(column), y=lambda trial: trial.result.get(quality))
    return go.Figure(
        series,
        {
            "xaxis": {"title": {"text": get_objective(summary.objective).axis}},
            "yaxis": {"title": {"text": title_of(quality)}},
            "legend": {"orientation": "h", "y": 1.12},
            "shapes": _target_line(summary, quality, "y"),
            "hovermode": "closest",
        },
    )
