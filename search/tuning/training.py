"""Training the trials of a sweep that have not ended."""

from __future__ import annotations

from typing import Any

from search.cluster.connection import concurrent_trials
from search.config.sweep import SweepConfig
from search.errors import SweepInterruptedError
from search.run_folder.folder import RunFolder
from search.trials.log import SweepRecord
from search.tuning.callbacks import Recorder, TrialWatcher, recording
from search.tuning.tuner import build_tuner


def train_trials(
    config: SweepConfig, folder: RunFolder, trainable: Any, record: SweepRecord, watcher: TrialWatcher
) -> None:
    """Train until every trial of the sweep has ended.

    Args:
        config: The sweep.
        folder: Its files.
        trainable: What a trial runs, with its resources.
        record: What is known of the trials; grows.
        watcher: Shows them to a person.

    Raises:
        SweepInterruptedError: If it was stopped before, by a person or by a full disk.
        SweepError: If not even one trial fits on the cluster.
    """
    n_trials = config.search.trials
    if len(record.ended) == n_trials:
        return
    recorder = Recorder(record, watcher)
    with recording(recorder) as callback:
        tuner = build_tuner(config, folder, trainable, record, callback, concurrent=concurrent_trials(config.resources))
        try:
            tuner.fit()
        except Exception:
            # What follows from a full disk is not told: the first trouble is.
            if not recorder.trouble:
                raise
    n_ended = len(record.ended)
    after = f"after {n_ended} of {n_trials} trials"
    if recorder.trouble:
        raise SweepInterruptedError(
            f"the sweep was stopped {after}, since nothing can be written ({recorder.trouble}); put that right, then "
            f"continue it with --resume --name {folder.name}"
        )
    if n_ended < n_trials:
        raise SweepInterruptedError(
            f"the sweep was interrupted {after}; continue it with --resume --name {folder.name}"
        )
