"""The front: every policy that no other beats, what it is compared with, and what each does with the samples."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from policies.goals.front import FrontPoint
from policies.goals.objectives import get_objective
from policies.registry import title_of
from search.figures.boxes import colour_of
from search.page.front.details import details_of, names_of_classes
from search.page.front.examples import Examples
from search.page.front.figure import front_figure
from search.page.front.outcomes import outcomes
from search.page.front.shown import Shown
from search.page.front.words import (
    LANDMARKS,
    certified_in_words,
    figure_in_words,
    rule_in_words,
    thresholds_in_short,
    words_of,
)
from search.page.run import FinishedRun
from search.page.section import Section
from search.reporting.explained import explanation_of


_HTML = Markup("""<p>Each point is a policy that no other beats: nothing that was found is better at no more
{objective}. The selected one is always there, also where another beats it that could not be tested any more, or has no
margin. All figures here are of the <em>search</em> split, where policies were chosen; where a rule learns, each
sample is decided by what was learnt without it. Choose by these and not by figures of <em>test</em>: a policy that is
picked by its <em>test</em> figures is no longer tested.</p>
<div class="figure" data-figure="front" id="front-figure"></div>
<p class="dim">{landmarks}</p>
<p><label for="front-policy">Click a point, or choose a policy: </label>
<select id="front-policy">{options}</select></p>
<div id="front-panel" aria-live="polite"></div>
{notes}""")
_OPTION = Markup('<option value="{place}"{chosen}>{text}</option>')
_NOTE = Markup("<p class='dim'>{}</p>")


def front(run: FinishedRun) -> Section | None:
    """Draw the front, and tell of each of its policies what it does."""
    points = run.points
    if not points:
        return None
    details, shown = _details(run)
    x, y = get_objective(run.summary.objective).column, run.summary.quality
    selected = next((place for place, point in enumerate(points) if point.selected), 0)
    html = _HTML.format(
        objective=title_of(run.summary.objective),
        landmarks="; ".join(f"{title_of(name)}: {explanation_of(name)}" for name in LANDMARKS) + ".",
        options=Markup().join(
            _OPTION.format(
                place=place,
                chosen=Markup(" selected") if place == selected else "",
                text=_title(point, x, y),
            )
            for place, point in enumerate(points)
        ),
        notes=Markup().join(_NOTE.format(note) for note in _notes(run, details, shown)),
    )
    data: dict[str, Any] = {
        "points": [_told(point, x, y) for point in points],
        "details": details,
        "pictures": shown.urls,
        "words": words_of(run.summary.task),
        "boxes": shown.boxes,
        "colours": _colours(run) if shown.boxes else [],
    }
    return Section("front", "Front", html, {"front": front_figure(run)}, data, "front.js")


def _details(run: FinishedRun) -> tuple[dict[str, Any], Shown]:
    """By place on the front what is told of a policy, and the pictures of it."""
    shown = Shown(Examples.load(run.folder.examples_file))
    details: dict[str, Any] = {}
    found = outcomes(run.points, lambda network: run.table(network, "search"), seed=run.seed)
    for place, outcome in found:
        details[str(place)] = {**details_of(outcome), **shown.of(outcome)}
    return details, shown


def _colours(run: FinishedRun) -> list[list[str]]:
    """Names of classes, each with the colour of its boxes."""
    table = run.table(run.front.points[0].network, "search")
    return [] if table is None else [[name, colour_of(label)] for label, name in enumerate(names_of_classes(table))]


def _title(point: FrontPoint, x: str, y: str) -> str:
    marks = f"{certified_in_words(point)}{', selected' if point.selected else ''}"
    figures = figure_in_words(x, point.figures[x], 3), figure_in_words(y, point.figures[y], 4)
    return f"{', '.join(figures)}: {point.rule}, {marks}"


def _told(point: FrontPoint, x: str, y: str) -> dict[str, str]:
    return {
        "title": _title(point, x, y),
        "rule": rule_in_words(point.rule),
        "thresholds": thresholds_in_short(point),
        "network": point.network,
    }


def _notes(run: FinishedRun, details: dict[str, Any], shown: Shown) -> list[str]:
    """What is missing, and why."""
    n_points = len(run.points)
    if not details:
        return ["The tables of this search are gone, so that nothing but figures is known of its policies."]
    notes = []
    if len(details) < n_points:
        notes.append(f"Details are given of {len(details)} of the {n_points} policies.")
    if not shown.urls:
        notes.append("This search kept no pictures of its samples; sweeps keep some, searches of tables have none.")
    if shown.urls and run.summary.selected.answered:
        notes.append("Answers are pooled over parents; the picture is that of a parent's first sample.")
    return notes
