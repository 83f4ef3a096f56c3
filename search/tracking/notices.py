"""What the user is told about a store that does not take everything: each thing once, on one line."""

from __future__ import annotations

import sys
import warnings

from search.redaction import redact_uri
from search.run_folder.journal import Event
from search.tracking.faults import reason_of


class TrackingWarning(UserWarning):
    """MLflow has not got something; the sweep goes on without it."""


def tell(text: str) -> None:
    """Warn from any thread, also of what was warned of before: a second outage has the text of the first."""
    try:
        warnings.warn_explicit(text, TrackingWarning, __file__, 0, registry={})
    except TrackingWarning:
        # Where warnings are errors, this one would end the thread that delivers, and nobody would see it.
        print(f"warning: {text}", file=sys.stderr)


class TrackingNotices:
    """Tells about one store.

    Args:
        uri: Address of the store; it is shown without its password.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._store = f"MLflow at {redact_uri(uri)}"
        self._is_away = False
        self._is_unrecorded = False
        self._n_refused = 0

    def away(self, error: Exception) -> None:
        """The store cannot be used now; told once an outage."""
        if not self._is_away:
            self._is_away = True
            tell(
                f"{self._store} cannot be written to ({reason_of(error, self._uri)}); the sweep goes on, "
                f"and what is missing there is sent as soon as it can be"
            )

    def back(self, n_waiting: int) -> None:
        """The store took something; told where it was away."""
        if self._is_away:
            self._is_away = False
            rest = f"; {n_waiting} more events of the sweep are waiting for it" if n_waiting else ""
            tell(f"{self._store} can be written to again{rest}")

    def lost(self) -> None:
        """Runs are gone that the store had."""
        tell(f"{self._store} has lost runs of this sweep; all that happened in it is sent again")

    def refused(self, event: Event, error: Exception) -> None:
        """The store does not take an event; told for the first one."""
        self._n_refused += 1
        if self._n_refused == 1:
            of = f" of {event['trial']}" if "trial" in event else ""
            tell(
                f"{self._store} refused what was {event['event']!r}{of} ({reason_of(error, self._uri)}); "
                f"that is left out there, the rest is sent"
            )

    def unrecorded(self, error: OSError) -> None:
        """What was confirmed cannot be remembered; told once."""
        if not self._is_unrecorded:
            self._is_unrecorded = True
            tell(f"what {self._store} has cannot be remembered ({error}); --resume sends it again, which does no harm")

    def broke(self, error: BaseException) -> None:
        """The delivery itself failed: a fault of this program."""
        tell(
            f"the delivery to {self._store} broke off ({type(error).__name__}: {reason_of(error, self._uri)}); "
            f"the sweep goes on"
        )

    def ended(self, n_missing: int, sweep: str) -> None:
        """Nothing more is sent in this session."""
        if self._n_refused > 1:
            tell(f"{self._store} refused {self._n_refused} events of this sweep in all")
        if n_missing:
            tell(
                f"{self._store} lacks {n_missing} events of this sweep, which are kept in its journal; "
                f"--resume --name {sweep} sends them"
            )
