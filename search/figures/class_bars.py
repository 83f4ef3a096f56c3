"""A figure in [0, 1] of each class, by each exit and by the policy, as groups of bars."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
import numpy as np
import pandas as pd


_WHO_COLOURS = ("#c9d6e8", "#8fb0d9", "#5587c0", "#1f5fa8", "#123c6b", "#0a2342")
_POLICY = "#d1495b"
_MOST_CLASSES = 20


def class_bars(table: pd.DataFrame, *, what: str, counted: str, ylabel: str, title: str) -> Figure:
    """A group of bars for each class, with a bar for each exit and one for the policy.

    Of very many classes those are shown that lose most from the last exit to the policy.

    Args:
        table: ``who``, ``name`` of the class, ``value`` (NaN where there is none) and ``count``, in the order in which
            they are shown, the policy last and the last exit before it.
        what: What there is a group for, in the plural, such as ``classes``.
        counted: What the count is of, in the plural.
        ylabel: Name of the value.
        title: Title above the picture.
    """
    who = list(dict.fromkeys(table["who"]))
    values = table.pivot_table(index="name", columns="who", values="value", sort=False).reindex(columns=who)
    values, note = _shown_classes(values, what)
    counts = table.drop_duplicates("name").set_index("name")["count"]
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
    labels = [f"{name}\n{counts[name]:,} {counted}" for name in map(str, values.index)]
    is_crowded = len(values) > 8
    alignment = "right" if is_crowded else "center"
    axes.set_xticks(np.arange(len(values)), labels, rotation=45 if is_crowded else 0, ha=alignment)
    axes.set(ylabel=ylabel, ylim=(0, 1.08), title="\n".join(filter(None, (title, note))))
    axes.grid(axis="y", alpha=0.25)
    axes.set_axisbelow(True)
    canvas.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=min(len(who), 6), frameon=False)
    return canvas


def _shown_classes(values: pd.DataFrame, what: str) -> tuple[pd.DataFrame, str]:
    """The classes that can be told apart in one picture, and what is said of the others."""
    if len(values) <= _MOST_CLASSES:
        return values, ""
    lost = (values.iloc[:, -2] - values.iloc[:, -1]).nlargest(_MOST_CLASSES)
    return values.loc[lost.index], f"the {_MOST_CLASSES} of {len(values)} {what} that lose most by leaving early"


def _shade(place: int, n_exits: int) -> str:
    """Deeper exits are darker."""
    shades: Sequence[str] = _WHO_COLOURS
    return shades[round(place * (len(shades) - 2) / max(n_exits - 1, 1))]
