"""Exits: how good each is alone, how far its confidence can be believed, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
import numpy as np

from policies.registry import capital, title_of
from policies.spacing import evenly_spaced
from policies.tables.classification import ClassificationTable
from search.page.blocks import COLOURS, figure_place, heading, html_table, marked, paragraph, rounded
from search.page.run import FinishedRun
from search.page.section import Section
from search.run_folder.summary import SPLITS, Figures, Summary


if TYPE_CHECKING:
    import plotly.graph_objects as go

_MOST_ROWS = 12
_MOST_CURVES = 6
_SPELLED = {"ece": "ECE", "nll": "NLL", "f1": "F1", "hamming": "Hamming loss"}
_DASHES = ("dot", "dash", "solid")
_GONE = "How calibration was before temperatures, and what each exit changes, is told from the table of the selected "
_GONE += "network on search, which was not kept or has gone since."


def exits(run: FinishedRun) -> Section | None:
    """Figures of each exit by split, and of classifiers calibration and redundancy; None without figures."""
    summary = run.summary
    if not any(summary.exits.values()):
        return None
    html = [
        _sentence(summary),
        figure_place("exits-quality", f"{capital(title_of(summary.main_quality))} of each exit alone, by split."),
    ]
    html.append(_table(summary))
    figures = {"exits-quality": _by_exit(summary)}
    if summary.task == "classification":
        table = run.table(summary.selected.network, "search")
        if isinstance(table, ClassificationTable) and table.n_exits == summary.n_exits:
            more, curves = _from_table(table, summary)
            html.append(more)
            figures |= curves
        else:
            html.append(paragraph(_GONE))
    return Section("exits", "Exits", Markup("").join(html), figures)


def _by_split(summary: Summary) -> Mapping[str, Sequence[Figures]]:
    """Figures of exits in the order in which splits are shown."""
    return {split: summary.exits[split] for split in SPLITS if summary.exits.get(split)}


def _sentence(summary: Summary) -> Markup:
    split, found = list(_by_split(summary).items())[-1]
    parents = ", answers pooled over parents" if summary.selected.answered else ""
    main, first, last = summary.main_quality, found[0], found[-1]
    text = Markup("Alone, the first exit has {title} {first} and the last {last}, on {split}{parents}.")
    path = f"exits.{split}"
    return paragraph(
        text.format(
            title=title_of(main),
            first=marked(f"{path}.0.{main}", first.get(main), 4),
            last=marked(f"{path}.{len(found) - 1}.{main}", last.get(main), 4),
            split=split,
            parents=parents,
        )
    )


def _by_exit(summary: Summary) -> go.Figure:
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    lines = [
        go.Scatter(
            x=[one["depth"] for one in found],
            y=rounded(one.get(summary.main_quality) for one in found),
            name=split,
            mode="lines+markers",
            line={"color": COLOURS[place], "dash": _DASHES[place % 3]},
            hovertemplate=f"exit %{{x}} on {split}: %{{y:.4f}}<extra></extra>",
        )
        for place, (split, found) in enumerate(_by_split(summary).items())
    ]
    axis = {"title": {"text": "exit"}, "tickformat": "d", **({"dtick": 1} if summary.n_exits <= _MOST_ROWS else {})}
    layout = {"xaxis": axis, "yaxis": {"title": {"text": title_of(summary.main_quality)}}}
    return go.Figure(lines, {**layout, "legend": {"orientation": "h", "y": 1.12}})


def _table(summary: Summary) -> Markup:
    split, found = list(_by_split(summary).items())[-1]
    chosen = evenly_spaced(len(found), _MOST_ROWS).tolist()
    mix = summary.selected.by_split.get(split, {}).get("exit_mix")
    columns = {name: digits for name, digits in _columns(summary).items() if any(name in one for one in found)}
    rows = [
        (
            # One word, which a narrow screen does not break.
            f"exit\u00a0{found[k]['depth']}",
            _share(mix, k),
            *(_cell(split, k, found[k], name, d) for name, d in columns.items()),
        )
        for k in chosen
    ]
    note = f" {len(chosen)} of {len(found)} exits are shown." if len(chosen) < len(found) else ""
    headings = (
        "exit",
        "leave there",
        *map(_heading, columns),
    )
    return paragraph(f"On {split}, each exit as if all took it, with its temperature.{note}") + html_table(
        headings, rows
    )


def _heading(name: str) -> str:
    title = title_of(name)
    for plain, spelled in _SPELLED.items():
        title = title.replace(plain, spelled)
    return title


def _columns(summary: Summary) -> dict[str, int]:
    """Figures that are shown where an exit has them, with the digits behind the point."""
    of_task = {
        "classification": ("macro_f1", "worst_class_recall", "ece", "nll"),
        "detection": ("map", "image_f1", "found_objects"),
        "multi-label": ("hamming", "label_macro_f1", "label_micro_f1", "ece"),
    }.get(summary.task, ())
    return {"cost": 3, "temperature": 3, "latency_ms": 3, summary.main_quality: 4, **dict.fromkeys(of_task, 4)}


def _share(mix: Sequence[float] | None, k: int) -> str:
    return "-" if mix is None or k >= len(mix) else f"{mix[k]:.1%}"


def _cell(split: str, k: int, own: Figures, name: str, digits: int) -> Markup | str:
    return marked(f"exits.{split}.{k}.{name}", own.get(name), digits)


def _from_table(table: ClassificationTable, summary: Summary) -> tuple[Markup, Mapping[str, go.Figure]]:
    # Here, since the import takes its time.
    from policies.calibration.reliability import calibration_error_of, reliability_curves

    found = summary.exits.get("search") or next(iter(summary.exits.values()))
    curves = reliability_curves(table, np.array([one.get("temperature", 1.0) for one in found]))
    errors = curves.groupby(["depth", "is_calibrated"])[["confidence", "accuracy", "count"]].apply(calibration_error_of)
    chosen = [int(k) + 1 for k in evenly_spaced(table.n_exits, _MOST_ROWS)]
    rows = [
        (f"exit {d}", *(f"{errors[d, state]:.4f}" for state in (False, True)), *_changes(table, d - 1)) for d in chosen
    ]
    headings = ("exit", "ECE before", "ECE after", "changed", "wrong to right", "right to wrong")
    told = (
        f"On the {table.n_samples:,} samples of search, each for itself. ECE is how far confidence and accuracy are "
        "apart on average, before and after dividing logits by the temperature. Changed: the share of samples that "
        "get another answer than at the exit before; an exit that changes little is nearly redundant."
    )
    html = heading("Calibration and redundancy") + paragraph(told) + html_table(headings, rows)
    caption = "Share of right answers where an exit is so and so confident, on search; hollow and dotted before the "
    caption += "temperature, filled after, larger with more samples. On the diagonal, confidence is right."
    return html + figure_place("exits-reliability", caption), {"exits-reliability": _reliability(curves, table.n_exits)}


def _changes(table: ClassificationTable, k: int) -> tuple[str, str, str]:
    """Shares of samples that the exit answers otherwise than the one before."""
    if k == 0:
        return "-", "-", "-"
    before, after = table.exit_answers[:, k - 1], table.exit_answers[:, k]
    was, now = before == table.labels, after == table.labels
    shares = (before != after, ~was & now, was & ~now)
    changed, better, worse = (f"{float(one.mean()):.2%}" for one in shares)
    return changed, better, worse


def _sizes(counts: Any) -> list[float]:
    """Larger marks for bins of more samples: what few samples say is uncertain."""
    return [round(4 + 14 * float(share) ** 0.5, 1) for share in counts / counts.sum()]


def _reliability(curves: Any, n_exits: int) -> go.Figure:
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    diagonal = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": COLOURS[5], "width": 1}, showlegend=False, hoverinfo="skip"
    )
    lines = [diagonal]
    for place, k in enumerate(evenly_spaced(n_exits, _MOST_CURVES).tolist()):
        for is_calibrated in (False, True):
            own = curves[
                (curves["depth"] == k + 1) & (curves["is_calibrated"] == is_calibrated) & (curves["count"] > 0)
            ]
            state = "after" if is_calibrated else "before"
            lines.append(
                go.Scatter(
                    x=rounded(own["confidence"], 4),
                    y=rounded(own["accuracy"], 4),
                    customdata=own["count"].tolist(),
                    name=f"exit {k + 1}, {state}",
                    mode="lines+markers",
                    visible=True if is_calibrated or n_exits <= 3 else "legendonly",
                    line={"color": COLOURS[place], "width": 1, "dash": "solid" if is_calibrated else "dot"},
                    marker={"symbol": "circle" if is_calibrated else "circle-open", "size": _sizes(own["count"])},
                    hovertemplate="confident %{x:.3f}, right %{y:.3f}, %{customdata} samples<extra></extra>",
                )
            )
    axes = {"range": [0, 1.02]}
    return go.Figure(
        lines,
        {
            "xaxis": {"title": {"text": "mean confidence"}, **axes},
            "yaxis": {"title": {"text": "share of right answers"}, **axes},
            "legend": {"orientation": "h", "y": -0.2},
            "height": 520,
        },
    )
