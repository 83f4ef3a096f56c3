"""A sweep that runs, in words."""

from __future__ import annotations

from datetime import datetime

from policies.registry import title_of
from search.live.running_run import Phase, RunningRun
from search.live.running_trials import RunningTrial


_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def state_title(run: RunningRun) -> str:
    """What it is doing, in one sentence."""
    trials, n_trials = run.trials, run.config.search.trials
    counts = f"{len(trials.ended)} of {n_trials} trials have ended"
    if run.phase is Phase.STOPPED:
        return f"Stopped: {counts}. It goes on with --resume --name {run.folder.name}."
    if run.phase is Phase.FAILED:
        return f"Failed: {counts}."
    if run.phase is Phase.LOST:
        return (
            f"Nobody runs it any more, though it was not stopped: its process or machine was ended. {counts}. It goes "
            f"on with --resume --name {run.folder.name}."
        )
    if run.phase is Phase.FINISHED:
        return "Finished."
    if not trials.by_name:
        return "Running: no trial yet. Data, and teachers and a full network where there are any, come first."
    if len(trials.ended) >= n_trials:
        return f"Running: all {n_trials} trials have ended; policies are searched, certified and tested."
    return f"Running: {counts}, {len(trials.running)} are being trained."


def state_lines(run: RunningRun) -> list[tuple[str, str]]:
    """What there is to know beside that, name by name."""
    lines = [("why", run.reason)] if run.reason else []
    if run.created_ms:
        lines.append(("begun", moment(run.created_ms)))
    if run.started_ms and run.started_ms - run.created_ms > _MINUTE * 1000:
        lines.append(("resumed", moment(run.started_ms)))
    if run.last_ms:
        lines.append(("last event", moment(run.last_ms)))
    left = run.trials.seconds_left(run.config.search.trials, run.config.training.epochs)
    if run.phase is Phase.RUNNING and left:
        lines.append(("trials still take", f"about {duration(left)}, then policies are searched"))
    lines.append(("asked for", f"{run.config.request}, at the least {_objective(run)}"))
    failed = sum(trial.state == "FAIL" for trial in run.trials.all)
    if failed:
        lines.append(("failed", f"{failed} of {len(run.trials.by_name)} trials"))
    return lines


def best_so_far(run: RunningRun) -> str:
    """The best trial, or where none does what was asked, the nearest."""
    best, nearest = run.trials.best, run.trials.nearest
    if best is not None:
        return f"{reached(run, best)} ({best.name}), feasible: it does what trials are asked for"
    if nearest is None:
        return "nothing yet"
    if nearest.is_feasible:
        return f"none that is trained to its end; {nearest.name} has {reached(run, nearest)} so far"
    return f"none is feasible yet; nearest is {nearest.name}: {reached(run, nearest)}"


def reached(run: RunningRun, trial: RunningTrial) -> str:
    """What a trial's last report says."""
    asked, metrics = run.config.request, trial.metrics
    misses = f", which misses what is asked by {metrics['violation']:.4f}" if metrics["violation"] > 0 else ""
    quality = f"{title_of(asked.quality)} {metrics[asked.quality]:.4f}"
    return f"{quality} at mean {_objective(run)} {metrics[asked.objective_column]:.3f}{misses}"


def moment(time_ms: int) -> str:
    """A time as this machine's clock has it; nothing for 0."""
    # With its zone, since a sweep may run elsewhere.
    return f"{datetime.fromtimestamp(time_ms / 1000).astimezone():%Y-%m-%d %H:%M:%S %Z}" if time_ms else ""


def duration(seconds: float) -> str:
    """About how long, no more exactly than anybody can tell."""
    if seconds < _MINUTE:
        return "a minute" if seconds > _MINUTE / 2 else "half a minute"
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= 2 * unit or unit == _MINUTE:
            count = round(seconds / unit)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return ""


def _objective(run: RunningRun) -> str:
    return title_of(run.config.request.objective)
