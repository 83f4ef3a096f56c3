"""What other targets would take: of certified ones about what a search for them would find, else the front itself."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from policies.goals.objectives import get_objective
from policies.qualities import in_words
from policies.registry import title_of
from policies.selection.aims.cost_of_power import in_times
from policies.spacing import evenly_spaced
from search.page.blocks import html_table, marked, paragraph, text_cell
from search.page.front.words import certified_in_words
from search.page.run import FinishedRun
from search.run_folder.summary import Summary, TargetSummary


_MOST_CHOICES = 5
_AGAINST = " against the full network"
_ASKED = 1.0


def other_targets(run: FinishedRun) -> Markup:
    """What another target would take; where nothing was to be certified, policies of the front as they are."""
    if run.summary.targets:
        return certified_targets(run.summary)
    return _choices(run)


def certified_targets(summary: Summary) -> Markup:
    """A row for what was asked and for each other target: what it would aim at, and about what that takes."""
    quality, objective = title_of(summary.quality), f"{title_of(summary.objective)}{_unit(summary)}"
    headings = ("target", "the search aims at", objective, quality, "")
    rows = [_target(place, own, summary) for place, own in enumerate(summary.targets)]
    return paragraph(_about_targets(summary)) + html_table(headings, rows)


def _about_targets(summary: Summary) -> str:
    told = [
        f"Other targets{_by(summary)}, each to be certified {in_times(summary.targets[0].power)}: what a search would "
        f"aim at, and the policy of this front that is then wanted most, on search.{_at_half(summary)}"
    ]
    if any(own.is_at_most and own.mean is not None for own in summary.targets):
        told.append(
            " At most: the front was searched for what was asked and ends there; looser targets are told by its end or "
            "the best shared threshold, and a search for them may find what takes less."
        )
    return "".join(told) + which_were_tested(summary)


def _at_half(summary: Summary) -> str:
    """What the power costs, of the target that was asked for."""
    aimed = summary.search_target
    if aimed is None or not aimed.cost:
        return ""
    change = "less" if aimed.cost > 0 else "more"
    return f" What was asked would take {abs(aimed.cost):.2f} {change} if it were certified half the times only."


def _target(place: int, own: TargetSummary, summary: Summary) -> tuple[str | Markup, ...]:
    mean, note = marked(f"targets.{place}.mean", own.mean, 3), "asked" if own.multiple == _ASKED else ""
    if own.is_at_most and own.mean is not None:
        mean = Markup("at most {}").format(mean)
    if own.mean is None:
        why = own.why_not or "no policy of the front reaches that on search"
        note = ": ".join(filter(None, (note, why)))
    return (
        _short(own.asked, summary),
        text_cell(_short(own.aim, summary) or "-"),
        mean,
        marked(f"targets.{place}.quality", own.quality, 4),
        text_cell(note),
    )


def _short(asked: str, summary: Summary) -> str:
    """What is asked without what is the same in every row."""
    return in_words(asked).replace(_AGAINST, "").removesuffix(_by(summary))


def _by(summary: Summary) -> str:
    """The clause that a request for every value of a column ends with."""
    _, clause, column = summary.asked.rpartition(", for every value of ")
    return f"{clause}{column}"


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
    half = ""
    if aimed.cost:
        change = "less" if aimed.cost > 0 else "more"
        half = f"; at half the times it would take {abs(aimed.cost):.2f} {change} {title_of(summary.objective)}"
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
