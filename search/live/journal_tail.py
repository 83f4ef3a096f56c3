"""What was added to a journal since one looked last."""

from __future__ import annotations

import os
from pathlib import Path

from search.errors import RunFolderError
from search.run_folder.journal import Event, event_of


class JournalTail:
    """Reads a journal that another process writes to, each line once.

    Args:
        path: The journal; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin = b""
        self._file_id: tuple[int, int] | None = None
        self._end = 0

    def read(self) -> tuple[bool, list[Event]]:
        """Read on.

        A last line that is still being written is left for the next time.

        Returns:
            Whether the journal is another one than before, so that what was read is void; and the new events.

        Raises:
            OSError: If it cannot be read.
            RunFolderError: If a line is damaged; the next call reads it again.
        """
        with self.path.open("rb") as file:
            status = os.fstat(file.fileno())
            file_id = status.st_dev, status.st_ino
            # A folder that is made anew may get the number of the file that was there; its first line is another one.
            begin = file.readline()
            is_another = file_id != self._file_id or status.st_size < self._end or begin != self._begin
            start = 0 if is_another else self._end
            file.seek(start)
            text = file.read()
        complete = text[: text.rfind(b"\n") + 1]
        events = [self._event(line) for line in complete.splitlines()]
        self._file_id, self._begin, self._end = file_id, begin, start + len(complete)
        return is_another, events

    def _event(self, line: bytes) -> Event:
        try:
            return event_of(line)
        except (ValueError, KeyError, TypeError):
            raise RunFolderError(
                f"{self.path}: a line of the journal must be an event but one is damaged ({line[:60]!r}); its "
                f"trials cannot be shown"
            ) from None
