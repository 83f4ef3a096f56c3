import json
from pathlib import Path
from tempfile import TemporaryDirectory
import time

from hypothesis import given
from hypothesis import strategies as st
import pytest

from search.run_folder.journal import Journal
from search.trials.log import TrialLog
from tests.search.trial_logs import add_trial, metrics, open_log


def test_a_record_is_the_same_after_a_restart(tmp_path):
    with open_log(tmp_path) as log:
        add_trial(log, 0.97, 1.2, params={"alpha": 0.5})
        add_trial(log, 0.9, 2.0, epoch=3, ended=False)
        add_trial(log, failure="the loss is nan in epoch 10")
        before = log.trials
    with open_log(tmp_path) as log:
        assert log.trials == before
        assert list(log.trials) == ["trial-0001", "trial-0002", "trial-0003"]
        assert [trial.trial_id for trial in log.finished] == ["trial-0001", "trial-0003"]
        assert [trial.trial_id for trial in log.running] == ["trial-0002"]
        assert log.trials["trial-0001"].params == {"alpha": 0.5}


def test_ends_have_the_names_of_optunas_states(tmp_path):
    with open_log(tmp_path) as log:
        add_trial(log)
        add_trial(log, epoch=3)
        add_trial(log, failure="the loss is nan in epoch 10")
        add_trial(log, epoch=3, ended=False)
    names = ["COMPLETE", "PRUNED", "FAIL", "RUNNING"]
    events = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [event["state"] for event in events if event["event"] == "ended"] == names[:3]
    with open_log(tmp_path) as log:
        assert [trial.state.name for trial in log.trials.values()] == names


def test_an_epoch_that_is_reported_again_changes_nothing(tmp_path):
    with open_log(tmp_path) as log:
        trial = add_trial(log, epoch=3, ended=False)
        log.reported(trial.trial_id, metrics(0.5, 3.0, 3), failure="", is_done=False)
        log.reported(trial.trial_id, metrics(0.5, 3.0, 2), failure="", is_done=False)
        assert trial.result["accuracy"] == 0.96
        log.reported(trial.trial_id, metrics(0.98, 1.1, 4), failure="", is_done=False)
        assert (trial.result["accuracy"], trial.epoch) == (0.98, 4)
        assert [figures["epoch"] for _, figures in log.reports()] == [3, 4]


def test_a_trial_ends_once(tmp_path):
    with open_log(tmp_path) as log:
        trial = add_trial(log)
        log.ended(trial.trial_id, "too late")
        assert trial.failure == ""
    assert (tmp_path / "journal.jsonl").read_text().count('"ended"') == 1


def test_a_kill_between_the_last_report_and_the_end_is_settled(tmp_path):
    with open_log(tmp_path) as log:
        done = log.suggested(0, {}, {})
        log.reported(done.trial_id, metrics(0.9, 1.0, 10), failure="", is_done=True)
        failed = log.suggested(1, {}, {})
        log.reported(failed.trial_id, metrics(0.9, 1.0, 2), failure="the loss is inf", is_done=True)
        open_still = log.suggested(2, {}, {})
    with open_log(tmp_path) as log:
        assert len(log.running) == 3
        log.settle()
        assert [trial.trial_id for trial in log.running] == [open_still.trial_id]
        assert log.trials[failed.trial_id].failure == "the loss is inf"
        assert log.trials[done.trial_id].failure == ""


def test_a_loss_is_counted_once_whoever_asks(tmp_path):
    with open_log(tmp_path, retries=2) as log:
        trial = add_trial(log, epoch=3, ended=False)
        for attempt, is_retried in (("a", True), ("b", True), ("c", False)):
            assert [log.lost(trial.trial_id, attempt) for _ in range(3)] == [is_retried] * 3
        assert log.lost(trial.trial_id, "a")
        assert not log.lost(trial.trial_id, "d")


def test_seconds_of_a_sweep_that_was_resumed(tmp_path):
    """The events are those that a sweep writes, in their order: its name comes before its first session."""
    began = time.monotonic()
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.append("created", sweep_id="1", name="first")
        journal.append("started", params={})
        add_trial(TrialLog(journal), epoch=3, ended=False)
    for _ in range(2):
        with Journal(tmp_path / "journal.jsonl") as journal:
            journal.append("started", params={})
            time.sleep(0.05)
            add_trial(TrialLog(journal))
            journal.append("stopped", reason="")
    with open_log(tmp_path) as log:
        assert 0.1 <= log.seconds <= time.monotonic() - began + 0.01


@given(st.lists(st.tuples(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), max_size=4)), max_size=5))
def test_seconds_are_those_of_the_sessions_and_not_those_between(sessions):
    """Each session is the time since the last one, and the times between its events, in milliseconds."""
    now, events = 1_764_000_000_000, []
    events.append({"event": "created", "time_ms": now})
    for pause, steps in sessions:
        now += pause
        events.append({"event": "started", "time_ms": now})
        for step in steps:
            now += step
            events.append({"event": "policy", "time_ms": now})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        path.write_text("".join(json.dumps(event) + "\n" for event in events))
        with open_log(path.parent) as log:
            assert log.seconds == pytest.approx(sum(sum(steps) for _, steps in sessions) / 1000)


def test_a_new_sweep_has_no_seconds_yet(tmp_path):
    with open_log(tmp_path) as log:
        assert log.seconds == 0
