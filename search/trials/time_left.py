"""How long trials will still take, from how long those took that have ended."""

from __future__ import annotations

from statistics import fmean


_LEAST_ENDED = 3


class TimeLeft:
    """An estimate from trials' own durations and how many run at once.

    Trials that were stopped early count with the little that they took, as more of them will come. Until as many have
    ended as run at once, and three at least, nothing is said: the first to end are the shortest. Times are seconds of
    one clock, whichever it is.
    """

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        self._durations: list[float] = []
        self._at_once = 1

    def started(self, trial_id: str, now: float) -> None:
        """A trial runs; one that goes on after a fault or a pause runs already."""
        self._started.setdefault(trial_id, now)
        self._at_once = max(self._at_once, len(self._started))

    def ended(self, trial_id: str, now: float) -> None:
        """A trial ended; one of which nobody said that it runs tells nothing."""
        began = self._started.pop(trial_id, None)
        if began is not None:
            # A clock that is set back takes no time away.
            self._durations.append(max(now - began, 0.0))

    def seconds(self, n_open: int, now: float) -> float | None:
        """Seconds until all trials have ended; None where too few have.

        Args:
            n_open: How many trials have not ended, those that run among them.
            now: What the clock says.
        """
        if len(self._durations) < max(_LEAST_ENDED, self._at_once):
            return None
        ages = [max(now - began, 0.0) for began in self._started.values()]
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
    hours = minutes / 60
    return f"about {hours:.1f} h" if hours < 48 else f"about {hours / 24:.1f} days"
