"""Training the trials of a sweep that have not ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from search.cluster.connection import concurrent_trials
from search.config.sweep import SweepConfig
from search.errors import SweepInterruptedError
from search.inputs import SweepInputs
from search.trials.log import TrialLog
from search.trials.outcomes import TrialOutcome, collect_trials
from search.tuning.callbacks import Recorder, TrialWatcher, Unwatched, recording
from search.tuning.tuner import build_trainable, build_tuner
from trainables.teachers.teacher import TeacherSet


def train(
    inputs: SweepInputs,
    log: TrialLog,
    *,
    checkpoints: Path,
    tune_folder: Path,
    teachers: TeacherSet | None = None,
    watcher: TrialWatcher | None = None,
) -> list[TrialOutcome]:
    """Train until every trial has ended, and say how each did.

    Args:
        inputs: The sweep on its data.
        log: What is known of the trials; grows.
        checkpoints: A folder of checkpoints for each trial goes here; all nodes must see it.
        tune_folder: Folder for Tune's own files, which nothing is read from again; all nodes must see it.
        teachers: Teachers that the sweep names, or None.
        watcher: Shows trials to a person; None shows them to nobody.

    Returns:
        The trials, in the order in which they were suggested.

    Raises:
        SweepInterruptedError: If it was stopped before, by a person or by a full disk.
        SweepError: If not even one trial fits on the cluster.
    """
    trainable = build_trainable(inputs, checkpoints, teachers)
    train_trials(inputs.config, trainable, log, tune_folder=tune_folder, watcher=watcher)
    return collect_trials(log, checkpoints=checkpoints, first=inputs.config.search.first_trials)


def train_trials(
    config: SweepConfig, trainable: Any, log: TrialLog, *, tune_folder: Path, watcher: TrialWatcher | None = None
) -> None:
    """Train until every trial of the sweep has ended.

    Args:
        config: Configuration of the sweep.
        trainable: What a trial runs, with its resources.
        log: What is known of the trials; grows.
        tune_folder: Folder for Tune's own files, which nothing is read from again; all nodes must see it.
        watcher: Shows trials to a person; None shows them to nobody.

    Raises:
        SweepInterruptedError: If it was stopped before, by a person or by a full disk.
        SweepError: If not even one trial fits on the cluster.
    """
    n_trials = config.search.trials
    if len(log.finished) == n_trials:
        return
    recorder = Recorder(log, watcher or Unwatched())
    with recording(recorder) as callback:
        n_slots = concurrent_trials(config.resources)
        tuner = build_tuner(config, tune_folder, trainable, log, callback, concurrent=n_slots)
        try:
            tuner.fit()
        except Exception:
            # What follows from a full disk is not raised: the first trouble is.
            if not recorder.trouble:
                raise
    n_ended = len(log.finished)
    after = f"after {n_ended} of {n_trials} trials"
    if recorder.trouble:
        raise SweepInterruptedError.unwritable(after, str(recorder.trouble), str(config.name))
    if n_ended < n_trials:
        raise SweepInterruptedError(
            f"the sweep was interrupted {after}; continue it with --resume --name {config.name}"
        )
