"""The page of several searches: side by side, with differences against the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from policies.files.atomic import write_text
from policies.goals.objectives import get_objective
from policies.registry import title_of
from search.page.blocks import COLOURS
from search.page.page import rendered
from search.page.run import FinishedRun
from search.page.section import Section
from search.page.sections.verdict import certainty
from search.run_folder.summary import Figures


if TYPE_CHECKING:
    import plotly.graph_objects as go


_ROW = Markup('<tr><th scope="row">{}</th>{}</tr>')
_CELL = Markup("<td>{}</td>")
_TABLE = Markup('<div class="scroll"><table class="beside"><tbody>{}</tbody></table></div>')
_WARNING = Markup('<p class="trouble">{}</p>')
_FRONTS = Markup(
    '<h3>Fronts on search</h3><p class="dim">Each point is a policy that no other of its search beats, a star is the '
    'selected one: up is better, left is cheaper.</p><div class="figure" data-figure="fronts"></div>'
)
_STAR = {"symbol": "star", "size": 15}
_COMPARED = ("mean_depth", "mean_cost", "mean_latency_ms", "worst_class_recall", "worst_label_recall", "ece")


def write_comparison(runs: Sequence[FinishedRun], path: Path) -> None:
    """Write the page of several searches.

    Args:
        runs: The searches, at least two; differences are counted from the first.
        path: File of the page.

    Raises:
        OSError: If the file cannot be written.
    """
    write_text(path, rendered("Searches side by side", [comparison(runs)]))


def comparison(runs: Sequence[FinishedRun]) -> Section:
    """What was asked, chosen and proved in each search, and the figures that all have.

    Args:
        runs: The searches, at least two.
    """
    split = _shared_split(runs)
    rows = [
        ("Search", _names(runs)),
        ("Asked", [run.summary.verdict.asked for run in runs]),
        ("Policy", [title_of(run.summary.selected.rule) for run in runs]),
        ("How sure", [certainty(run.summary) for run in runs]),
        *_figures([run.summary.selected.by_split.get(split, {}) for run in runs], runs, split),
    ]
    table = Markup("").join(_ROW.format(name, Markup("").join(map(_CELL.format, cells))) for name, cells in rows)
    told = _warning(runs)
    warning = _WARNING.format(told) if told else Markup("")
    figures = _fronts(runs)
    html = warning + _TABLE.format(table) + (_FRONTS if figures else Markup(""))
    return Section("comparison", "Side by side", html, figures=figures)


def _names(runs: Sequence[FinishedRun]) -> list[str]:
    """What each search is called; where two have one name, where each of them lies."""
    names = [run.summary.name or run.folder.path.name for run in runs]
    return names if len({*names}) == len(names) else [str(run.folder.path) for run in runs]


def _shared_split(runs: Sequence[FinishedRun]) -> str:
    """The last split that all have figures of."""
    shared = [name for name in runs[0].summary.selected.by_split if all(_has(run, name) for run in runs)]
    return shared[-1] if shared else ""


def _has(run: FinishedRun, split: str) -> bool:
    return split in run.summary.selected.by_split


def _figures(found: Sequence[Figures], runs: Sequence[FinishedRun], split: str) -> list[tuple[str, list[str]]]:
    names = dict.fromkeys((*(run.summary.main_quality for run in runs), *_COMPARED))
    return [
        (f"{title_of(name)}, {split}", [_beside(one.get(name), found[0].get(name), one is found[0]) for one in found])
        for name in names
        if any(name in one for one in found)
    ]


def _beside(own: float | None, first: float | None, is_first: bool) -> str:
    if own is None:
        return "-"
    return f"{own:.4f}" if is_first or first is None else f"{own:.4f} ({own - first:+.4f})"


def _warning(runs: Sequence[FinishedRun]) -> str:
    """Why figures of the searches cannot be compared as they stand; empty where they can."""
    compared: dict[str, list[Any]] = {
        "data": [run.environment.get("data_hashes") for run in runs],
        "splits": [run.environment.get("split_hashes") for run in runs],
        "tables": [run.summary.tables for run in runs],
    }
    differ = [what for what, found in compared.items() if any(one != found[0] for one in found)]
    if not differ:
        return ""
    named = " and ".join(filter(None, (", ".join(differ[:-1]), differ[-1])))
    return f"The {named} of these searches differ, so differences of figures may be those of the samples."


def _fronts(runs: Sequence[FinishedRun]) -> dict[str, go.Figure]:
    """The fronts in one figure, where they have the same axes."""
    axes = {(run.summary.quality, run.summary.objective) for run in runs}
    if len(axes) > 1 or not all(run.folder.front_csv.exists() for run in runs):
        return {}
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    ((quality, objective),) = axes
    column = get_objective(objective).column
    traces = []
    for place, (run, name) in enumerate(zip(runs, _names(runs), strict=True)):
        colour = COLOURS[place % len(COLOURS)]
        line, selected = run.front.line(quality, column), [point for point in run.points if point.selected]
        for points, own in (
            (line, {"mode": "lines+markers", "name": name, "line": {"color": colour}}),
            # Also where another policy beats it, so that no line leads there.
            (selected, {"mode": "markers", "name": f"{name}: selected", "marker": {**_STAR, "color": colour}}),
        ):
            across, up = ([point.figures[key] for point in points] for key in (column, quality))
            traces.append(go.Scatter(x=across, y=up, **own))
    layout = {"xaxis": {"title": title_of(column)}, "yaxis": {"title": f"{title_of(quality)} on search"}}
    return {"fronts": go.Figure(traces, layout)}
