"""The page of a sweep that has no result: what became of its trials, and how to go on."""

import json
import shlex

import pytest

from search.cli.app import main
from search.live.unfinished import leave_page, write_unfinished
from tests.chromium import open_page
from tests.search.live.sweeps import HandWritten, let_time_pass


REASON = "the training loss is not a number at epoch 1; <b>lower</b> the learning rate"


def text_of(page):
    """The page as a person reads it: commands keep their quotes."""
    return page.inner_text("main")


@pytest.fixture
def failed(tmp_path):
    """A sweep whose every trial failed, most of them with a report."""
    with HandWritten(tmp_path / "failed", search={"trials": 3}) as sweep:
        for number in (1, 2, 3):
            sweep.suggested(number)
            if number > 1:
                sweep.failed(number, REASON)
            sweep.ended(number, "FAIL", REASON if number > 1 else "a worker was lost")
        sweep.journal.append("stopped", reason=f"none of the 3 trials finished; the first reason is: {REASON}")
        sweep.folder.environment_file.write_text(
            json.dumps(
                {
                    **{"python": "3.11.7", "packages": {"torch": "2.9.0"}, "seeds": {"sweep": 7}},
                    **{"split_sizes": {"train": 700, "search": 300}, "split_hashes": {"train": "ab" * 32}},
                }
            )
        )
    return sweep.folder


def reported(folder, *options):
    with pytest.raises(SystemExit) as ended:
        main(["report", str(folder.path), "--html", *options])
    assert ended.value.code == 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1400, 600])
def test_a_sweep_whose_every_trial_failed_says_why_and_how_to_go_on(failed, capsys, width, dark):
    reported(failed)
    assert "report.html" in capsys.readouterr().out
    heard = []
    with open_page("about:blank", width=width, dark=dark) as page:
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.goto(f"file://{failed.report_html}")
        page.evaluate("exitsearch.ready")
        text = text_of(page)
        assert page.evaluate("document.querySelector('#verdict').getBoundingClientRect().bottom") <= 900
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.query_selector_all("[data-figure]") == []
        assert page.eval_on_selector_all("section", "all => all.map((one) => one.id)") == [
            *("verdict", "trials", "splits", "environment")
        ]
        rows = page.eval_on_selector_all("#verdict tbody tr", "all => all.map((row) => row.innerText.split('\\t'))")
    assert heard == []
    assert "No trial has finished, so there is no policy: all 3 failed." in text
    assert rows == [[REASON, "2"], ["a worker was lost", "1"]]
    assert "torch 2.9.0" in text and "700" in text and "abababababab" in text
    assert "Resuming it changes nothing: all its trials have ended" in text
    assert f"exitsearch run {shlex.quote(str(failed.sweep_file))} --name failed-again" in text
    assert "--resume" not in text


def test_a_page_without_figures_carries_no_plotly(failed):
    reported(failed)
    assert failed.report_html.stat().st_size < 50_000


def stopped_at(tmp_path, *steps, ending="stopped", reason="1"):
    """The page of a sweep of four trials that came so far."""
    with HandWritten(tmp_path / "stopped") as sweep:
        for step in steps:
            step(sweep)
        if ending:
            sweep.journal.append(ending, reason=reason)
    let_time_pass(sweep.folder)
    write_unfinished(sweep.folder.path, sweep.folder.report_html)
    with open_page(sweep.folder.report_html) as page:
        return text_of(page), page.query_selector_all("[data-figure]")


def resume(tmp_path):
    return f"exitsearch run {shlex.quote(str(tmp_path / 'stopped' / 'sweep.yaml'))} --resume --name stopped"


def test_stopped_before_the_first_trial(tmp_path):
    text, _ = stopped_at(tmp_path)
    assert "No trial has finished, so there is no policy: all 4 did not begin." in text
    assert "it was interrupted" in text and resume(tmp_path) in text
    assert "Environment" not in text


def test_stopped_before_the_first_trial_ended_shows_what_was_reported(tmp_path):
    text, figures = stopped_at(tmp_path, lambda sweep: sweep.suggested(1), lambda sweep: sweep.reported(1, epoch=3))
    assert "of 4, 1 did not end, 3 did not begin." in text
    assert "3 of 10" in text and resume(tmp_path) in text
    assert len(figures) == 2


def test_killed_says_so_and_a_finished_trial_is_counted(tmp_path):
    text, _ = stopped_at(tmp_path, lambda sweep: sweep.trial(1), ending="")
    assert "There is no policy yet: 1 of 4 trials were trained to their end." in text
    assert "its process or machine was ended" in text
    assert "Resume it: 3 trials are left" in text and resume(tmp_path) in text


def test_a_network_that_fails_the_gate_is_not_resumed(tmp_path):
    text, _ = stopped_at(tmp_path, ending="failed", reason="the full network guesses")
    assert "the full network guesses" in text and "Resuming it changes nothing" in text


def test_a_sweep_that_runs_is_to_be_watched(tmp_path):
    with HandWritten(tmp_path / "running") as sweep:
        sweep.suggested(1)
        reported(sweep.folder, "--out", str(tmp_path / "now.html"))
    assert not sweep.folder.report_html.exists()
    with open_page(tmp_path / "now.html") as page:
        text = text_of(page)
    assert "there is no policy yet: of 4, 1 did not end, 3 did not begin." in text
    assert f"exitsearch watch {sweep.folder.path}" in text


def test_where_it_cannot_be_written_one_line_says_so(failed):
    failed.journal_file.write_text("{}\n")
    (note,) = leave_page(failed)
    assert note.startswith("there is no report.html: ") and "trials cannot be shown" in note
    assert not failed.report_html.exists()


def refused(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["report", *words])
    return ended.value.code, capsys.readouterr().err.strip().splitlines()[-1]


def test_what_is_no_search_or_damaged_is_one_line(failed, tmp_path, capsys):
    code, line = refused(capsys, str(tmp_path), "--html")
    assert code == 2 and "a finished search has summary.json" in line
    code, line = refused(capsys, str(failed.path))
    assert code == 2 and f"exitsearch report {failed.path} --html tells how far it came" in line
    failed.journal_file.write_text("{}\n")
    code, line = refused(capsys, str(failed.path), "--html")
    assert code == 2 and "trials cannot be shown" in line
    assert not failed.report_html.exists() and not (tmp_path / "report.html").exists()
