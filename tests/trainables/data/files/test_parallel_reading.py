import io
import threading
import time

import pytest
from rich.console import Console

from trainables.data.files import parallel_reading
from trainables.data.files.parallel_reading import read_in_parallel


def slowly(row):
    time.sleep(0.002 * (row % 3))
    return row * 10


def test_results_are_in_order_and_nothing_is_printed_without_a_terminal(capsys):
    assert read_in_parallel(slowly, 20, plural="files") == [row * 10 for row in range(20)]
    assert read_in_parallel(slowly, 0, plural="files") == []
    assert capsys.readouterr() == ("", "")


def test_files_are_read_at_the_same_time(monkeypatch):
    monkeypatch.setattr(parallel_reading.os, "cpu_count", lambda: 2)
    both = threading.Barrier(2, timeout=30)
    assert len(read_in_parallel(lambda _: both.wait(), 2, plural="files")) == 2


def test_a_bar_is_shown_on_a_terminal(monkeypatch):
    screen = io.StringIO()

    def terminal(*, stderr):
        assert stderr
        return Console(file=screen, force_terminal=True, width=80)

    monkeypatch.setattr(parallel_reading, "Console", terminal)
    read_in_parallel(slowly, 20, plural="recordings")
    assert "recordings" in screen.getvalue()
    assert "20/20" in screen.getvalue()
    # Cursor up and line erased: the bar is gone.
    assert screen.getvalue().rstrip("\n").endswith("\x1b[2K")


def test_the_first_error_ends_the_reading():
    begun = []

    def fail(row):
        begun.append(row)
        time.sleep(0.001)
        raise ValueError(f"no {row}")

    with pytest.raises(ValueError, match="no 0"):
        read_in_parallel(fail, 10_000, plural="files")
    assert len(begun) < 10_000
