"""What other targets would take: of certified ones about what a search for them would find, else the front itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import re

from markupsafe import Markup

from policies.goals.objectives import get_objective
from policies.qualities import in_words
from policies.registry import title_of
from policies.selection.aims.cost_of_power import in_times
from policies.spacing import evenly_spaced
from search.page.blocks import html_table, marked, paragraph, text_cell
from search.page.front.words import certified_in_words
from search.page.run import FinishedRun
from search.run_folder.summary import PowerSummary, Summary, TargetSummary
from search.run_folder.verdict import Outcome


_MOST_CHOICES = 5
_AGAINST, _FOR_EVERY = " against the full network", ", for every value of "
_AND = ", "
_ASKED = 1.0
_LEAST_SAVED = 0.005
_LARGEST = re.compile("^a (.*) of at most$")


def other_targets(run: FinishedRun) -> Markup:
    """What another target would take; where nothing was to be certified, policies of the front as they are."""
    if run.summary.targets:
        return certified_targets(run.summary)
    return _choices(run)


def certified_targets(summary: Summary) -> Markup:
    """A row for what was asked and for each other target: what it would aim at, and about what that takes."""
    same = _same_in_all(summary)
    asked = [_without(same, _short(one.asked, summary)) for one in summary.targets]
    aims = [_without(same, _short(one.aim, summary)) for one in summary.targets]
    named = _named([*asked, *filter(None, aims)])
    if named:
        asked, aims = ([_numbers(text) for text in texts] for texts in (asked, aims))
    aims = [aim + _of_values(one.aim, summary) for aim, one in zip(aims, summary.targets, strict=True)]
    headings = (
        f"target: {named}" if named else "target",
        text_cell("aim"),
        f"mean {title_of(summary.objective)}{_unit(summary)}",
        title_of(summary.quality),
        "",
    )
    rows = [
        (
            own_asked + (", asked" if own.multiple == _ASKED else ""),
            text_cell(own_aim or "-"),
            _mean(place, own),
            marked(f"targets.{place}.quality", own.quality, 4),
            text_cell(_note(own, summary)),
        )
        for place, (own, own_asked, own_aim) in enumerate(zip(summary.targets, asked, aims, strict=True))
    ]
    return paragraph(_about_targets(summary)) + html_table(headings, rows)


def _about_targets(summary: Summary) -> str:
    often = in_times(summary.targets[0].power)
    told = [
        f"Other targets{_each_with(summary)}{_by(summary)}. A search aims beyond its target, so that a certify split "
        f"of this size certifies it {often}; figures are those of the most wanted policy that reaches the aim on "
        "search.",
        *_without_margin(summary),
        *_at_half(summary),
    ]
    if any(own.is_at_most and own.mean is not None for own in summary.targets):
        why = "the front ends at" if summary.feasible else "no policy did"
        told.append(f"≤: {why} what was asked; a search for a looser target may find less.")
    told.append("Each takes a search of its own, and new samples to certify on.")
    return " ".join(told)


def _without_margin(summary: Summary) -> Iterator[str]:
    """That parts of what was asked have no margin in an aim, where some cannot be certified."""
    if summary.verdict.outcome is Outcome.PARTLY:
        yield "What cannot be certified is looked for without the margin that the selected policy has in it."


def _at_half(summary: Summary) -> Iterator[str]:
    """What the power costs, of the target that was asked for."""
    if saved := _saved_at_half(summary.search_target, summary):
        yield f"If half the times were enough, what was asked would take {saved}."


def _saved_at_half(aimed: PowerSummary | None, summary: Summary) -> str:
    """How much less aiming at a power of one half takes; empty where that is not known, or nothing."""
    if aimed is None or not aimed.cost or abs(aimed.cost) < _LEAST_SAVED:
        return ""
    unit = _unit(summary).removeprefix(",")
    return f"{abs(aimed.cost):.2f}{unit} {'less' if aimed.cost > 0 else 'more'} {title_of(summary.objective)}"


def _mean(place: int, own: TargetSummary) -> Markup | str:
    mean = marked(f"targets.{place}.mean", own.mean, 3)
    return Markup("≤ {}").format(mean) if own.is_at_most and own.mean is not None else mean


def _note(own: TargetSummary, summary: Summary) -> Markup | str:
    """Why there are no figures; of what was asked, what the selected policy has in their place."""
    if own.mean is None:
        return own.why_not or "not reached"
    column = get_objective(summary.objective).column
    selected = summary.selected.by_split["search"].get(column) if own.multiple == _ASKED else None
    return "" if selected is None else Markup("selected: {}").format(marked(f"selected.search.{column}", selected, 3))


def _short(asked: str, summary: Summary) -> str:
    """What is asked of all samples, without what is the same in every row."""
    every = _by(summary)
    overall = asked.partition(every)[0] if every else asked
    return in_words(overall).replace(_AGAINST, "")


def _of_values(aim: str, summary: Summary) -> str:
    """The numbers of an aim for single values of a column, as a further clause; empty where it has none."""
    every = _by(summary)
    numbers = aim.partition(every)[2].strip(" ()") if every else ""
    return f"; each value {numbers}" if numbers else ""


def _same_in_all(summary: Summary) -> list[str]:
    """The parts of what is asked that are the same in every row, target and aim, as a budget is."""
    rows = [_short(text, summary).split(_AND) for one in summary.targets for text in (one.asked, one.aim) if text]
    same = [part for part in rows[0] if all(part in row for row in rows)]
    return same if all(set(row) - set(same) for row in rows) else []


def _without(same: Sequence[str], text: str) -> str:
    return _AND.join(part for part in text.split(_AND) if part not in same)


def _each_with(summary: Summary) -> str:
    """What all targets have in common, as a clause; empty where that is nothing."""
    same = _same_in_all(summary)
    return f", each with {' and '.join(same)}" if same else ""


def _named(texts: Sequence[str]) -> str:
    """What all texts say before their numbers, where they differ in nothing else; else nothing."""
    beginnings = {_AND.join(_beginning(part) for part in text.split(_AND)) for text in texts}
    are_numbers = all(number.replace(".", "", 1).isdigit() for text in texts for number in _numbers(text).split(_AND))
    return beginnings.pop() if len(beginnings) == 1 and are_numbers else ""


def _beginning(part: str) -> str:
    """What a part of a text says before its number: ``drop`` of ``a drop of at most 0.02``."""
    return _LARGEST.sub(r"\1", part.rpartition(" ")[0])


def _numbers(text: str) -> str:
    """The last word of each part of a text."""
    return _AND.join(part.rpartition(" ")[2] for part in text.split(_AND))


def _by(summary: Summary) -> str:
    """The clause that a request for every value of a column ends with; empty where it has none."""
    _, clause, column = summary.asked.rpartition(_FOR_EVERY)
    return f"{clause}{column}" if clause else ""


def _choices(run: FinishedRun) -> Markup:
    """What other policies of the front do on ``search``."""
    summary = run.summary
    points = list(run.front) if run.folder.front_csv.exists() else []
    if not summary.feasible or not points:
        return Markup("")
    quality, column = summary.quality, get_objective(summary.objective).column
    others = [points[row] for row in evenly_spaced(len(points), _MOST_CHOICES) if not points[row].selected]
    own = next((point.figures for point in run.points if point.selected), summary.selected.by_split["search"])
    shown = [(point.figures, point.rule, certified_in_words(point)) for point in others]
    shown.append((own, summary.selected.rule, "selected, certified" if summary.certified else "selected"))
    shown.sort(key=lambda row: row[0][column])
    rows = [_choice(figures, rule, mark, quality, column) for figures, rule, mark in shown]
    headings = (title_of(quality), f"{title_of(summary.objective)}{_unit(summary)}", "cost", "rule", "")
    note = f"Other targets: policies of the front, on search.{aimed_at(summary)}{which_were_tested(summary)}"
    return paragraph(note) + html_table(headings, rows)


def _unit(summary: Summary) -> str:
    return ", ms" if get_objective(summary.objective).column.endswith("_ms") else ""


def aimed_at(summary: Summary) -> str:
    """What the search looked for in place of what was asked, how often that is certified, and what that costs."""
    aimed = summary.search_target
    if aimed is None:
        return ""
    saved = _saved_at_half(aimed, summary)
    half = f"; at half the times it would take {saved}" if saved else ""
    asked = summary.verdict.asked
    return f" For {asked} the search aimed at {in_words(aimed.aim)}, to be certified {in_times(aimed.power)}{half}."


def which_were_tested(summary: Summary) -> str:
    """Why most of them have no certificate."""
    certificate = summary.certificate
    if certificate is None or certificate.n_tested is None:
        return ""
    tested = "One policy was" if certificate.n_tested == 1 else f"{certificate.n_tested} policies were"
    along = ", along two sequences" if len(certificate.levels) > 1 else ""
    return (
        f" {tested} tested on certify{along}, the safest first; {certificate.n_passed} passed, and the most wanted of "
        "these was taken. Others cannot be tested on the same samples any more."
    )


def _choice(figures: Mapping[str, float], rule: str, mark: str, quality: str, column: str) -> tuple[str, ...]:
    cost = f"{figures['mean_cost']:.3f}" if "mean_cost" in figures else "-"
    return f"{figures[quality]:.4f}", f"{figures[column]:.3f}", cost, rule, mark
