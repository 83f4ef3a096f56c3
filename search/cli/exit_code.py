"""What the exit status of every command means."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from search.run_folder.summary import Summary


class ExitCode(IntEnum):
    """The exit statuses of the command line."""

    DONE = 0
    """Done; of a search: a policy that does what was asked was found, with what was claimed of it certified."""
    WRONG_INPUT = 2
    """Something that the user can put right: one line says what, and nothing is left behind."""
    NOT_ACHIEVED = 3
    """Done, but no policy does what was asked, or what was claimed of it is not certified. Of a sweep also: its full
    network does not pass the validity gate, so that there is no policy."""
    CHANGED = 4
    """Done, and what is watched has changed, though nothing refutes what was certified."""
    INTERRUPTED = 130
    """Stopped before the end; a sweep goes on with ``--resume``."""

    @classmethod
    def of_search(cls, summary: Summary) -> ExitCode:
        """The status of a search, by its summary."""
        if not summary.feasible:
            return cls.NOT_ACHIEVED
        estimate, certificate = summary.estimate, summary.certificate
        has_margin = certificate is not None if estimate is None else estimate.meets
        is_sure = has_margin and (certificate is None or summary.certified)
        return cls.DONE if is_sure else cls.NOT_ACHIEVED
