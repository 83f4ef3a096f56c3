"""What becomes of a trial whose process was lost."""

from types import SimpleNamespace

from optuna.trial import TrialState
import pytest
from ray.tune.search import Searcher

from search.config.files import load_sweep
from search.tuning.callbacks import Recorder, fault_reason, recording
from search.tuning.searcher import ConstrainedSearch
from tests.search.trial_logs import add_trial, open_log


# As Ray 2.60 writes it, shortened.
OUT_OF_MEMORY = """Failure # 1 (occurred at 2026-11-21_14-03-01)
1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: 127.0.0.1, ID: 71f4) was 23.01GB
OOM kill reason: Memory usage 24728012544B exceeded threshold
Refer to the documentation on how to address the out of memory issue: https://docs.ray.io/en/latest/. Set max_restarts
"""
KILLED = "Traceback (most recent call last):\n  File ...\nray.exceptions.ActorDiedError: The actor died.\n\n"


class Watcher:
    def __init__(self):
        self.started, self.ended, self.retried = [], [], []

    def trial_started(self, trial):
        self.started.append(trial.trial_id)

    def trial_ended(self, trial):
        self.ended.append((trial.trial_id, trial.failure))

    def trial_retried(self, trial, reason):
        self.retried.append((trial.trial_id, reason))


@pytest.fixture
def lost(tmp_path):
    """Has a process die under a trial, so often; gives what the watcher saw."""

    def lose(text, *, times, retries):
        watcher = Watcher()
        (tmp_path / "error.txt").write_text(text)
        with open_log(tmp_path, retries=retries) as log:
            trial = add_trial(log, epoch=3, ended=False)
            recorder = Recorder(log, watcher)
            for number in range(times):
                recorder.lost(tune_trial(trial.trial_id, f"attempt-{number}", tmp_path / "error.txt"))
            assert trial.state.is_finished() == bool(watcher.ended)
        return watcher

    return lose


def tune_trial(name, attempt, error_file):
    return SimpleNamespace(config={"trial": name}, trial_id=attempt, error_file=str(error_file))


def test_a_lost_trial_is_shown_and_goes_on(lost):
    watcher = lost(KILLED, times=2, retries=2)
    assert watcher.retried == [("trial-0001", "ray.exceptions.ActorDiedError: The actor died.")] * 2
    assert watcher.ended == []


def test_a_trial_that_was_lost_too_often_has_failed(lost):
    watcher = lost(OUT_OF_MEMORY, times=3, retries=2)
    assert len(watcher.retried) == 2
    ((name, failure),) = watcher.ended
    assert name == "trial-0001"
    assert failure.startswith("Ray's memory monitor ended the process")


@pytest.mark.parametrize("retries", [0, 1, 2])
@pytest.mark.parametrize("searcher_first", [True, False])
def test_searcher_and_recorder_agree_whoever_is_told_first(tmp_path, retries, searcher_first):
    (tmp_path / "error.txt").write_text(KILLED)
    watcher = Watcher()
    with open_log(tmp_path, retries=retries) as log:
        searcher = ConstrainedSearch(load_sweep("digits", ["search.trials=1"]), log)
        recorder = Recorder(log, watcher)
        for number in range(retries + 1):
            assert searcher.suggest(f"attempt-{number}")["trial"] == "trial-0001"
            told = [
                lambda attempt=f"attempt-{number}": searcher.on_trial_complete(attempt, None, error=True),
                lambda attempt=f"attempt-{number}": recorder.lost(
                    tune_trial("trial-0001", attempt, tmp_path / "error.txt")
                ),
            ]
            for tell in told if searcher_first else reversed(told):
                tell()
        assert searcher.suggest("one more") == Searcher.FINISHED
        assert [trial.state for trial in searcher.study.trials] == [TrialState.FAIL]
        assert log.trials["trial-0001"].state.is_finished()
    assert len(watcher.retried) == retries
    assert watcher.ended == [("trial-0001", "ray.exceptions.ActorDiedError: The actor died.")]


def test_a_trial_that_runs_is_told_of(tmp_path):
    watcher = Watcher()
    with open_log(tmp_path) as log:
        trial = add_trial(log, ended=False)
        with recording(Recorder(log, watcher)) as callback:
            callback.on_trial_start(0, [], tune_trial(trial.trial_id, "attempt-0", tmp_path))
    assert watcher.started == ["trial-0001"]


def test_reasons_are_one_line():
    assert fault_reason("") == "unknown error"
    assert len(fault_reason("x" * 1000)) == 300
    assert "\n" not in fault_reason(OUT_OF_MEMORY)
