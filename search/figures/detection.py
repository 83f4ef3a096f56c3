"""What exits of detectors find and what they get wrong, beside the policy: two pictures of bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
import numpy as np
import pandas as pd

from policies.files.atomic import whole_file
from search.figures.boxes import text_on


_COLOURS = ("#8d99ae", "#d1495b", "#edae49", "#6a4c93", "#00798c", "#8c5e2a")
_WHO_COLOURS = ("#c9d6e8", "#8fb0d9", "#5587c0", "#1f5fa8", "#123c6b", "#0a2342")
_POLICY = "#d1495b"
_MOST_CLASSES = 20


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
    who = list(dict.fromkeys(table["who"]))
    values = table.pivot_table(index="class", columns="who", values="ap_50", sort=False).reindex(columns=who)
    values, note = _shown_classes(values)
    n_objects = table.drop_duplicates("class").set_index("class")["objects"]
    canvas = Figure(figsize=(max(6.0, 2.2 + 0.28 * len(values) * (len(who) + 1)), 4.2), dpi=150, layout="constrained")
    axes = canvas.add_subplot()
    width = 0.84 / len(who)
    for place, name in enumerate(who):
        is_policy = place == len(who) - 1
        colour = _POLICY if is_policy else _shade(place, len(who) - 1)
        at = np.arange(len(values)) - 0.42 + (place + 0.5) * width
        bars = axes.bar(at, values[name], width, color=colour, label=name)
        if len(values) * len(who) <= 40:
            axes.bar_label(bars, [f"{value:.2f}".removeprefix("0") for value in values[name]], fontsize=7, padding=1)
    labels = [f"{name}\n{n_objects[name]:,} objects" for name in map(str, values.index)]
    is_crowded = len(values) > 8
    alignment = "right" if is_crowded else "center"
    axes.set_xticks(np.arange(len(values)), labels, rotation=45 if is_crowded else 0, ha=alignment)
    axes.set(ylabel="AP@.5", ylim=(0, 1.08), title="\n".join(filter(None, (title, note))))
    axes.grid(axis="y", alpha=0.25)
    axes.set_axisbelow(True)
    canvas.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=min(len(who), 6), frameon=False)
    return canvas


def _shown_classes(values: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The classes that can be told apart in one picture, and what is said of the others."""
    if len(values) <= _MOST_CLASSES:
        return values, ""
    lost = (values.iloc[:, -2] - values.iloc[:, -1]).nlargest(_MOST_CLASSES)
    return values.loc[lost.index], f"the {_MOST_CLASSES} of {len(values)} classes that lose most by leaving early"


def _shade(place: int, n_exits: int) -> str:
    """Deeper exits are darker."""
    shades: Sequence[str] = _WHO_COLOURS
    return shades[round(place * (len(shades) - 2) / max(n_exits - 1, 1))]
