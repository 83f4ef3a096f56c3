"""A thread that sends a journal's events to a store, in order, however often the store goes away."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
import math
import threading
import time
from typing import Protocol

from search.run_folder.journal import Event, Journal
from search.tracking.faults import Fault, fault_of, is_internal
from search.tracking.notices import TrackingNotices
from search.tracking.receipt import Receipt


_WINDOW = 100
# What makes a sweep known to the store.
_BEGINNING = "started"
# An event that the store refuses is tried once more, on a fresh connection.
_ATTEMPTS = 2
# A store that fails inside may do so for one event alone: it is then seen whether it takes anything else.
_INTERNAL_ATTEMPTS = 5
# How often a session sends everything again because runs are gone.
_REPLAYS = 3
# One request of MLflow and some more.
_LONGEST_CALL = 30.0
_LONG = 3600.0


class EventSink(Protocol):
    """Where events go."""

    def connect(self) -> bool:
        """Open it, after a fault again; False where it knows nothing of the sweep."""

    def apply(self, events: Sequence[Event]) -> None:
        """Take events; taking one again changes nothing."""

    def probe(self) -> None:
        """Write something that changes nothing."""


@dataclass(frozen=True)
class Patience:
    """Seconds between two attempts to reach a store.

    Attributes:
        first: Wait after the first fault, in seconds; each further wait is twice as long.
        longest: The longest wait after a fault, in seconds.
        draining: Wait in seconds once nothing but the delivery is left to do.
    """

    first: float = 1.0
    longest: float = 30.0
    draining: float = 1.0


PATIENCE = Patience()


class Delivery:
    """Sends the events of a journal, those to come included.

    Args:
        journal: Journal whose events are delivered.
        sink: Where the events are sent to.
        receipt: How many events the sink has confirmed.
        notices: Tells the user what goes wrong with the delivery.
        patience: Seconds to wait between two attempts to reach the sink.
    """

    def __init__(
        self,
        journal: Journal,
        sink: EventSink,
        receipt: Receipt,
        notices: TrackingNotices,
        patience: Patience = PATIENCE,
    ) -> None:
        self._journal = journal
        self._sink = sink
        self._receipt = receipt
        self._notices = notices
        self._patience = patience
        self._thread = threading.Thread(target=self._work, name="mlflow-delivery", daemon=True)
        self._position = min(receipt.read(), len(journal.events))
        self._is_connected = False
        self._had_faults = False
        self._delay = patience.first
        self._away_since = math.inf
        self._attempts = 0
        self._last_fault: Fault | None = None
        self._single_until = 0
        self._replays_left = _REPLAYS
        self._is_draining = False
        self._draining_since = 0.0
        self._grace = self._limit = math.inf
        self._gave_up = False

    @property
    def n_missing(self) -> int:
        """How many events the store has not confirmed."""
        return len(self._journal.events) - self._position

    def connect(self) -> None:
        """Open the store in the calling thread, before the start; where that fails the thread tries again."""
        try:
            self._open()
        except Exception as error:
            self._notices.away(error)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def drain(self, grace: float, limit: float = math.inf) -> None:
        """Send what is left, and end the thread.

        Args:
            grace: Seconds that a store which is away is given from now on.
            limit: Seconds after which nothing more is begun, even while the store takes everything.
        """
        self._grace, self._limit = grace, limit
        self._draining_since = time.monotonic()
        self._is_draining = True
        self._journal.wake()
        self._thread.join(None if limit == math.inf else limit + _LONGEST_CALL)

    def _work(self) -> None:
        try:
            while not self._is_over():
                self._step()
            self._close()
        except BaseException as error:
            self._notices.broke(error)

    def _is_over(self) -> bool:
        if not self._is_draining:
            return False
        return self._gave_up or self.n_missing == 0 or time.monotonic() - self._draining_since > self._limit

    def _step(self) -> None:
        if not self._is_connected:
            try:
                self._open()
            except Exception as error:
                self._attempts = 0
                self._wait_for_store(error)
                return
        events = self._next_events()
        if not events:
            return
        try:
            self._sink.apply(events)
        except Exception as error:
            self._recover(events, error)
        else:
            self._confirm(len(events))

    def _open(self) -> None:
        knows_sweep = self._sink.connect()
        self._is_connected = True
        if not knows_sweep and any(event["event"] == _BEGINNING for event in self._journal.events[: self._position]):
            self._replay()

    def _next_events(self) -> list[Event]:
        self._journal.wait(lambda: self.n_missing > 0 or self._is_draining, _LONG)
        length = 1 if self._position < self._single_until else _WINDOW
        return self._journal.events[self._position : self._position + length]

    def _confirm(self, n_events: int) -> None:
        self._attempts = 0
        self._delay = self._patience.first
        self._away_since = math.inf
        self._set_position(self._position + n_events)
        self._notices.back(self.n_missing)

    def _set_position(self, position: int) -> None:
        self._position = position
        try:
            self._receipt.write(position)
        except OSError as error:
            self._notices.unrecorded(error)

    def _recover(self, events: Sequence[Event], error: Exception) -> None:
        """After a fault the store is read anew: what was sent may have arrived or not."""
        self._is_connected = False
        self._had_faults = True
        # From here on it must be seen which event it is.
        self._single_until = max(self._single_until, self._position + len(events))
        fault = fault_of(error)
        self._attempts = self._attempts + (len(events) == 1) if fault is self._last_fault else int(len(events) == 1)
        self._last_fault = fault
        if (fault is Fault.GONE and self._replay()) or (is_internal(error) and len(events) > 1):
            return
        if self._is_bad_event(fault, error):
            self._notices.refused(events[0], error)
            self._confirm(1)
        elif fault is Fault.STORE or self._attempts >= _ATTEMPTS:
            self._wait_for_store(error)

    def _replay(self) -> bool:
        """Begin again, so that runs which are gone get all of their contents; not without end."""
        if not self._replays_left:
            return False
        self._replays_left -= 1
        self._attempts = self._single_until = 0
        self._notices.lost()
        self._set_position(0)
        return True

    def _is_bad_event(self, fault: Fault, error: Exception) -> bool:
        """Whether the store would take anything but this event."""
        if fault is Fault.STORE and not is_internal(error):
            return False
        if self._attempts < (_INTERNAL_ATTEMPTS if fault is Fault.STORE else _ATTEMPTS):
            return False
        try:
            self._sink.probe()
        except Exception:
            return False
        return True

    def _wait_for_store(self, error: Exception) -> None:
        self._had_faults = True
        self._notices.away(error)
        now = time.monotonic()
        self._away_since = min(self._away_since, now)
        if not self._is_draining:
            self._journal.wait(lambda: self._is_draining, self._delay)
            self._delay = min(2 * self._delay, self._patience.longest)
        elif now - max(self._away_since, self._draining_since) >= self._grace:
            self._gave_up = True
        else:
            time.sleep(self._patience.draining)

    def _close(self) -> None:
        """Look once more for runs that are there twice because an answer was lost."""
        if self._had_faults and self.n_missing == 0:
            with suppress(Exception):  # the next session looks again
                self._sink.connect()
