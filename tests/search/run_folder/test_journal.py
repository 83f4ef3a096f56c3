import fcntl
import json
import math
import os
import subprocess
import sys
import threading

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import pytest

from search.errors import RunFolderError
from search.run_folder.journal import Journal


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder / "journal.jsonl"


def test_what_was_written_is_read_again(path):
    with Journal(path) as journal:
        journal.append("began", n=1, nested={"a": [1.5, None, "x"]})
        journal.append("ended", value=math.inf)
        before = journal.events
    with Journal(path) as journal:
        assert journal.events == before
        assert [event["event"] for event in journal.events] == ["began", "ended"]
        assert journal.events[0]["nested"] == {"a": [1.5, None, "x"]}
        assert journal.events[0]["time_ms"] <= journal.events[1]["time_ms"]


def test_what_a_reader_sees_is_the_same_before_and_after_a_restart(path):
    with Journal(path) as journal:
        journal.append("odd", pair=(1, 2), numbered={1: "one"})
        assert journal.events[0]["pair"] == [1, 2]
        assert journal.events[0]["numbered"] == {"1": "one"}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(min_value=1, max_value=400))
def test_a_kill_in_the_middle_of_a_line_loses_that_line_alone(path, cut):
    path.unlink(missing_ok=True)
    with Journal(path) as journal:
        for number in range(5):
            journal.append("step", number=number, text="x" * 20)
    whole = path.read_bytes()
    kept = whole[: max(len(whole) - cut, 0)]
    path.write_bytes(kept)
    with Journal(path) as journal:
        assert len(journal.events) == kept.count(b"\n")
        journal.append("step", number=99)
    lines = path.read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [*range(kept.count(b"\n")), 99]


def test_a_second_writer_is_refused(path):
    script = f"from pathlib import Path; from search.run_folder.journal import Journal; Journal(Path({str(path)!r}))"
    with Journal(path):
        with pytest.raises(RunFolderError, match="'mine' is being run by another process; wait for its end"):
            Journal(path)
        other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "being run by another process" in other.stderr
    Journal(path).__exit__(None, None, None)


def test_a_killed_writer_leaves_no_lock(path):
    script = (
        "import time; from pathlib import Path; from search.run_folder.journal import Journal\n"
        f"with Journal(Path({str(path)!r})) as journal:\n"
        "    journal.append('begun'); print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "ready\n"
        with pytest.raises(RunFolderError, match="being run by another process"):
            Journal(path)
        other.kill()
    with Journal(path) as journal:
        assert [event["event"] for event in journal.events] == ["begun"]


def test_a_journal_that_cannot_be_read_is_not_held(path):
    path.write_text("not json\n")
    with pytest.raises(RunFolderError, match="line 1 is damaged"):
        Journal(path)
    path.write_text("")
    with Journal(path) as journal:
        assert journal.events == []


@pytest.mark.parametrize("line", ["not json", "[1]", '{"event": "x"}', '{"time_ms": 1}', '"text"'])
def test_a_damaged_line_is_named(path, line):
    path.write_text('{"event":"a","time_ms":1}\n' + line + "\n")
    with pytest.raises(RunFolderError, match=r"journal\.jsonl: line 2 is damaged, so the sweep cannot be resumed"):
        Journal(path)


def test_a_full_disk_leaves_the_journal_as_it_was(path, monkeypatch):
    with Journal(path) as journal:
        journal.append("first")
        before = path.read_bytes()
        real = os.write
        monkeypatch.setattr(os, "write", lambda file, data: real(file, data[: len(data) // 2]))
        with pytest.raises(OSError, match="No space left on device"):
            journal.append("second", text="x" * 100)
        monkeypatch.undo()
        assert path.read_bytes() == before
        assert len(journal.events) == 1
        journal.append("third")
    with Journal(path) as journal:
        assert [event["event"] for event in journal.events] == ["first", "third"]


def test_who_only_looks_whether_a_sweep_is_run_is_not_in_its_way(path, monkeypatch):
    # A thread on a busy machine looks for longer than a moment.
    monkeypatch.setattr("search.run_folder.journal._LOCK_SECONDS", 600.0)
    lock = path.with_suffix(".lock")
    lock.touch()
    with lock.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        timer = threading.Timer(0.1, fcntl.flock, (looking, fcntl.LOCK_UN))
        timer.start()
        with Journal(path) as journal:
            journal.append("began")
        timer.join()
