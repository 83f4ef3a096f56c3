"""What exits of detectors find and what they get wrong, beside the policy: two pictures of bars."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
import numpy as np
import pandas as pd

from policies.files.atomic import whole_file
from search.figures.boxes import text_on
from search.figures.class_bars import class_bars


_COLOURS = ("#8d99ae", "#d1495b", "#edae49", "#6a4c93", "#00798c", "#8c5e2a")


def draw_errors(table: pd.DataFrame, path: Path, *, title: str) -> None:
    """Write :func:`errors_figure` as a PNG file."""
    with whole_file(path) as partial:
        errors_figure(table, title=title).savefig(partial)


def errors_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Errors by kind, stacked: a bar for each exit and one for the policy.

    Args:
        table: ``who``, ``kind`` and ``count``, in the order in which they are shown.
        title: Title above the picture.
    """
    who, kinds = list(dict.fromkeys(table["who"])), list(dict.fromkeys(table["kind"]))
    counts = table.pivot_table(index="who", columns="kind", values="count", aggfunc="sum").loc[who, kinds]
    canvas = Figure(figsize=(max(5.0, 1.6 + 1.3 * len(who)) + 1.8, 4.2), dpi=150, layout="constrained")
    axes = canvas.add_subplot()
    foot = np.zeros(len(who))
    for kind, colour in zip(kinds, _COLOURS, strict=False):
        own = counts[kind].to_numpy(dtype=float)
        bars = axes.bar(who, own, bottom=foot, color=colour, label=kind, width=0.65)
        # A number where there is room for it.
        axes.bar_label(
            bars,
            [f"{value:,.0f}" if value >= 0.04 * counts.sum(axis=1).max() else "" for value in own],
            label_type="center",
            fontsize=7,
            color=text_on(colour),
        )
        foot += own
    for place, value in enumerate(foot):
        axes.annotate(f"{value:,.0f}", (place, value), (0, 3), textcoords="offset points", ha="center", fontsize=8)
    axes.set(ylabel="errors", title=title, ylim=(0, 1.1 * max(foot.max(), 1)))
    axes.grid(axis="y", alpha=0.25)
    axes.set_axisbelow(True)
    handles, labels = axes.get_legend_handles_labels()
    canvas.legend(handles[::-1], labels[::-1], loc="outside right center", frameon=False)
    return canvas


def draw_class_precisions(table: pd.DataFrame, path: Path, *, title: str) -> None:
    """Write :func:`class_precisions_figure` as a PNG file."""
    with whole_file(path) as partial:
        class_precisions_figure(table, title=title).savefig(partial)


def class_precisions_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Average precision of each class: a group of bars for each, with a bar for each exit and one for the policy.

    Of very many classes those are shown that lose most from the last exit to the policy.

    Args:
        table: ``who``, ``class``, ``ap_50`` (NaN for a class without objects) and ``objects``, in the order in which
            they are shown, the policy last and the last exit before it.
        title: Title above the picture.
    """
    return class_bars(
        table.rename(columns={"class": "name", "ap_50": "value", "objects": "count"}),
        what="classes",
        counted="objects",
        ylabel="AP@.5",
        title=title,
    )
