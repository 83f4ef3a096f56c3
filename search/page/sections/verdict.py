"""The verdict: which policy, how good, how deep, how sure, what it saves, where it is weak, and what else there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup
import pandas as pd

from policies.qualities import get_quality
from policies.registry import capital, number_of, title_of
from search.page.blocks import card, marked
from search.page.rule_words import rule_words
from search.page.run import FinishedRun
from search.page.section import Section
from search.page.targets import other_targets
from search.page.wording import bounded, sentence
from search.run_folder.summary import Figures, Summary
from search.run_folder.verdict import Outcome, leaves_early


_MOST_THRESHOLDS = 8
_MOST_WEAKNESSES = 3
_FULL = "full_network"
_ALIKE = 1e-12
_ROUNDED = 1e-5
"""By how much figures in tables differ from those of the summary."""


def verdict(run: FinishedRun) -> Section:
    """Say in a few sentences what was found, and what another target would cost."""
    summary = run.summary
    html = Markup('<p class="state {state}">{sentence}</p><div class="cards">{cards}</div>').format(
        state="good" if summary.certified else "open" if summary.feasible else "bad",
        sentence=headline(summary),
        cards=Markup("").join(_cards(summary)),
    )
    told = [("Policy", _policy(summary)), ("Certificate", certainty(summary)), *_beside_full_network(summary)]
    told.append(("Where it is weak", " ".join(_weaknesses(run)[:_MOST_WEAKNESSES])))
    lines = (Markup("<dt>{}</dt><dd>{}</dd>").format(name, text) for name, text in told if text)
    return Section(
        "verdict", "Verdict", html + Markup("<dl>{}</dl>").format(Markup("").join(lines)) + other_targets(run)
    )


def headline(summary: Summary) -> str:
    """Whether what was asked for was found and certified, with the figures on the last split, in one sentence."""
    split, figures = _last(summary)
    quality = title_of(summary.main_quality)
    found = f"{quality} {figures[summary.main_quality]:.4f}{_at_depth(summary, figures)} on {split}"
    told = summary.verdict
    joined = f"; the nearest one has{_on_search(summary)}" if told.outcome is Outcome.INFEASIBLE else ":"
    return " ".join(filter(None, (f"{capital(told.headline)}{joined} {found}.", sentence(told.unproved))))


def _on_search(summary: Summary) -> str:
    """What the nearest policy has of what was asked for on ``search``, before what it has on another split."""
    figures, quality = summary.selected.by_split["search"], summary.quality
    return f" {title_of(quality)} {figures[quality]:.4f} there, and" if _last(summary)[0] != "search" else ""


def certainty(summary: Summary) -> str:
    """What is known of new data, in sentences for somebody who has read nothing else."""
    found = summary.verdict
    told = {
        Outcome.INFEASIBLE: f"None: {found.unmet}.",
        Outcome.UNCLAIMED: "None: nothing was claimed on samples kept for it.",
        Outcome.NOT_CERTIFIED: f"{capital(found.refusal)}.",
    }.get(
        found.outcome,
        f"{capital(found.proof)}. This was shown on the certify split, which nothing was chosen on; "
        "it says nothing of other data, or of a single sample.",
    )
    return " ".join(filter(None, (told, sentence(found.estimated))))


def _last(summary: Summary) -> tuple[str, Figures]:
    """The last split that there are figures of, and the selected policy's."""
    return list(summary.selected.by_split.items())[-1]


def _at_depth(summary: Summary, figures: Figures) -> str:
    if "mean_depth" not in figures:
        return ""
    return f" at mean depth {figures['mean_depth']:.3f} of {summary.n_exits}"


def _cards(summary: Summary) -> Iterator[Markup]:
    split, figures = _last(summary)
    place = f"selected.{split}"
    main = summary.main_quality
    yield card(marked(f"{place}.{main}", figures[main], 4), f"{title_of(main)} on {split}")
    if "mean_depth" in figures:
        of = f"mean depth of {summary.n_exits} exits"
        yield card(marked(f"{place}.mean_depth", figures["mean_depth"], 3), of)
    if "mean_cost" in figures:
        of = "cost, where the full network's is 1"
        yield card(marked(f"{place}.mean_cost", figures["mean_cost"], 3), of)
    if summary.certificate is not None and summary.certified and summary.certificate.bound is not None:
        of = f"certified bound of {bounded(summary.certificate.claim)}, {summary.verdict.confidence}"
        yield card(marked("certificate.bound", summary.certificate.bound, 4), of)


def _policy(summary: Summary) -> Markup:
    selected = summary.selected
    if not leaves_early(selected.params):
        return Markup("<b>{}</b>: every sample takes the last exit.").format(capital(summary.verdict.policy))
    thresholds = _thresholds(selected.params.get("thresholds", []))
    return Markup("<b>{}</b>: {}. {}").format(capital(summary.verdict.policy), rule_words(selected.rule), thresholds)


def _thresholds(rows: list[Any]) -> str:
    """Thresholds in words: few of them as numbers, else how many there are."""
    flat = [row for row in rows if not isinstance(row, list)]
    if len(flat) < len(rows) or len(flat) > _MOST_THRESHOLDS:
        return "Its thresholds are in policy.json."
    shown = ", ".join("never" if value is None else f"{value:.4f}" for value in flat)
    return f"Thresholds, exit by exit: {shown}; the last exit takes the rest." if flat else "There is one exit."


def _beside_full_network(summary: Summary) -> Iterator[tuple[str, str]]:
    """What leaving early saves, and what it costs in quality."""
    split, own = _last(summary)
    if _FULL not in summary.baselines or split not in summary.baselines[_FULL].by_split:
        return
    full = summary.baselines[_FULL].by_split[split]
    saved = []
    if "mean_cost" in own:
        saved.append(f"{1 - own['mean_cost'] / full['mean_cost']:.0%} of the full network's compute")
    if "mean_depth" in own:
        saved.append(f"{full['mean_depth'] - own['mean_depth']:.2f} of {summary.n_exits} exits a sample")
    if summary.latency is not None:
        saved.append(summary.latency.sentence)
    main = summary.main_quality
    lost = get_quality(main).sign * (full[main] - own[main])
    change = "loses nothing" if abs(lost) < _ALIKE else f"loses {lost:.4f}" if lost > 0 else f"gains {-lost:.4f}"
    yield "What it saves", f"On {split}: {'; '.join(saved)}."
    yield "What it costs", f"Beside the full network it {change} of {title_of(main)} on {split} ({full[main]:.4f})."


def _weaknesses(run: FinishedRun) -> list[str]:
    summary = run.summary
    split, figures = _last(summary)
    found = [sentence(text) for text in (summary.verdict.least_certain, summary.undertrained, *summary.alarms)]
    if summary.splits is not None and summary.splits.differ:
        found.append(sentence(summary.splits.sentence))
    for name in ("worst_class_recall", "worst_label_recall", "worst_class_map_50"):
        worst = figures.get(name)
        if worst is not None and worst < 1:
            whose = _worst_class(run, split, worst) if name == "worst_class_recall" else ""
            found.append(f"{capital(title_of(name))} {worst:.4f} on {split}{whose}.")
    if figures.get("premature_exits"):
        found.append(f"{figures['premature_exits']:.1%} of samples on {split} left too early: a later exit was right.")
    return [text for text in found if text]


def _worst_class(run: FinishedRun, split: str, recall: float) -> str:
    """Which class has the lowest recall, and of how many samples; empty where the files do not tell it."""
    if not run.folder.classes_csv.is_file():
        return ""
    # Classes may have names such as "nan".
    classes = pd.read_csv(run.folder.classes_csv, dtype=str, keep_default_na=False)
    own = classes[(classes["policy"] == "selected") & (classes["split"] == split)]
    worst = own[(pd.to_numeric(own["recall"], errors="coerce") - recall).abs() < _ROUNDED]
    if worst.empty:
        return ""
    name, n = worst.iloc[0][["class_name", "n_labelled"]]
    return f" (class {name}, {number_of(int(n), 'sample')})"
