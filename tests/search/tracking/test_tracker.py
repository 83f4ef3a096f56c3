"""Tracking as a sweep uses it, on real SQLite stores. Servers are in test_tracking_servers, sweeps in test_sweep."""

from contextlib import suppress
import json
import socket
import sqlite3
import time
import warnings

from mlflow.tracking import MlflowClient
import pytest

from search.cli.app import _show_warning
from search.run_folder.journal import Journal
from search.tracking import tracker as tracking
from search.tracking.notices import TrackingWarning
from search.tracking.tracker import Tracker
from tests.search.tracking.delivering import Killed, deliver_and_die, ending_after
from tests.search.tracking.tracked import (
    EXPERIMENT,
    contents,
    expected,
    finish,
    front,
    no_credentials,
    open_journal,
    report,
    run_folder,
    run_trials,
    sqlite_store,
    suggest,
)


PARAMS = {"target": 0.95, "search.trials": 3}


@pytest.fixture
def journal(folder):
    with open_journal(folder) as journal:
        yield journal


@pytest.fixture
def short_grace(patient, monkeypatch):
    monkeypatch.setattr(tracking, "FINISH_GRACE", 0.1)
    monkeypatch.setattr(tracking, "ABANDON_GRACE", 0.1)


@pytest.fixture
def away(short_grace):
    """The address of a server that is not there, with a password."""
    with socket.socket() as closed, no_credentials():
        closed.bind(("127.0.0.1", 0))
        yield f"http://user:hush-1@127.0.0.1:{closed.getsockname()[1]}"


def started(uri, folder, journal, **params):
    tracker = Tracker(uri, EXPERIMENT, folder, journal)
    tracker.start(PARAMS | params)
    return tracker


def confirmed(folder):
    return json.loads(folder.tracking_file.read_text())["confirmed"] if folder.tracking_file.exists() else 0


def wait_until_delivered(folder, journal):
    deadline = time.monotonic() + 600
    while confirmed(folder) < len(journal.events):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_whole_sweep_arrives_without_a_word(uri, folder, journal):
    with warnings.catch_warnings(record=True) as seen:
        tracker = started(uri, folder, journal)
        run_trials(journal, range(3))
        finish(tracker)
    assert not [one for one in seen if one.category is TrackingWarning]
    assert contents(uri) == expected(journal)
    assert confirmed(folder) == len(journal.events)
    assert {run["status"] for runs in contents(uri).values() for run in runs} == {"FINISHED", "FAILED"}


def test_artifacts_lie_beside_the_database(uri, folder, journal, tmp_path):
    finish(started(uri, folder, journal))
    (attached,) = (tmp_path / "mlflow-artifacts").glob("*/artifacts/summary.json")
    assert attached.read_text() == "{}"


def test_new_database_is_there_before_any_worker_starts(tmp_path, folder, journal):
    tracker = started(f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}", folder, journal)
    with sqlite3.connect(tmp_path / "new" / "mlflow.db") as connection:
        assert connection.execute("SELECT name FROM experiments WHERE name = 'exitsearch'").fetchall()
    tracker.abandon()


def test_events_arrive_while_the_sweep_runs(uri, folder, journal):
    tracker = started(uri, folder, journal)
    suggest(journal, 1)
    report(journal, 1, 1)
    wait_until_delivered(folder, journal)
    assert contents(uri) == expected(journal)
    tracker.abandon("interrupted")


def test_resumed_sweep_goes_on_in_the_same_runs(uri, folder):
    with open_journal(folder) as journal:
        tracker = started(uri, folder, journal)
        run_trials(journal, range(2))
        tracker.abandon("interrupted")
        assert contents(uri)["sweep", "tracked"][0]["status"] == "KILLED"
    with open_journal(folder) as journal:
        tracker = started(uri, folder, journal, more=1)
        run_trials(journal, range(2, 4))
        finish(tracker)
        assert contents(uri) == expected(journal)


def test_front_is_logged_once(uri, folder, journal):
    tracker = started(uri, folder, journal)
    tracker.log_front(front(2))
    tracker.log_front(front(3))
    tracker.abandon()
    found = {name: runs for (kind, name), runs in contents(uri).items() if kind == "policy"}
    names = {"confidence 1.20 / 0.950", "confidence 2.20 / 0.960 certified", "confidence 3.20 / 0.970 certified"}
    assert found.keys() == names
    assert all(len(runs) == 1 for runs in found.values())
    assert contents(uri) == expected(journal)


def test_sweep_that_is_finished_again_gets_new_points_for_new_figures_only(uri, folder, journal):
    for accuracy, n_points in ((0.9, 1), (0.9, 1), (0.8, 2), (0.9, 3)):
        time.sleep(0.002)
        tracker = started(uri, folder, journal)
        finish(tracker, search_accuracy=accuracy)
        (parent,) = contents(uri)["sweep", "tracked"]
        assert len(parent["points"]["search_accuracy"]) == n_points
        assert parent["status"] == "FINISHED"
    assert contents(uri) == expected(journal)


def test_figures_that_are_no_numbers_are_left_out(uri, folder, journal):
    started(uri, folder, journal).finish({"a": float("nan"), "b": float("inf"), "c": 1}, {}, [])
    assert contents(uri)["sweep", "tracked"][0]["points"].keys() == {"c"}


def prepared(path):
    """A journal whose trials are over, and a store that has nothing of them."""
    path.mkdir()
    folder = run_folder(path)
    with open_journal(folder) as journal:
        journal.append("started", params={"target": 0.95})
        run_trials(journal, range(2), n_epochs=1)
    return folder, sqlite_store(path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::search.tracking.notices.TrackingWarning")
def test_delivery_that_ends_after_any_call_leaves_nothing_twice_and_nothing_out(tmp_path, monkeypatch):
    for moment in range(1, 100):
        folder, uri = prepared(tmp_path / f"{moment}")
        with open_journal(folder) as journal, monkeypatch.context() as patched:
            n_calls = ending_after(patched, moment)
            with suppress(Killed):  # the first call is made before the thread is there
                finish(started(uri, folder, journal))
        with open_journal(folder) as journal:
            finish(started(uri, folder, journal))
            assert contents(uri) == expected(journal)
        if n_calls() < moment:
            break
    assert moment == 19


@pytest.mark.slow
def test_process_that_is_killed_leaves_nothing_twice_and_nothing_out(tmp_path):
    cases = [(*prepared(tmp_path / f"{moment}"), moment) for moment in (2, 4, 9)]
    assert deliver_and_die([(folder.path, uri, moment) for folder, uri, moment in cases]) == [True] * 3
    for folder, uri, _ in cases:
        assert contents(uri) != {}
        with open_journal(folder) as journal:
            finish(started(uri, folder, journal))
            assert contents(uri) == expected(journal)


def test_other_store_gets_everything_from_the_beginning(tmp_path, uri, folder, journal):
    tracker = started(uri, folder, journal)
    run_trials(journal, range(2))
    tracker.abandon()
    (tmp_path / "other").mkdir()
    other = sqlite_store(tmp_path / "other")
    finish(started(other, folder, journal))
    assert contents(other) == expected(journal)
    assert len(contents(uri)) == 3


def test_sweep_that_was_deleted_there_is_sent_again(uri, folder, journal):
    tracker = started(uri, folder, journal)
    run_trials(journal, range(2))
    tracker.abandon()
    client = MlflowClient(tracking_uri=uri)
    for run in client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id]):
        if run.data.tags.get("exitsearch.kind") != "trial" or run.data.tags["exitsearch.trial_id"] != "trial-0001":
            client.delete_run(run.info.run_id)
    with pytest.warns(TrackingWarning, match="has lost runs of this sweep"):
        finish(started(uri, folder, journal))
    assert contents(uri) == expected(journal)


def test_store_that_cannot_be_made_costs_a_warning_and_gets_all_later(tmp_path, folder, journal, short_grace):
    (tmp_path / "file").write_text("no folder")
    uri = f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}"
    with pytest.warns(TrackingWarning) as seen:
        tracker = started(uri, folder, journal)
        run_trials(journal, range(2))
        finish(tracker)
    texts = [str(one.message) for one in seen if one.category is TrackingWarning]
    assert len(texts) == 2
    assert "cannot be written to" in texts[0]
    assert f"lacks {len(journal.events)} events of this sweep" in texts[1]
    assert "--resume --name tracked sends them" in texts[1]
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    sqlite_store(tmp_path / "file")
    finish(started(uri, folder, journal))
    assert contents(uri) == expected(journal)


def test_store_that_fails_in_the_middle_gets_the_rest_when_it_works_again(tmp_path, uri, folder, journal):
    tracker = started(uri, folder, journal)
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("ALTER TABLE metrics RENAME TO away")
    with pytest.warns(TrackingWarning, match="no such table") as seen:
        run_trials(journal, range(2))
        while not seen:
            time.sleep(0.02)
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("ALTER TABLE away RENAME TO metrics")
    with pytest.warns(TrackingWarning, match="can be written to again"):
        finish(tracker)
    assert contents(uri) == expected(journal)


@pytest.mark.parametrize("scheme", ["http", "postgresql", "sqlite"])
def test_store_that_is_not_there_holds_nothing_up(away, folder, journal, tmp_path, scheme):
    (tmp_path / "folder.db").mkdir()
    uri = f"sqlite:///{tmp_path / 'folder.db'}" if scheme == "sqlite" else away.replace("http", scheme)
    began = time.monotonic()
    with pytest.warns(TrackingWarning, match="lacks 17 events"):
        tracker = started(uri, folder, journal)
        run_trials(journal, range(2))
        finish(tracker)
    # MLflow alone would try for minutes.
    assert time.monotonic() - began < 60


def test_secrets_are_nowhere(away, folder, journal, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hush-2")
    with pytest.warns(TrackingWarning) as seen:
        tracker = started(away, folder, journal, **{"tracking.uri": away, "api_key": "hush-3"})
        tracker.abandon(f"no connection to {away}: hush-2")
    texts = [str(one.message) for one in seen] + [path.read_text() for path in folder.path.iterdir()]
    assert len(texts) > 2
    assert not [text for text in texts if "hush" in text]
    assert tracker.uri == away
    assert tracker.shown_uri == away.replace("hush-1", "***")


def test_console_shows_what_the_thread_warns_of(away, folder, journal, monkeypatch, capsys):
    with warnings.catch_warnings():
        warnings.resetwarnings()
        monkeypatch.setattr(warnings, "showwarning", _show_warning)
        started(away, folder, journal).abandon()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("warning: MLflow at http://user:***@127.0.0.1")
    assert lines[1].startswith("warning: MLflow at http://user:***@127.0.0.1")


def test_nothing_is_stopped_that_never_began_or_has_ended(uri, folder, journal):
    Tracker(uri, EXPERIMENT, folder, journal).abandon()
    tracker = started(uri, folder, journal)
    finish(tracker)
    tracker.abandon("an error after the end")
    assert [event["event"] for event in journal.events].count("stopped") == 0


def test_journal_without_a_beginning_is_refused(uri, folder):
    with (
        Journal(folder.path / "journal.jsonl") as journal,
        pytest.raises(ValueError, match="must begin with the event 'created'"),
    ):
        started(uri, folder, journal)
