"""The sections of the page of a sweep that runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from search.live.running_run import RunningRun
from search.live.saying import best_so_far, moment, name_of, reached, state_lines, state_title
from search.page.blocks import html_table, text_cell
from search.page.section import Section
from search.page.trial_figures import MANY, TrialAxes, in_order, in_space, kind_of, trial_text
from search.trials.records import TrialRecord


MOST_ROWS = 100
"""Rows of the table of trials; the others are only drawn."""

_LIVE = "live.js"
_FACT = Markup('<tr><th scope="row">{}</th><td style="text-align: left">{}</td></tr>')


def sections_of(run: RunningRun, version: str, trouble: str = "") -> list[Section]:
    """State, trials that run, and trials that are drawn and listed; only those that have something to show.

    Args:
        run: The sweep.
        version: What the page's script compares, to see whether there is something new.
        trouble: Why a page of the result cannot be shown; empty where it can, or there is none yet.
    """
    found = [state(run, version, trouble), running(run), trials(run)]
    return [section for section in found if section is not None]


def state(run: RunningRun, version: str, trouble: str = "") -> Section:
    """What the sweep is doing, how far it is and what it has found so far."""
    facts = [*state_lines(run), ("best so far", best_so_far(run))]
    if trouble:
        facts.append(("its page", trouble))
    html = Markup('<p><strong id="phase">{}</strong> <span class="dim" id="connection"></span></p>{}').format(
        state_title(run),
        Markup('<div class="scroll"><table><tbody>{}</tbody></table></div>').format(
            Markup("").join(_FACT.format(name, text) for name, text in facts)
        ),
    )
    return Section("state", "State", html, data={"version": version}, script=_LIVE)


def running(run: RunningRun) -> Section | None:
    """What the trials that are not finished reported last; None where there is none."""
    open_trials = run.trials.running
    if not open_trials:
        return None
    heads = ("trial", "epoch", "last report", "training loss", "at")
    rows = (
        (
            name_of(run, trial),
            f"{max(trial.epoch, 0)} of {max(trial.epoch, 0) + _epochs_left(run, trial)}",
            text_cell(reached(run, trial)),
            _loss(trial),
            moment(trial.reported_ms),
        )
        for trial in open_trials
    )
    return Section("running", "Trials that are not finished", html_table(heads, rows))


def trials(run: RunningRun) -> Section | None:
    """All trials in order and in objective space, and a table of the newest; None where none reported."""
    known, ended = list(run.trials.trials.values()), run.trials.finished
    if not ended and not any(trial.result for trial in known):
        return None
    newest = ended[: -MOST_ROWS - 1 : -1]
    rows = ((name_of(run, trial), text_cell(kind_of(trial)), text_cell(reached(run, trial))) for trial in newest)
    capped = f"The table has the newest {MOST_ROWS} of {len(ended):,}." if len(ended) > MOST_ROWS else ""
    table = Markup('<p class="dim">{}</p>{}').format(capped, html_table(("trial", "kind", "reached"), rows))
    html, figures = _drawn(run, known)
    return Section("trials", "Trials", html + table, figures=figures)


def _drawn(run: RunningRun, known: Sequence[TrialRecord]) -> tuple[Markup, dict[str, Any]]:
    """Pictures of the trials, and where they go; neither where none reported a figure."""
    # Failed ones reported what is no number.
    drawn = [trial for trial in known if not trial.failure]
    if not any(trial.result for trial in drawn):
        return Markup(""), {}
    axes = _axes(run)
    html = Markup(
        '<p class="dim">A mark is the best policy on a trial&#39;s own network, on <code>search</code>. What was '
        "asked: {asked}, with the margin that a certificate of it needs. The line is {sought} so far of trials that "
        'were trained to their end and did it.</p><div class="figure" data-figure="live-order"></div>'
        '<div class="figure" data-figure="live-objectives"></div>'
    ).format(asked=run.config.request, sought=axes.sought)
    texts = [trial_text(trial, None if len(drawn) <= MANY else ()) for trial in drawn]
    return html, {"live-order": in_order(drawn, texts, axes), "live-objectives": in_space(drawn, texts, axes)}


def _axes(run: RunningRun) -> TrialAxes:
    asked = run.config.request
    return TrialAxes(quality=asked.quality, objective=asked.objective, target=asked.target, budget=asked.budget)


def _epochs_left(run: RunningRun, trial: TrialRecord) -> int:
    return int(trial.result.get("epochs_left", run.config.training.epochs))


def _loss(trial: TrialRecord) -> str:
    return f"{trial.result['train_loss']:.4f}" if "train_loss" in trial.result else ""
