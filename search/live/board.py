"""The page of a sweep as it is now: made once for each version of its folder, whoever asks how often."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
import gzip
from pathlib import Path
import threading
import time

from search.live.running_run import RunningRun, is_abandoned
from search.live.sections import sections_of
from search.page.page import packed_plotly, page_of, rendered
from search.page.run import FinishedRun
from trainables.models.exits.tracing import first_line


_RETRY_SECONDS = 5.0
"""How long after files could not be read they are tried again, though none has changed."""


@dataclass(frozen=True)
class Shown:
    """A page that was made.

    Attributes:
        version: Version of the folder that it shows.
        text: The page.
        is_final: Whether it is that of the result, which does not change any more.
        trouble: Why it is not that of the result, though there is one; else empty.
    """

    version: str
    text: str
    is_final: bool = False
    trouble: str = ""

    @cached_property
    def plain(self) -> bytes:
        """The page."""
        # Names of folders may be anything.
        return self.text.encode(errors="replace")

    @cached_property
    def packed(self) -> bytes:
        """The page, compressed."""
        # What is large in it is compressed already.
        return gzip.compress(self.plain, compresslevel=1)

    @cached_property
    def without_plotly(self) -> bytes:
        """The page for a browser that has plotly's script already, compressed."""
        return gzip.compress(self.plain.replace(packed_plotly().encode(), b""), compresslevel=1)


class Board:
    """Shows a sweep until it is finished, and then its result. Any thread may ask.

    Args:
        path: Folder of the sweep.

    Attributes:
        trouble: Why the page is an old one, though there is something new; empty where it is not.

    Raises:
        RunFolderError: If it is no folder of a sweep, or its files are damaged.
        ConfigError: If it is a sweep of another version.
    """

    def __init__(self, path: Path) -> None:
        self._run = RunningRun.open(path)
        self._making = threading.Lock()
        # What cannot be read from the beginning is the user's to know before there is a server.
        self._run.update()
        self._shown = self._made(self.version())
        self._tried, self._tried_at = self._shown.version, time.monotonic()
        self.trouble = ""

    def version(self) -> str:
        """Something else whenever there is something else to show."""
        folder = self._run.folder
        files = (folder.sweep_file, folder.journal_file, folder.summary_file)
        return "-".join([*map(_stamp, files), str(int(is_abandoned(folder)))])

    def current(self) -> Shown:
        """The page as it is now; where files cannot be read just now, the last one that could be made."""
        with self._making:
            version = self.version()
            is_known = version == self._shown.version and not self._shown.trouble
            is_tried = version == self._tried and time.monotonic() - self._tried_at < _RETRY_SECONDS
            if not (is_known or is_tried):
                self._tried, self._tried_at = version, time.monotonic()
                try:
                    self._run.update()
                    self._shown = self._made(version)
                    self.trouble = ""
                except Exception as error:
                    # Being written, or of no sweep: the last page stays, says so, and the next one may do.
                    self.trouble = f"Not up to date: {first_line(error)}"
            return self._shown

    def _made(self, version: str) -> Shown:
        trouble = ""
        if self._run.folder.summary_file.exists():
            try:
                return Shown(version, _finished(self._run.folder.path), is_final=True)
            except Exception as error:
                # The files of a result are written one after the other, and any may be missing yet.
                trouble = f"the result is there, but its page cannot be made yet ({type(error).__name__}: {error})"
        text = rendered(self._run.folder.name, sections_of(self._run, version, trouble))
        return Shown(version, text, trouble=trouble)


def _finished(path: Path) -> str:
    return page_of(FinishedRun.read(path))


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "none"
    return f"{status.st_ino:x}.{status.st_size:x}.{status.st_mtime_ns:x}"
