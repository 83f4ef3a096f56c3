"""The sections of the page of a sweep that runs."""

from __future__ import annotations

from markupsafe import Markup

from search.live.figures import in_objective_space, in_order
from search.live.running_run import RunningRun
from search.live.running_trials import RunningTrial
from search.live.saying import best_so_far, moment, reached, state_lines, state_title
from search.page.blocks import html_table
from search.page.section import Section


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
            _name(run, trial),
            f"{trial.epoch} of {trial.epoch + int(trial.metrics.get('epochs_left', run.config.training.epochs))}",
            reached(run, trial) if trial.metrics else "none yet",
            _loss(trial),
            moment(trial.reported_ms),
        )
        for trial in open_trials
    )
    return Section("running", "Trials that are not finished", html_table(heads, rows))


def trials(run: RunningRun) -> Section | None:
    """All trials in order and in objective space, and a table of the newest; None where none reported."""
    if not any(trial.metrics or trial.has_ended for trial in run.trials.all):
        return None
    ended = run.trials.ended
    newest = ended[: -MOST_ROWS - 1 : -1]
    rows = ((_name(run, trial), _STATES.get(trial.state, trial.state), _outcome(run, trial)) for trial in newest)
    capped = f"The table has the newest {MOST_ROWS} of {len(ended):,}." if len(ended) > MOST_ROWS else ""
    html = Markup(
        '<p class="dim">A point is the best policy on a trial&#39;s own network, on <code>search</code>: blue where it '
        "does what trials are asked for ({asked}, with the margin that a certificate of it "
        "needs), orange where it misses it, open while the trial is not "
        'finished.</p><div class="figure" data-figure="live-order"></div>'
        '<div class="figure" data-figure="live-objectives"></div><p class="dim">{capped}</p>{table}'
    ).format(asked=run.config.request, capped=capped, table=html_table(("trial", "ended", "reached"), rows))
    figures = {"live-order": in_order(run), "live-objectives": in_objective_space(run)}
    return Section("trials", "Trials", html, figures=figures)


_STATES = {"COMPLETE": "trained to its end", "PRUNED": "stopped early", "FAIL": "failed"}


def _outcome(run: RunningRun, trial: RunningTrial) -> str:
    if trial.failure:
        return trial.failure
    return reached(run, trial) if trial.metrics else ""


def _name(run: RunningRun, trial: RunningTrial) -> str:
    """What the sweep file calls it, beside its own name."""
    first = run.config.search.first_trials
    label = first[trial.number - 1].name if 0 < trial.number <= len(first) else ""
    return f"{trial.name} ({label})" if label else trial.name


def _loss(trial: RunningTrial) -> str:
    return f"{trial.metrics['train_loss']:.4f}" if "train_loss" in trial.metrics else ""
