import pytest

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


def test_seconds_of_all_sessions_are_counted(tmp_path):
    times = [("created", 0), ("started", 1000), ("suggested", 4000), ("started", 100_000), ("stopped", 102_500)]
    drawn = '"trial":"trial-0001","number":0,"params":{},"drawn":{}'
    lines = [f'{{"event":"{kind}","time_ms":{time},{drawn}}}\n' for kind, time in times]
    (tmp_path / "journal.jsonl").write_text("".join(lines))
    with open_record(tmp_path) as record:
        assert record.seconds == pytest.approx(3.0 + 2.5)


def test_a_new_sweep_has_no_seconds_yet(tmp_path):
    with open_record(tmp_path) as record:
        assert record.seconds == 0
