"""Trials in order and in objective space, and why some of them failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup
from optuna.trial import TrialState

from search.page.blocks import figure_place, heading, html_table, paragraph
from search.page.run import FinishedRun
from search.page.section import Section
from search.page.trial_figures import KINDS, MANY, TrialAxes, in_order, in_space, kind_of, trial_text
from search.run_folder.summary import Summary
from search.trials.records import TrialRecord, read_trials


_PAST = {"does what was asked": "did what was asked", "misses what was asked": "missed it"}
_FEW_PARAMETERS = 6


def trials(run: FinishedRun) -> Section | None:
    """Two pictures of all trials, and the reasons of those that failed; None of a search that trained none."""
    found = read_trials(run.events)
    if not found:
        return None
    summary = run.summary
    html = [paragraph(_sentence(found)), failures(found)]
    figures = {}
    if any(trial.result for trial in found):
        texts, axes = _texts(found, run), _axes(found, summary)
        figures = {"trials-order": in_order(found, texts, axes), "trials-space": in_space(found, texts, axes)}
        caption = (
            f"Each trial by a quick policy on search as the trial ended; the line is {axes.sought} so far of trials "
            "that did what was asked."
        )
        html[1:1] = [
            figure_place("trials-order", caption),
            figure_place(
                "trials-space",
                "The same trials by what they spend and how good they are. Rest the pointer on "
                "one for its parameters, and for how far it misses what was asked.",
            ),
        ]
    return Section("trials", "Trials", Markup("").join(html), figures)


def _sentence(found: Sequence[TrialRecord]) -> str:
    counts = Counter(kind_of(trial) for trial in found)
    told = ", ".join(f"{counts[kind]:,} {_PAST.get(kind, kind)}" for kind in KINDS if counts[kind])
    return f"{len(found):,} {'trial' if len(found) == 1 else 'trials'}: {told}."


def failures(found: Sequence[TrialRecord]) -> Markup:
    """The reasons with which trials failed, the most frequent first, and how many failed with each."""
    reasons = Counter(
        (trial.failure or "no reason was given").splitlines()[0] for trial in found if trial.state is TrialState.FAIL
    )
    if not reasons:
        return Markup("")
    most = reasons.most_common(20)
    rows = [(reason, f"{count:,}") for reason, count in most]
    rest = sum(reasons.values()) - sum(count for _, count in most)
    rows += [("other reasons", f"{rest:,}")] if rest else []
    return heading("Why trials failed") + html_table(("reason", "trials"), rows)


def _texts(found: Sequence[TrialRecord], run: FinishedRun) -> list[str]:
    """What is told of each trial beside its place: its parameters, of many trials the most important ones."""
    kept = _important(run) if len(found) > MANY else None
    return [trial_text(trial, kept) for trial in found]


def _important(run: FinishedRun) -> list[str]:
    if not run.folder.importance_csv.exists():
        return []
    # Here, since the import takes its time.
    import pandas as pd

    shares = pd.read_csv(run.folder.importance_csv).nlargest(_FEW_PARAMETERS, "importance")
    return [str(name) for name in shares["parameter"]]


def _axes(found: Sequence[TrialRecord], summary: Summary) -> TrialAxes:
    is_there = any(summary.quality in trial.result for trial in found)
    return TrialAxes(
        quality=summary.quality if is_there else summary.main_quality,
        objective=summary.objective,
        target=summary.least_quality if is_there or summary.quality == summary.main_quality else None,
        budget=summary.budget,
    )
