import json
from pathlib import Path
from tempfile import TemporaryDirectory
import time

from hypothesis import given
from hypothesis import strategies as st
import pytest

from search.run_folder.journal import Journal
from search.trials.log import SweepRecord
from tests.search.records import add_trial, metrics, open_record


def test_a_record_is_the_same_after_a_restart(tmp_path):
    with open_record(tmp_path) as record:
        add_trial(record, 0.97, 1.2, params={"alpha": 0.5})
        add_trial(record, 0.9, 2.0, epoch=3, ended=False)
        add_trial(record, failure="the loss is nan in epoch 10")
        before = record.trials
    with open_record(tmp_path) as record:
        assert record.trials == before
        assert list(record.trials) == ["trial-0001", "trial-0002", "trial-0003"]
        assert [trial.trial_id for trial in record.ended] == ["trial-0001", "trial-0003"]
        assert [trial.trial_id for trial in record.interrupted] == ["trial-0002"]
        assert record.trials["trial-0001"].params == {"alpha": 0.5}


def test_an_epoch_that_is_reported_again_changes_nothing(tmp_path):
    with open_record(tmp_path) as record:
        trial = add_trial(record, epoch=3, ended=False)
        record.reported(trial.trial_id, metrics(0.5, 3.0, 3), failure="", is_done=False)
        record.reported(trial.trial_id, metrics(0.5, 3.0, 2), failure="", is_done=False)
        assert trial.result["accuracy"] == 0.96
        record.reported(trial.trial_id, metrics(0.98, 1.1, 4), failure="", is_done=False)
        assert (trial.result["accuracy"], trial.epoch) == (0.98, 4)
        assert [figures["epoch"] for _, figures in record.reports()] == [3, 4]


def test_a_trial_ends_once(tmp_path):
    with open_record(tmp_path) as record:
        trial = add_trial(record)
        record.finished(trial.trial_id, "too late")
        assert trial.failure == ""
    assert (tmp_path / "journal.jsonl").read_text().count('"ended"') == 1


def test_a_kill_between_the_last_report_and_the_end_is_settled(tmp_path):
    with open_record(tmp_path) as record:
        done = record.suggested(0, {}, {})
        record.reported(done.trial_id, metrics(0.9, 1.0, 10), failure="", is_done=True)
        failed = record.suggested(1, {}, {})
        record.reported(failed.trial_id, metrics(0.9, 1.0, 2), failure="the loss is inf", is_done=True)
        open_still = record.suggested(2, {}, {})
    with open_record(tmp_path) as record:
        assert len(record.interrupted) == 3
        record.settle()
        assert [trial.trial_id for trial in record.interrupted] == [open_still.trial_id]
        assert record.trials[failed.trial_id].failure == "the loss is inf"
        assert record.trials[done.trial_id].failure == ""


def test_a_loss_is_counted_once_whoever_asks(tmp_path):
    with open_record(tmp_path, retries=2) as record:
        trial = add_trial(record, epoch=3, ended=False)
        for attempt, is_retried in (("a", True), ("b", True), ("c", False)):
            assert [record.lost(trial.trial_id, attempt) for _ in range(3)] == [is_retried] * 3
        assert record.lost(trial.trial_id, "a")
        assert not record.lost(trial.trial_id, "d")


def test_seconds_of_a_sweep_that_was_resumed(tmp_path):
    """The events are those that a sweep writes, in their order: its name comes before its first session."""
    began = time.monotonic()
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.append("created", sweep_id="1", name="first")
        journal.append("started", params={})
        add_trial(SweepRecord(journal), epoch=3, ended=False)
    for _ in range(2):
        with Journal(tmp_path / "journal.jsonl") as journal:
            journal.append("started", params={})
            time.sleep(0.05)
            add_trial(SweepRecord(journal))
            journal.append("stopped", reason="")
    with open_record(tmp_path) as record:
        assert 0.1 <= record.seconds <= time.monotonic() - began + 0.01


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
        with open_record(path.parent) as record:
            assert record.seconds == pytest.approx(sum(sum(steps) for _, steps in sessions) / 1000)


def test_a_new_sweep_has_no_seconds_yet(tmp_path):
    with open_record(tmp_path) as record:
        assert record.seconds == 0
