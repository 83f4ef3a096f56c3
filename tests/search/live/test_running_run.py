"""What is known of a sweep while it runs."""

import pytest

from search.errors import RunFolderError
from search.live.running_run import Phase, RunningRun
from search.live.saying import best_so_far, duration, state_lines, state_title
from search.live.sections import MOST_ROWS, sections_of
from tests.search.live.sweeps import EPOCHS, HandWritten, let_time_pass, write_many


def opened(sweep):
    run = RunningRun.open(sweep.folder.path)
    run.update()
    return run


def test_a_sweep_without_a_journal_or_a_trial_says_so(tmp_path):
    sweep = HandWritten(tmp_path / "new")
    run = opened(sweep)
    assert "no trial yet" in state_title(run)
    with sweep:
        run.update()
        assert [section.anchor for section in sections_of(run, "0")] == ["state"]
        assert best_so_far(run) == "nothing yet"


def test_each_event_is_read_once_and_half_a_line_later(tmp_path):
    with HandWritten(tmp_path / "half") as sweep:
        run = opened(sweep)
        sweep.trial(1, 0.85)
        line = b'{"event":"suggested","time_ms":5,"trial":"trial-0002","number":1,"params":{},"drawn":{}}\n'
        with sweep.folder.journal_file.open("ab") as file:
            file.write(line[:30])
            file.flush()
            run.update()
            assert list(run.trials.by_name) == ["trial-0001"]
            file.write(line[30:])
        run.update()
        run.update()
        assert list(run.trials.by_name) == ["trial-0001", "trial-0002"]
        assert len(run.trials.running) == run.trials.n_reports == 1


def test_best_is_the_feasible_one_that_the_sweep_ranks_first(tmp_path):
    with HandWritten(tmp_path / "best") as sweep:
        sweep.trial(1, 0.85, 1.1)
        run = opened(sweep)
        assert run.trials.best is None
        assert "none is feasible yet; nearest is trial-0001" in best_so_far(run)
        assert "0.0500" in best_so_far(run)
        sweep.suggested(2)
        sweep.reported(2, 0.96, 1.2, epoch=3)
        run.update()
        assert "none that is trained to its end; trial-0002" in best_so_far(run)
        sweep.trial(3, 0.93, 1.6)
        sweep.trial(4, 0.91, 1.4)
        run.update()
        assert best_so_far(run).startswith("accuracy 0.9100 at mean depth 1.400 (trial-0004), feasible")


def test_time_left_goes_by_the_pace_of_reports(tmp_path):
    with HandWritten(tmp_path / "pace") as sweep:
        run = opened(sweep)
        assert run.trials.seconds_left(4, EPOCHS) is None
        run.trials.take({"event": "suggested", "time_ms": 0, "trial": "trial-0001", "number": 0})
        for epoch in range(1, 6):
            metrics = {"epoch": epoch, "violation": 0.0}
            event = {"event": "reported", "time_ms": 2000 * epoch, "trial": "trial-0001", "failure": ""}
            run.trials.take({**event, "metrics": metrics})
        assert run.trials.seconds_left(4, EPOCHS) == pytest.approx(2 * (5 + 3 * EPOCHS))
        # Those that are stopped early take less.
        run.trials.take({"event": "ended", "time_ms": 9, "trial": "trial-0001", "state": "PRUNED", "failure": ""})
        assert run.trials.seconds_left(4, EPOCHS) == pytest.approx(2 * 3 * 5)
        assert dict(state_lines(run))["trials still take"].startswith("about half a minute")
    assert [duration(seconds) for seconds in (20, 50, 90, 5400, 9000, 200000)] == [
        *("half a minute", "a minute", "2 minutes", "90 minutes", "2 hours", "2 days")
    ]


def test_stopped_failed_and_resumed(tmp_path):
    with HandWritten(tmp_path / "stopped") as sweep:
        sweep.trial(1)
        sweep.journal.append("stopped", reason="the disk is full")
        run = opened(sweep)
        assert (run.phase, run.reason) == (Phase.STOPPED, "the disk is full")
        assert "Stopped: 1 of 4 trials have ended. It goes on with --resume --name stopped." in state_title(run)
        sweep.journal.append("started", params={})
        run.update()
        assert (run.phase, run.reason) == (Phase.RUNNING, "")
        sweep.journal.append("stopped", reason="1")
        run.update()
        assert (run.phase, run.reason) == (Phase.STOPPED, "")
        sweep.journal.append("failed", reason="no trial finished")
        run.update()
        assert run.phase is Phase.FAILED
        assert dict(state_lines(run))["why"] == "no trial finished"


def test_a_killed_sweep_is_told_from_one_that_is_silent(tmp_path):
    with HandWritten(tmp_path / "killed") as sweep:
        sweep.trial(1)
        let_time_pass(sweep.folder)
        assert opened(sweep).phase is Phase.RUNNING
    assert opened(sweep).phase is Phase.LOST
    assert "Nobody runs it any more" in state_title(opened(sweep))


def test_a_folder_that_is_made_anew_is_read_anew(tmp_path):
    with HandWritten(tmp_path / "again") as sweep:
        sweep.trial(1)
        sweep.trial(2)
        run = opened(sweep)
    sweep.folder.journal_file.unlink()
    with sweep:
        sweep.suggested(1)
        run.update()
        assert list(run.trials.by_name) == ["trial-0001"]
        assert not run.trials.ended


def test_what_is_no_sweep_or_damaged_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match=r"must be watched but it has no sweep\.yaml"):
        RunningRun.open(tmp_path)
    with HandWritten(tmp_path / "damaged") as sweep:
        sweep.journal.append("ended", trial="trial-0007", state="FAIL", failure="")
        with pytest.raises(RunFolderError, match="an event 'ended' must be one of a sweep but is damaged"):
            opened(sweep)
    sweep.folder.journal_file.write_text("{}\n")
    with pytest.raises(RunFolderError, match="one is damaged"):
        opened(sweep)


def test_text_of_a_failure_is_no_markup(tmp_path):
    with HandWritten(tmp_path / "failure") as sweep:
        sweep.suggested(1)
        sweep.ended(1, "FAIL", "<script>alert(1)</script>")
        html = "".join(section.html for section in sections_of(opened(sweep), "0"))
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


def test_two_thousand_trials_are_drawn_and_the_newest_listed(tmp_path):
    sweep = HandWritten(tmp_path / "many", search={"trials": 2000})
    write_many(sweep.folder, 2000)
    run = opened(sweep)
    trials = sections_of(run, "0")[-1]
    assert f"the newest {MOST_ROWS} of 2,000" in trials.html
    assert trials.html.count("<tr>") == MOST_ROWS + 1
    points = sum(len(series.x) for series in trials.figures["live-objectives"].data)
    assert points == 2000
