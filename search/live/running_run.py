"""A sweep whose folder grows, as it is watched: read only, and each line of its journal once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
import fcntl
from pathlib import Path
import time

from policies.files.real_path import real_path
from search.config.sweep import SweepConfig
from search.errors import RunFolderError
from search.live.journal_tail import JournalTail
from search.run_folder.folder import RunFolder, require_sweep
from search.run_folder.journal import Event
from search.trials.records import TrialRecords
from search.trials.time_left import TimeLeft


_SILENT_SECONDS = 20.0
"""A journal that grew more recently than that has a writer, and nobody looks at its lock."""


class Phase(Enum):
    """What a sweep is doing."""

    RUNNING = "running"
    """Somebody writes to its journal."""
    STOPPED = "stopped"
    """It was interrupted, and says so."""
    FAILED = "failed"
    """It cannot give a result, and says so."""
    LOST = "lost"
    """It was running and nobody runs it any more: it was killed, or its machine stopped."""
    GONE = "gone"
    """Its folder or its journal was there and is not any more."""
    FINISHED = "finished"
    """Its journal says that it has its result."""


_ENDS = {"stopped": Phase.STOPPED, "failed": Phase.FAILED, "finished": Phase.FINISHED}
"""What the last event of a session says, by its kind."""


@dataclass
class RunningRun:
    """What is known of a sweep.

    Attributes:
        folder: Its files.
        config: What it was started with.
        trials: Its trials.
        phase: What it is doing.
        reason: Why it stopped or failed; empty where it did not, or does not say.
        created_ms: When its folder was made, in milliseconds since 1970; 0 before its first event.
        started_ms: When it was started or resumed last.
        last_ms: When its last event was.
    """

    folder: RunFolder
    config: SweepConfig
    trials: TrialRecords = field(default_factory=TrialRecords)
    phase: Phase = Phase.RUNNING
    reason: str = ""
    created_ms: int = 0
    started_ms: int = 0
    last_ms: int = 0
    _tail: JournalTail = field(init=False, repr=False)
    _time_left: TimeLeft = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._begin_anew()

    @classmethod
    def open(cls, path: Path) -> RunningRun:
        """Open the folder of a sweep.

        Raises:
            RunFolderError: If it is none, or what it was started with cannot be read.
            ConfigError: If that is no sweep of this version.
        """
        # Also "." has a name.
        folder = RunFolder(real_path(path))
        require_sweep(path)
        return cls(folder, folder.read_config())

    def update(self) -> None:
        """Read what was added to the journal.

        Raises:
            OSError: If it cannot be read.
            RunFolderError: If it is damaged.
        """
        if self.missing is not None:
            self.phase = Phase.GONE
            return
        if self.phase is Phase.GONE:
            self._begin_anew()
        if self.folder.journal_file.exists():
            self._read_on()
            # A sweep that is resumed holds the lock for a while before it writes.
            if self.phase in {Phase.RUNNING, Phase.LOST}:
                self.phase = Phase.LOST if is_abandoned(self.folder) else Phase.RUNNING

    @property
    def missing(self) -> Path | None:
        """What was there and is not any more; None where all is there."""
        files = [self.folder.sweep_file, *([self.folder.journal_file] if self.last_ms else [])]
        gone = next((file for file in files if not file.exists()), None)
        return self.folder.path if gone and not self.folder.path.exists() else gone

    @property
    def seconds_left(self) -> float | None:
        """About how many seconds the trials take from the last event on; None where too few have ended to tell."""
        n_open = self.config.search.trials - len(self.trials.finished)
        return self._time_left.seconds(n_open, self.last_ms / 1000) if n_open > 0 else None

    def _read_on(self) -> None:
        is_another, events = self._tail.read()
        if is_another:
            tail = self._tail
            self._begin_anew()
            # Whoever makes a folder anew may ask for something else.
            self._tail, self.config = tail, self.folder.read_config()
        for event in events:
            try:
                self._take(event)
            except (KeyError, TypeError, ValueError):
                # Nothing is half known: the next time everything is read again.
                self._begin_anew()
                raise RunFolderError(
                    f"{self.folder.journal_file}: an event {event['event']!r} must be one of a sweep but is damaged; "
                    f"its trials cannot be shown"
                ) from None

    def _begin_anew(self) -> None:
        self._tail = JournalTail(self.folder.journal_file)
        self.trials, self._time_left = TrialRecords(), TimeLeft()
        self.phase, self.reason = Phase.RUNNING, ""
        self.created_ms = self.started_ms = self.last_ms = 0

    def _take(self, event: Event) -> None:
        kind, now = event["event"], event["time_ms"]
        self.last_ms = now
        self.trials.take(event)
        self._time(event)
        if kind == "created":
            self.created_ms = now
        if kind == "started":
            self.started_ms = now
        # What is written after a stop is written by a resumption.
        self.phase = _ENDS.get(kind, Phase.RUNNING)
        reason = str(event.get("reason", "")) if kind in _ENDS else ""
        # The exit status of a process that was ended says nothing to a person.
        self.reason = "" if reason.lstrip("-").isdigit() else reason

    def _time(self, event: Event) -> None:
        """Note how long trials take; what an earlier session needed tells nothing of this one."""
        kind, now = event["event"], event["time_ms"] / 1000
        if kind == "started":
            self._time_left = TimeLeft()
        elif kind == "suggested":
            self._time_left.started(event["trial"], now)
        elif kind == "reported":
            # The first that is heard of a trial which goes on: it was trained for an epoch by then.
            self._time_left.started(event["trial"], now - float(event["metrics"].get("seconds", 0.0)))
        elif kind == "ended":
            self._time_left.ended(event["trial"], now)


def is_abandoned(folder: RunFolder) -> bool:
    """Whether nobody runs the sweep any more, though its journal may not say so.

    Who runs it holds the journal's lock. It is only tried after the journal was silent for a while, and shared, so
    that it is never in the way of a sweep that begins.
    """
    try:
        if time.time() - folder.journal_file.stat().st_mtime < _SILENT_SECONDS:
            return False
        with folder.journal_file.with_suffix(".lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(lock, fcntl.LOCK_UN)
    except OSError:
        # Held, or not to be seen from here: then it may well run.
        return False
    return True
