"""The journal of a sweep: what happened, one JSON object a line, on disk before anybody acts on it.

Everything that a resumption needs is here: what was suggested, reported and ended, in that order. It is plain
text, so resuming a sweep runs no code out of its folder.
"""

from __future__ import annotations

from collections.abc import Callable
import errno
import json
import os
from pathlib import Path
import threading
import time
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from search.errors import RunFolderError


Event = dict[str, Any]

_LOCK_SECONDS = 0.5


class Journal:
    """An append-only file with one writer. Use as a context.

    Who writes holds the lock file beside it, ``journal.lock``. The operating system gives a lock back when its process
    ends, however it ends; the file itself stays and means nothing.

    Args:
        path: The file; made where there is none. A last line that a kill left unfinished is cut off.

    Attributes:
        events: All events, oldest first; each has ``event`` (its kind) and ``time_ms`` (since 1970).

    Raises:
        RunFolderError: If another process writes to it, or a line is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self._grown = threading.Condition()
        # Not the journal itself: some versions of filelock empty what they lock. Any thread may let go of it.
        self._lock = FileLock(path.with_suffix(".lock"), thread_local=False)
        self._acquire()
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                self._read()
            except BaseException:
                os.close(self._file)
                raise
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._file)
        self._lock.release()

    def append(self, event: str, **facts: Any) -> None:
        """Write an event and wait until the disk has it.

        Args:
            event: Name of the kind of event.
            **facts: What the event tells, as JSON values.

        Raises:
            OSError: If it cannot be written; the journal then ends as before.
        """
        entry = {"event": event, "time_ms": int(time.time() * 1000), **facts}
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        end = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, end)
            raise
        with self._grown:
            # What a reader sees now and after a restart must be the same: tuples are lists, keys are strings.
            self.events.append(json.loads(line))
            self._grown.notify_all()

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Wait in another thread until something is so, looking after each event; False after that many seconds."""
        with self._grown:
            return self._grown.wait_for(until, timeout=seconds)

    def wake(self) -> None:
        """Let those that wait look again."""
        with self._grown:
            self._grown.notify_all()

    def _acquire(self) -> None:
        try:
            # Who only looks whether a sweep is run holds the lock for a moment.
            self._lock.acquire(timeout=_LOCK_SECONDS, poll_interval=0.02)
        except Timeout:
            raise RunFolderError(
                f"{self.path.parent.name!r} is being run by another process; wait for its end, or stop it first"
            ) from None

    def _read(self) -> None:
        self.events, end = _parse(self.path, self.path.read_bytes())
        os.ftruncate(self._file, end)


def read_events(path: Path) -> list[Event]:
    """The events of a journal that somebody else may be writing to, oldest first.

    Raises:
        RunFolderError: If there is none, or a line is damaged.
    """
    try:
        return _parse(path, path.read_bytes())[0]
    except FileNotFoundError:
        raise RunFolderError(f"{path.parent} is no folder of a sweep: it has no {path.name}") from None


def event_of(line: bytes) -> Event:
    """The event in one line of a journal.

    Raises:
        ValueError: If it is none; so with KeyError and TypeError.
    """
    entry = json.loads(line)
    return {**entry, "event": str(entry["event"]), "time_ms": int(entry["time_ms"])}


def _parse(path: Path, text: bytes) -> tuple[list[Event], int]:
    """The events in a journal's text, and where the last complete line ends."""
    events = []
    complete = text[: text.rfind(b"\n") + 1]
    for number, line in enumerate(complete.splitlines(), start=1):
        try:
            events.append(event_of(line))
        except (ValueError, KeyError, TypeError):
            raise RunFolderError(
                f"{path}: line {number} is damaged, so the sweep cannot be resumed; start a new one"
            ) from None
    return events, len(complete)
