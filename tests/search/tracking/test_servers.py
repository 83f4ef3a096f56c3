"""Tracking on real servers that go away: MLflow over HTTP, with its runs in PostgreSQL and files on the server."""

from contextlib import contextmanager
import os
import time
from uuid import uuid4
import warnings

from mlflow.tracking import MlflowClient
import pytest

from search.tracking import tracker as tracking
from search.tracking.notices import TrackingWarning
from search.tracking.tracker import Tracker
from tests.search.tracking.delivering import ending_after
from tests.search.tracking.servers import ADMIN_PASSWORD, PASSWORD, Gate, MlflowServer
from tests.search.tracking.tracked import (
    EXPERIMENT,
    contents,
    expected,
    finish,
    no_credentials,
    open_journal,
    report,
    run_folder,
    run_trials,
    sqlite_store,
    suggest,
)


pytestmark = pytest.mark.slow  # each server takes seconds to start


@pytest.fixture(scope="module")
def servers(database, tmp_path_factory):
    """An open server over PostgreSQL and one that wants a password, started side by side."""
    folder = tmp_path_factory.mktemp("servers")
    both = [MlflowServer(folder / "open", database.uri)]
    if _can_authenticate():
        (folder / "guarded").mkdir()
        both.append(MlflowServer(folder / "guarded", sqlite_store(folder / "guarded"), auth=True))
    try:
        for server in both:
            server.launch()
        for server in both:
            server.wait()
        yield both
    finally:
        for server in both:
            server.kill()


@pytest.fixture
def server(servers):
    return servers[0]


@pytest.fixture
def gate(server):
    gate = Gate(server.port)
    yield gate
    gate.shut()


@pytest.fixture
def sweep_id():
    return uuid4().hex


@pytest.fixture
def journal(folder, sweep_id):
    with open_journal(folder, sweep_id) as journal:
        yield journal


@pytest.fixture
def short_grace(patient, monkeypatch):
    monkeypatch.setattr(tracking, "FINISH_GRACE", 0.1)


def _can_authenticate():
    try:
        import flask_wtf  # noqa: F401
    except ImportError:
        return False
    return True


@pytest.fixture(autouse=True)
def unauthenticated():
    with no_credentials():
        yield


def started(uri, folder, journal, experiment=EXPERIMENT):
    tracker = Tracker(uri, experiment, folder, journal)
    tracker.start({"target": 0.95})
    return tracker


def wait_for(condition, seconds=600):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_delivered(tracker):
    wait_for(lambda: tracker._delivery.n_missing == 0)


@contextmanager
def told():
    """Gives the lines that the user is told, as they come."""
    with warnings.catch_warnings():
        lines = []
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, category, *_: category is TrackingWarning and lines.append(str(message))
        yield lines
    assert not [line for line in lines if "\n" in line or PASSWORD in line or ADMIN_PASSWORD in line]


def test_server_that_is_away_at_the_start_in_the_middle_and_at_the_end(gate, server, folder, sweep_id, short_grace):
    with told() as lines, open_journal(folder, sweep_id) as journal:
        tracker = started(gate.uri, folder, journal)
        run_trials(journal, range(2))
        wait_for(lambda: lines)
        assert contents(server.uri, sweep_id) == {}
        gate.open()
        wait_until_delivered(tracker)
        assert contents(server.uri, sweep_id) == expected(journal)
        suggest(journal, 2)
        wait_until_delivered(tracker)
        gate.shut()
        report(journal, 2, 1)
        wait_for(lambda: len(lines) == 3)
        gate.open()
        wait_until_delivered(tracker)
        assert contents(server.uri, sweep_id) == expected(journal)
        gate.shut()
        finish(tracker)
    assert [line.split(" (")[0].split(" ", 3)[3] for line in lines[:5]] == [
        "cannot be written to",
        *["can be written to again", "cannot be written to"] * 2,
    ]
    assert lines[5].endswith(
        "lacks 5 events of this sweep, which are kept in its journal; --resume --name tracked sends them"
    )
    gate.open()
    with told() as lines, open_journal(folder) as journal:
        finish(started(gate.uri, folder, journal))
        assert contents(server.uri, sweep_id) == expected(journal)
    assert not lines


def test_files_are_stored_by_the_server(server, folder, journal, sweep_id):
    finish(started(server.uri, folder, journal))
    client = MlflowClient(tracking_uri=server.uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (run,) = client.search_runs(
        [experiment.experiment_id], f"tags.`exitsearch.sweep_id` = '{sweep_id}' and tags.`exitsearch.kind` = 'sweep'"
    )
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["summary.json"]
    assert len(list((server.folder / "artifacts").glob(f"*/{run.info.run_id}/artifacts/summary.json"))) == 1


@pytest.mark.parametrize("request_path", ["runs/create", "runs/log-batch", "runs/update", "mlflow-artifacts/artifacts"])
def test_answer_that_is_lost_leads_to_nothing_twice(gate, server, folder, journal, sweep_id, request_path):
    gate.open()
    with told() as lines:
        tracker = started(gate.uri, folder, journal)
        wait_until_delivered(tracker)
        gate.lose_answer_to(request_path)
        run_trials(journal, range(2))
        finish(tracker)
    assert gate.n_lost == 1
    # Where the next attempt succeeds at once, there may be nothing to tell.
    assert len(lines) in {0, 2}
    assert contents(server.uri, sweep_id) == expected(journal)


def test_server_that_hangs_gets_nothing_twice(server, folder, journal, sweep_id, monkeypatch):
    with told() as lines:
        tracker = started(server.uri, folder, journal)
        wait_until_delivered(tracker)
        server.pause()
        try:
            # Only while it hangs: else it may be a busy machine that is given up.
            with monkeypatch.context() as hurried:
                hurried.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
                run_trials(journal, range(2))
                wait_for(lambda: lines)
                time.sleep(1)
        finally:
            server.go_on()
        finish(tracker)
    assert "Read timed out" in lines[0]
    assert contents(server.uri, sweep_id) == expected(journal)


@pytest.mark.filterwarnings("ignore::search.tracking.notices.TrackingWarning")
def test_delivery_that_ends_after_any_call_leaves_nothing_twice_and_nothing_out(server, tmp_path, monkeypatch):
    for moment in (1, 2, 4, 6, 9, 15):
        (tmp_path / f"{moment}").mkdir()
        folder, sweep_id = run_folder(tmp_path / f"{moment}"), uuid4().hex
        with open_journal(folder, sweep_id) as journal, monkeypatch.context() as patched:
            n_calls = ending_after(patched, moment)
            tracker = started(server.uri, folder, journal)
            run_trials(journal, range(2), n_epochs=1)
            finish(tracker)
            assert n_calls() == moment
        with open_journal(folder, sweep_id) as journal:
            finish(started(server.uri, folder, journal))
            assert contents(server.uri, sweep_id) == expected(journal)


def test_database_that_is_restarted_under_the_server(database, server, folder, journal, sweep_id):
    with told() as lines:
        tracker = started(server.uri, folder, journal)
        suggest(journal, 0)
        wait_until_delivered(tracker)
        database.stop()
        try:
            report(journal, 0, 1)
            wait_for(lambda: lines)
        finally:
            database.start()
        finish(tracker)
    assert not [line for line in lines if "refused" in line]
    assert contents(server.uri, sweep_id) == expected(journal)


def test_runs_go_straight_into_postgresql_too(database, tmp_path, folder, sweep_id, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where MLflow then puts files
    with told() as lines:
        for _ in range(2):
            # Without the receipt everything is sent again.
            folder.tracking_file.unlink(missing_ok=True)
            with open_journal(folder, sweep_id) as journal:
                tracker = started(database.uri, folder, journal, "straight")
                run_trials(journal, range(2))
                finish(tracker)
                assert contents(database.uri, sweep_id, "straight") == expected(journal)
    assert not lines
    assert PASSWORD.split("?")[0] not in folder.tracking_file.read_text()
    assert tracker.shown_uri == f"postgresql://mlflow:***@127.0.0.1:{database.port}/postgres"


def test_wrong_credentials_cost_a_warning_and_right_ones_send_all(servers, folder, journal, sweep_id, monkeypatch):
    if len(servers) == 1:
        pytest.skip("flask-wtf, which MLflow's password check needs, is not installed")
    guarded = servers[1]
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong-password-42")
    with told() as lines:
        tracker = started(guarded.uri, folder, journal)
        suggest(journal, 1)
        wait_for(lambda: lines)
        assert "401" in lines[0]
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", ADMIN_PASSWORD)
        tracker.finish({"test_accuracy": 0.9}, {}, [])
        assert contents(guarded.uri, sweep_id) == expected(journal)
        assert len(lines) == 2
    for name in ("USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}")
    # In the address they do for runs and files as well.
    address = guarded.uri.replace("//", f"//admin:{ADMIN_PASSWORD}@")
    with told() as lines:
        started(address, folder, journal).finish({"test_accuracy": 0.9}, {}, [folder.tracking_file])
        assert contents(address, sweep_id) == expected(journal)
    assert not lines
    files = [path.read_text() for path in folder.path.iterdir()]
    assert not [text for text in files if ADMIN_PASSWORD in text or "wrong-password" in text]


def test_server_that_is_killed_while_it_takes_events_and_started_again(server, folder, journal, sweep_id, monkeypatch):
    monkeypatch.setattr("search.tracking.delivery._WINDOW", 10)
    with told() as lines:
        tracker = started(server.uri, folder, journal)
        run_trials(journal, range(30), n_epochs=1)
        wait_for(lambda: tracker._delivery.n_missing < len(journal.events) - 20)
        server.kill()
        server.launch()
        run_trials(journal, range(30, 32))
        wait_for(lambda: lines)
        server.wait()
        finish(tracker)
    assert len(lines) == 2
    assert contents(server.uri, sweep_id) == expected(journal)
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
