"""What becomes of a trial whose process was lost."""

from types import SimpleNamespace

import pytest

from search.callbacks import Recorder, fault_reason
from tests.search.records import add_trial, open_record


# As Ray 2.60 writes it, shortened.
OUT_OF_MEMORY = """Failure # 1 (occurred at 2026-11-21_14-03-01)
1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: 127.0.0.1, ID: 71f4) was 23.01GB
OOM kill reason: Memory usage 24728012544B exceeded threshold
Refer to the documentation on how to address the out of memory issue: https://docs.ray.io/en/latest/. Set max_restarts
"""
KILLED = "Traceback (most recent call last):\n  File ...\nray.exceptions.ActorDiedError: The actor died.\n\n"


class Watcher:
    def __init__(self):
        self.ended, self.retried = [], []

    def trial_ended(self, trial):
        self.ended.append((trial.trial_id, trial.failure))

    def trial_retried(self, trial, reason):
        self.retried.append((trial.trial_id, reason))


@pytest.fixture
def lost(tmp_path):
    """Has a process die under a trial, so often; gives what the watcher saw."""

    def lose(text, *, n_faults, retries):
        watcher = Watcher()
        with open_record(tmp_path) as record:
            trial = add_trial(record, epoch=3, ended=False)
            trial.n_faults = n_faults
            (tmp_path / "error.txt").write_text(text)
            told = SimpleNamespace(config={"trial": trial.trial_id}, error_file=str(tmp_path / "error.txt"))
            Recorder(record, watcher, retries=retries).lost(told)
            assert trial.has_ended == bool(watcher.ended)
        return watcher

    return lose


def test_a_lost_trial_is_shown_and_goes_on(lost):
    watcher = lost(KILLED, n_faults=2, retries=2)
    assert watcher.retried == [("trial-0001", "ray.exceptions.ActorDiedError: The actor died.")]
    assert watcher.ended == []


def test_a_trial_that_was_lost_too_often_has_failed(lost):
    watcher = lost(OUT_OF_MEMORY, n_faults=3, retries=2)
    assert watcher.retried == []
    ((name, failure),) = watcher.ended
    assert name == "trial-0001"
    assert failure.startswith("Ray's memory monitor ended the process")


def test_reasons_are_one_line():
    assert fault_reason("") == "unknown error"
    assert len(fault_reason("x" * 1000)) == 300
    assert "\n" not in fault_reason(OUT_OF_MEMORY)
