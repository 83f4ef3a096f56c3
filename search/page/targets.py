"""What other targets would take: of certified ones about what a search for them would find, else the front itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from policies.goals.objectives import get_objective
from policies.qualities import in_words
from policies.registry import title_of
from policies.selection.aims.cost_of_power import LEAST_TOLD, in_times
from policies.spacing import evenly_spaced
from search.page.blocks import html_table, marked, paragraph, text_cell
from search.page.front.words import certified_in_words
from search.page.run import FinishedRun
from search.run_folder.summary import PowerSummary, Summary, TargetSummary
from search.run_folder.verdict import Outcome


_MOST_CHOICES = 5
_ASKED = 1.0


def other_targets(run: FinishedRun) -> Markup:
    """What another target would take; where nothing was to be certified, policies of the front as they are."""
    # Summaries of an earlier version tell targets without their numbers.
    if any(own.parts for own in run.summary.targets):
        return certified_targets(run.summary)
    return _choices(run)


def certified_targets(summary: Summary) -> Markup:
    """A row for what was asked and for each other target: what it would aim at, and about what that takes."""
    named = ", ".join(in_words(part.name) for part in summary.targets[0].parts)
    headings = (
        f"target: {named}",
        text_cell("aim"),
        f"mean {title_of(summary.objective)}{_unit(summary)}",
        title_of(summary.quality),
        "",
    )
    rows = [
        (
            _asked(own),
            text_cell(_aim(own)),
            _mean(place, own),
            marked(f"targets.{place}.quality", own.quality, 4),
            text_cell(_note(own, summary)),
        )
        for place, own in enumerate(summary.targets)
    ]
    return paragraph(_about_targets(summary)) + html_table(headings, rows)


def _about_targets(summary: Summary) -> str:
    often = in_times(summary.targets[0].power)
    told = [
        f"Other targets{_same_of_all(summary.targets[0])}. A search aims beyond its target, so that a certify split of "
        f"this size certifies it {often}; figures are those of the most wanted policy that reaches the aim on search.",
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
    if aimed is None or not aimed.cost or abs(aimed.cost) < LEAST_TOLD:
        return ""
    unit = _unit(summary).removeprefix(",")
    return f"{abs(aimed.cost):.2f}{unit} {'less' if aimed.cost > 0 else 'more'} {title_of(summary.objective)}"


def _same_of_all(target: TargetSummary) -> str:
    """What is the same of all targets, as clauses; empty where that is nothing."""
    beside = f", each with {in_words(target.beside)}" if target.beside else ""
    return beside if target.by is None else f"{beside}, for every value of {target.by}"


def _asked(own: TargetSummary) -> str:
    """The numbers of a target; which was asked is said."""
    numbers = ", ".join(f"{part.asked:g}" for part in own.parts)
    return f"{numbers}, asked" if own.multiple == _ASKED else numbers


def _aim(own: TargetSummary) -> str:
    """The numbers that a search would look for, of all samples, and where there are any, of single values."""
    told = ", ".join(f"{part.aim:.4g}" for part in own.parts if part.aim is not None)
    of_values = ", ".join(_range(*part.of_values) for part in own.parts if part.of_values is not None)
    return f"{told}; each value {of_values}" if of_values else told or "-"


def _range(least: float, largest: float) -> str:
    texts = dict.fromkeys(f"{number:.4g}" for number in (least, largest))
    return " to ".join(texts)


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
