"""What is known of a sweep while it runs."""

from pathlib import Path

import pytest

from search.errors import RunFolderError
from search.live.running_run import Phase, RunningRun
from search.live.saying import best_so_far, state_lines, state_title
from search.live.sections import MOST_ROWS, sections_of
from search.trials.records import best_of
from tests.search.live.sweeps import HandWritten, let_time_pass, write_many


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
            assert list(run.trials.trials) == ["trial-0001"]
            file.write(line[30:])
        run.update()
        run.update()
        assert list(run.trials.trials) == ["trial-0001", "trial-0002"]
        assert len(run.trials.running) == len(run.trials.finished) == 1


def test_best_is_the_feasible_one_that_the_sweep_ranks_first(tmp_path):
    with HandWritten(tmp_path / "best") as sweep:
        sweep.trial(1, 0.85, 1.1)
        run = opened(sweep)
        assert best_of(run.trials.trials.values()) is None
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


def ended_after(run, number, seconds, at, more=()):
    """One trial that takes so long, beginning at a second of the clock."""
    own = {"trial": f"trial-{number:04d}"}
    events = [
        {"event": "suggested", "time_ms": 1000 * at, **own, "number": number - 1, "params": {}, "drawn": {}},
        *more,
        {"event": "ended", "time_ms": 1000 * (at + seconds), **own, "state": "FAIL", "failure": "no memory"},
    ]
    for event in events:
        run._take(event)


def test_time_left_goes_by_what_trials_took_since_the_last_start(tmp_path):
    with HandWritten(tmp_path / "pace", search={"trials": 10}) as sweep:
        run = opened(sweep)
        # An earlier session was slow.
        for number in (1, 2, 3):
            ended_after(run, number, 5000, 5000 * number)
        run._take({"event": "started", "time_ms": 30_000_000, "params": {}})
        assert run.seconds_left is None
        for number in (4, 5, 6):
            assert "trials still take" not in dict(state_lines(run))
            ended_after(run, number, 60, 40_000 + 60 * number)
        assert run.seconds_left == pytest.approx(4 * 60)
        assert dict(state_lines(run))["trials still take"] == "about 4 min, then policies are searched"
        for number in (7, 8, 9, 10):
            ended_after(run, number, 60, 41_000 + 60 * number)
        assert run.seconds_left is None


def test_a_trial_that_goes_on_is_timed_from_its_first_epoch_in_this_session(tmp_path):
    with HandWritten(tmp_path / "going", search={"trials": 5}) as sweep:
        run = opened(sweep)
        for number in (1, 2, 3):
            own = {"trial": f"trial-{number:04d}", "number": number - 1}
            run._take({"event": "suggested", "time_ms": 0, **own, "params": {}, "drawn": {}})
        run._take({"event": "started", "time_ms": 1_000_000, "params": {}})
        for number in (1, 2, 3):
            own = {"trial": f"trial-{number:04d}", "failure": ""}
            metrics = {"epoch": 7, "seconds": 5.0, "violation": 0.1, "accuracy": 0.8, "mean_depth": 2.0}
            run._take({"event": "reported", "time_ms": 1_105_000, **own, "metrics": metrics, "done": False})
        for number in (1, 2, 3):
            own = {"trial": f"trial-{number:04d}", "failure": ""}
            run._take({"event": "ended", "time_ms": 1_120_000, **own, "state": "PRUNED"})
        # Three at once took 20 seconds each; two more begin at once.
        assert run.seconds_left == pytest.approx(2 * 20 / 3)


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
        assert list(run.trials.trials) == ["trial-0001"]
        assert not run.trials.finished


def test_a_folder_that_is_made_anew_with_the_same_file_number_and_more_in_it_is_read_anew(tmp_path):
    sweep = HandWritten(tmp_path / "again")
    with sweep:
        sweep.trial(1)
        run = opened(sweep)
    config = sweep.folder.sweep_file.read_text()
    sweep.folder.sweep_file.write_text(config.replace("trials: 4", "trials: 7"))
    # As on file systems that give the number of a removed file to the next one.
    with sweep.folder.journal_file.open("r+b") as file:
        file.truncate(0)
    with sweep:
        for number in (1, 2, 3):
            sweep.trial(number)
        run.update()
    assert len(run.trials.finished) == 3
    assert "3 of 7 trials have ended" in state_title(run)


@pytest.mark.parametrize("gone", ["", "journal.jsonl", "sweep.yaml"])
def test_a_folder_that_vanishes_is_said_to_be_gone_and_read_when_it_is_back(tmp_path, gone):
    with HandWritten(tmp_path / "vanishes") as sweep:
        sweep.trial(1)
        run = opened(sweep)
    path = sweep.folder.path / gone
    path.rename(tmp_path / "away")
    run.update()
    assert run.phase is Phase.GONE
    assert state_title(run).startswith(f"Gone: {path} is not there any more.")
    assert "1 of 4 trials have ended" in state_title(run)
    assert [section.anchor for section in sections_of(run, "0")] == ["state", "trials"]
    (tmp_path / "away").rename(path)
    run.update()
    assert run.phase is Phase.RUNNING


def test_a_killed_sweep_that_is_taken_up_again_is_running_before_it_writes(tmp_path):
    sweep = HandWritten(tmp_path / "up")
    with sweep:
        sweep.trial(1)
    let_time_pass(sweep.folder)
    run = opened(sweep)
    assert run.phase is Phase.LOST
    with sweep:
        let_time_pass(sweep.folder)
        run.update()
        assert run.phase is Phase.RUNNING


def test_the_folder_where_one_stands_has_its_name(tmp_path, monkeypatch):
    with HandWritten(tmp_path / "here") as sweep:
        sweep.journal.append("stopped", reason="")
        monkeypatch.chdir(sweep.folder.path)
        run = RunningRun.open(Path())
        run.update()
    assert "--resume --name here." in state_title(run)


def test_a_trial_that_failed_and_has_not_ended_yet_says_why(tmp_path):
    with HandWritten(tmp_path / "failing") as sweep:
        sweep.suggested(1)
        sweep.failed(1, "the loss is nan in epoch 1")
        sections = {section.anchor: section for section in sections_of(opened(sweep), "0")}
        assert "the loss is nan in epoch 1" in sections["running"].html
        assert best_so_far(opened(sweep)) == "nothing yet"


def test_the_line_of_the_best_goes_to_the_newest_trial_whatever_failed(tmp_path):
    with HandWritten(tmp_path / "line") as sweep:
        for number in (1, 2):
            sweep.suggested(number)
            sweep.ended(number, "FAIL", "no memory")
        sweep.trial(3, depth=1.4)
        sweep.trial(4, 0.8)
        figure = sections_of(opened(sweep), "0")[-1].figures["live-order"].to_dict()
    (line,) = (one for one in figure["data"] if one["name"] == "best so far")
    assert (list(line["x"]), list(line["y"])) == ([3, 4], [1.4, 1.4])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "accuracy 0.9, with the least mean depth"),
        ({"target": None, "policy": {"budget": 1.5}}, "with the best accuracy"),
    ],
)
def test_what_trials_compete_for_is_told(tmp_path, asked, told):
    with HandWritten(tmp_path / "asked", **asked) as sweep:
        assert dict(state_lines(opened(sweep)))["asked for"].endswith(told)


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
