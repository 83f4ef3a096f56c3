"""Logs of trials for tests."""

from contextlib import contextmanager

from search.run_folder.journal import Journal
from search.trials.log import TrialLog


@contextmanager
def open_log(folder, *, retries=0):
    """The trials of the sweep in a folder, as a resumption would read it."""
    with Journal(folder / "journal.jsonl") as journal:
        yield TrialLog(journal, retries=retries)


def metrics(accuracy, mean_depth, epoch, **more):
    """A report's metrics."""
    return {
        "accuracy": accuracy,
        "mean_depth": mean_depth,
        "violation": 0.0,
        "objective_at_target": mean_depth,
        "depth_at_target": mean_depth,
        "epoch": epoch,
        "epochs_left": max(0, 10 - epoch),
        **more,
    }


def add_trial(log, accuracy=0.96, mean_depth=1.5, *, epoch=10, failure="", ended=True, params=None):
    """Suggest a trial, let it report once, and end it."""
    trial = log.suggested(len(log.trials), params or {}, {})
    log.reported(trial.trial_id, metrics(accuracy, mean_depth, epoch), failure=failure, is_done=ended)
    if ended:
        log.ended(trial.trial_id, failure)
    return trial
