"""How long trials will still take, from how long those took that have ended here."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean
import time


_LEAST_ENDED = 3


class TimeLeft:
    """An estimate from trials' own durations and how many run at once.

    Trials that were stopped early count with the little that they took, as more of them will come. Until as many have
    ended as run at once, and three at least, nothing is said: the first to end are the shortest.

    Args:
        clock: Gives seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started: dict[str, float] = {}
        self._durations: list[float] = []
        self._at_once = 1

    def started(self, trial_id: str) -> None:
        """A trial runs; one that goes on after a fault or a pause runs already."""
        self._started.setdefault(trial_id, self._clock())
        self._at_once = max(self._at_once, len(self._started))

    def ended(self, trial_id: str) -> None:
        """A trial ended; one of which nobody said that it runs tells nothing."""
        began = self._started.pop(trial_id, None)
        if began is not None:
            self._durations.append(self._clock() - began)

    def seconds(self, n_open: int) -> float | None:
        """Seconds until all trials have ended; None where too few have.

        Args:
            n_open: How many trials have not ended, those that run among them.
        """
        if len(self._durations) < max(_LEAST_ENDED, self._at_once):
            return None
        now = self._clock()
        ages = [now - began for began in self._started.values()]
        mean = fmean(self._durations)
        # Those that run for longer than usual are not among the durations yet.
        mean = fmean([*self._durations, *(age for age in ages if age > mean)])
        running = [max(mean - age, 0.0) for age in ages]
        waiting = max(n_open - len(ages), 0) * mean
        return max((sum(running) + waiting) / self._at_once, *running, 0.0)


def spoken(seconds: float) -> str:
    """A duration as roughly as it is known: ``about 2 min``."""
    if seconds < 45:
        return "less than a minute"
    minutes = seconds / 60
    if minutes < 10:
        return f"about {max(round(minutes), 1)} min"
    if minutes < 90:
        return f"about {5 * round(minutes / 5)} min"
    return f"about {minutes / 60:.1f} h"
