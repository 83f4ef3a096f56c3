"""The page over HTTP: for this machine only, nothing but the page, and never half."""

from contextlib import contextmanager
import gzip
from http.client import HTTPConnection
import json
import os
from pathlib import Path
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from search.cli.app import main
from search.live.board import Board
from search.live.server import PageServer
from search.run_folder.folder import RunFolder
from tests.chromium import open_page
from tests.finished_sweeps import write_sweep
from tests.search.live.sweeps import HandWritten, write_many
from tests.search.page.fronts import write_front_of_digits


@contextmanager
def served(sweep):
    with PageServer(Board(sweep.folder.path)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def asked(server, path="/", method="GET", **headers):
    connection = HTTPConnection(*server.server_address)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_the_page_is_made_once_for_each_version(tmp_path):
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server:
        state = json.loads(asked(server, "/state")[1])
        assert not state["final"]
        first, again = (server.board.current() for _ in range(2))
        assert first is again
        sweep.trial(1)
        assert json.loads(asked(server, "/state")[1])["version"] != state["version"]
        page = asked(server)[1].decode()
        assert "1 of 4 trials have ended" in page
        answer, packed = asked(server, **{"Accept-Encoding": "gzip, br"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed).decode() == page
        light = gzip.decompress(asked(server, "/content")[1]).decode()
        assert "1 of 4 trials have ended" in light
        assert len(light) < 100_000 < len(page)


def test_head_has_no_body(tmp_path):
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server:
        answer, body = asked(server, method="HEAD")
        assert (answer.status, body) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 100_000


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "", "localhost.evil"])
def test_foreign_names_are_refused(tmp_path, host):
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server:
        answer, body = asked(server, Host=host)
        assert answer.status == 403
        assert b"trials" not in body


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost", "LOCALHOST:8000", "[::1]:80", "[::1]"])
def test_own_names_are_answered(tmp_path, host):
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server:
        assert asked(server, "/state", Host=host)[0].status == 200


def test_only_the_page_is_served_and_only_read(tmp_path):
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server:
        assert server.server_address[0] == "127.0.0.1"
        for path in ("/journal.jsonl", "/sweep.yaml", "/../run/sweep.yaml", "/%2e%2e/sweep.yaml", "/state/"):
            assert asked(server, path)[0].status == 404, path
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert asked(server, method=method)[0].status == 501


def test_the_last_good_page_stays_while_files_cannot_be_read(tmp_path):
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server:
        sweep.trial(1)
        good = asked(server)[1]
        with sweep.folder.journal_file.open("ab") as file:
            file.write(b"not an event\n")
        assert asked(server)[1] == good
        assert "Not up to date: " in json.loads(asked(server, "/state")[1])["trouble"]
        assert "one is damaged" in json.loads(asked(server, "/state")[1])["trouble"]
        sweep.folder.journal_file.unlink()
        assert asked(server)[0].status == 200


def test_a_folder_that_vanishes_is_told_and_shown_again_when_it_is_back(tmp_path):
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server:
        sweep.trial(1)
        asked(server)
        sweep.folder.path.rename(tmp_path / "away")
        page = asked(server)[1].decode()
        assert f"Gone: {sweep.folder.path} is not there any more." in page
        assert "trial-0001" in page
        (tmp_path / "away").rename(sweep.folder.path)
        sweep.trial(2)
        assert "Running: 2 of 4 trials have ended" in asked(server)[1].decode()


def test_half_a_result_is_not_shown(tmp_path):
    finished = write_sweep(tmp_path / "finished")
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server:
        sweep.trial(1)
        sweep.folder.summary_file.write_text(finished.summary_file.read_text()[:100])
        assert "its page cannot be made yet" in asked(server)[1].decode()
        assert not json.loads(asked(server, "/state")[1])["final"]


def test_two_thousand_trials_are_shown_in_time(tmp_path):
    sweep = HandWritten(tmp_path / "many", search={"trials": 2000})
    write_many(sweep.folder, 2000)
    with served(sweep) as server:
        asked(server)
        # The processor's time: what else the machine does is not this page's.
        start = time.process_time()
        page = asked(server)[1]
        assert time.process_time() - start < 1
        assert len(page) < 5_000_000


def test_a_browser_sees_trials_come_and_the_result_at_the_end(tmp_path):
    finished = write_front_of_digits(tmp_path / "finished")
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server, open_page(server.url, height=300) as page:
        assert "no trial yet" in page.inner_text("#phase")
        page.evaluate("window.stayed = true")
        sweep.trial(1)
        page.wait_for_selector("#trials td:text('trial-0001')")
        page.wait_for_selector("[data-figure=live-order][data-drawn]")
        page.evaluate("window.scrollTo(0, 250)")
        sweep.trial(2, 0.8)
        page.wait_for_selector("#trials td:text('trial-0002')")
        page.wait_for_function("document.querySelector('[data-figure=live-order]').data.length === 5")
        assert page.evaluate("[window.stayed, window.scrollY]") == [True, 250]
        for path in finished.folder.path.rglob("*"):
            if path.is_file() and path.name not in {"sweep.yaml", "summary.json"}:
                (sweep.folder.path / path.relative_to(finished.folder.path)).parent.mkdir(parents=True, exist_ok=True)
                path.rename(sweep.folder.path / path.relative_to(finished.folder.path))
        finished.folder.summary_file.rename(sweep.folder.summary_file)
        page.wait_for_selector("#verdict")
        assert page.evaluate("window.stayed === undefined")
        assert page.query_selector("#phase") is None


def test_a_browser_is_told_that_the_page_is_an_old_one(tmp_path):
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server, open_page(server.url) as page:
        with sweep.folder.journal_file.open("ab") as file:
            file.write(b"not an event\n")
        page.wait_for_function("document.getElementById('connection').textContent.startsWith('Not up to date')")


def test_a_name_that_is_no_text_is_served(tmp_path):
    with HandWritten(tmp_path / "run") as sweep:
        sweep.trial(1)
    path = tmp_path / os.fsdecode(b"r\xfcn <b>")
    sweep.folder.path.rename(path)
    sweep.folder = RunFolder(path)
    with served(sweep) as server:
        for place in ("/", "/content"):
            answer, body = asked(server, place)
            assert answer.status == 200
            page = gzip.decompress(body) if answer.headers["Content-Encoding"] else body
            assert b"&lt;b&gt;" in page
            assert b"<b>" not in page.partition(b"<script")[0]


def test_a_browser_is_told_that_the_server_is_gone(tmp_path):
    with HandWritten(tmp_path / "run") as sweep, served(sweep) as server, open_page(server.url) as page:
        # As a server that was ended, but at once.
        page.route("**/state", lambda route: route.abort())
        page.wait_for_function("document.getElementById('connection').textContent.startsWith('Connection lost')")


def refused(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["watch", *arguments])
    lines = capsys.readouterr().err.strip().splitlines()
    return ended.value.code, lines[-1]


def test_wrong_input_is_one_line(tmp_path, capsys):
    code, line = refused(capsys, str(tmp_path))
    assert code == 2
    assert "must be watched but it has no sweep.yaml" in line
    sweep = HandWritten(tmp_path / "run")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, line = refused(capsys, str(sweep.folder.path), "--port", str(port))
    assert code == 2
    assert f"--port must be free but {port} is not" in line


def test_it_ends_quietly_with_ctrl_c(tmp_path):
    sweep = HandWritten(tmp_path / "run")
    root = Path(__file__).parents[3]
    # What a shell starts in the background ignores Ctrl-C, and so would what is started from there.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "search", "watch", str(sweep.folder.path)]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True) as process:
        line = process.stdout.readline()
        assert re.fullmatch(r"run is shown at http://127\.0\.0\.1:\d+/ until Ctrl-C\n", line)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=300)
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in errors
