"""A sweep that runs, in words."""

from __future__ import annotations

from datetime import datetime
import math

from optuna.trial import TrialState

from policies.goals.objectives import sought_in_words
from policies.qualities import in_words
from policies.registry import number_of, title_of
from search.live.running_run import Phase, RunningRun
from search.trials.records import TrialRecord, best_of, nearest_of
from search.trials.time_left import spoken


_MINUTE_MS = 60_000


def state_title(run: RunningRun) -> str:
    """What it is doing, in one sentence."""
    trials, n_trials = run.trials, run.config.search.trials
    counts = f"{len(trials.finished)} of {number_of(n_trials, 'trial')} have ended"
    if run.phase is Phase.STOPPED:
        return f"Stopped: {counts}. It goes on with --resume --name {run.folder.name}."
    if run.phase is Phase.FAILED:
        return f"Failed: {counts}."
    if run.phase is Phase.LOST:
        return (
            f"Nobody runs it any more, though it was not stopped: its process or machine was ended. {counts}. It goes "
            f"on with --resume --name {run.folder.name}."
        )
    if run.phase is Phase.GONE:
        return f"Gone: {run.missing or run.folder.path} is not there any more. As it was read last: {counts}."
    if run.phase is Phase.FINISHED:
        return "Finished."
    if not trials.trials:
        return "Running: no trial yet. Data, and teachers and a full network where there are any, come first."
    if len(trials.finished) >= n_trials:
        all_trials = "the only trial has" if n_trials == 1 else f"all {n_trials} trials have"
        return f"Running: {all_trials} ended; policies are searched, certified and tested."
    return f"Running: {counts}, {len(trials.running)} {'is' if len(trials.running) == 1 else 'are'} being trained."


def state_lines(run: RunningRun) -> list[tuple[str, str]]:
    """What there is to know beside that, name by name."""
    lines = [("why", run.reason)] if run.reason else []
    if run.created_ms:
        lines.append(("begun", moment(run.created_ms)))
    if run.started_ms and run.started_ms - run.created_ms > _MINUTE_MS:
        lines.append(("resumed", moment(run.started_ms)))
    if run.last_ms:
        lines.append(("last event", moment(run.last_ms)))
    left = run.seconds_left
    if run.phase is Phase.RUNNING and left is not None:
        lines.append(("trials still take", f"{spoken(left)}, then policies are searched"))
    asked = run.config.request
    sought = sought_in_words(asked.objective, asked.quality, budget=asked.budget)
    lines.append(("asked for", f"{in_words(str(asked))}, with {sought}"))
    failed = sum(trial.state is TrialState.FAIL for trial in run.trials.finished)
    if failed:
        lines.append(("failed", f"{failed} of {number_of(len(run.trials.trials), 'trial')}"))
    return lines


def best_so_far(run: RunningRun) -> str:
    """The best trial, or where none does what was asked, the nearest."""
    known = run.trials.trials.values()
    best, nearest = best_of(known), nearest_of(known)
    if best is not None:
        return f"{reached(run, best)} ({best.trial_id}), feasible: it does what trials are asked for"
    if nearest is None:
        return "nothing yet"
    if nearest.is_feasible:
        return f"none that is trained to its end; {nearest.trial_id} has {reached(run, nearest)} so far"
    return f"none is feasible yet; nearest is {nearest.trial_id}: {reached(run, nearest)}"


def reached(run: RunningRun, trial: TrialRecord) -> str:
    """What a trial's last report says; of one that failed why."""
    if trial.failure or not trial.result:
        return trial.failure or "none yet"
    asked, metrics = run.config.request, trial.result
    misses = f", which misses what is asked by {trial.violation:.4f}" if trial.violation > 0 else ""
    quality, objective = (float(metrics.get(key, math.nan)) for key in (asked.quality, asked.objective_column))
    return f"{title_of(asked.quality)} {quality:.4f} at mean {_objective(run)} {objective:.3f}{misses}"


def moment(time_ms: int) -> str:
    """A time as this machine's clock has it; nothing for 0."""
    # With its zone, since a sweep may run elsewhere.
    return f"{datetime.fromtimestamp(time_ms / 1000).astimezone():%Y-%m-%d %H:%M:%S %Z}" if time_ms else ""


def name_of(run: RunningRun, trial: TrialRecord) -> str:
    """What the sweep file calls a trial, beside its own name."""
    first = run.config.search.first_trials
    label = first[trial.number].name if trial.number < len(first) else ""
    return f"{trial.trial_id} ({label})" if label else trial.trial_id


def _objective(run: RunningRun) -> str:
    return title_of(run.config.request.objective)
