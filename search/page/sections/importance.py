"""What mattered: the training parameters that explain how trials differ, and how much seeds do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from policies.registry import capital, title_of
from search.page.blocks import COLOURS, figure_place, heading, html_table, paragraph
from search.page.run import FinishedRun
from search.page.section import Section


if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_MOST_BARS = 14
_MOST_SEED_ROWS = 48
_CAPTION = (
    "Share of the differences between trials that a parameter explains (functional ANOVA). Bars of one colour are of "
    "the same trials, and comparable with each other only."
)


def importance(run: FinishedRun) -> Section | None:
    """Bars for each objective, and a table of seeds; None where neither was written."""
    files = run.folder.importance_csv, run.folder.seeds_csv
    if not any(file.exists() for file in files):
        return None
    # Here, since the import takes its time.
    import pandas as pd

    shares, seeds = (pd.read_csv(file) if file.exists() else pd.DataFrame() for file in files)
    figures = {f"importance-{name}": _bars(own) for name, own in _by_objective(shares).items()}
    html = [
        paragraph(_sentence(own, name)) + figure_place(f"importance-{name}", _CAPTION)
        for name, own in _by_objective(shares).items()
    ]
    html.append(_seeds(seeds))
    return Section("importance", "What mattered", Markup("").join(html), figures)


def _by_objective(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    if table.empty:
        return {}
    return {str(name): own.nlargest(_MOST_BARS, "importance") for name, own in table.groupby("objective", sort=False)}


def _sentence(table: pd.DataFrame, objective: str) -> str:
    first = table.iloc[0]
    return (
        f"{capital(_title(objective))}: {first['parameter']} mattered most, and explains "
        f"{first['importance']:.0%} of the differences among {first['among']}."
    )


def _title(objective: str) -> str:
    return "what the search minimised" if objective == "objective_at_target" else title_of(objective)


def _bars(table: pd.DataFrame) -> go.Figure:
    # Here, since the import takes its time.
    import plotly.graph_objects as go

    groups = list(dict.fromkeys(table["among"]))
    bars = [
        go.Bar(
            x=own["importance"].round(4).tolist(),
            y=own["parameter"].tolist(),
            name=group,
            orientation="h",
            marker={"color": COLOURS[place % len(COLOURS)]},
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
        for place, group in enumerate(groups)
        for own in (table[table["among"] == group],)
    ]
    order = table["parameter"].tolist()[::-1]
    return go.Figure(
        bars,
        {
            "barmode": "overlay",
            "xaxis": {"title": {"text": "share explained"}, "range": [0, 1]},
            "yaxis": {"categoryorder": "array", "categoryarray": order, "automargin": True},
            "legend": {"orientation": "h", "y": -0.2},
            "height": 200 + 24 * len(table),
        },
    )


def _seeds(table: pd.DataFrame) -> Markup:
    if table.empty:
        return Markup("")
    numbers = [name for name in table.columns if name not in ("trial_id", "label", "seed")]
    shown = table.head(_MOST_SEED_ROWS)
    note = f" The first {_MOST_SEED_ROWS} of {len(table)} rows." if len(table) > len(shown) else ""
    rows = [
        (
            row["trial_id"],
            *(["" if row["label"] != row["label"] else row["label"], row["seed"]]),
            *("-" if row[name] != row[name] else f"{row[name]:.4f}" for name in numbers),
        )
        for _, row in shown.iterrows()
    ]
    headings = ("trial", "name", "seed", *(title_of(name) for name in numbers))
    return (
        heading("Seeds")
        + paragraph(f"The same settings, trained from several seeds, on search.{note}")
        + html_table(headings, rows)
    )
