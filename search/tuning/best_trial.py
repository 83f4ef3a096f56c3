"""The best trial so far, and whether it does what was asked for."""

from __future__ import annotations

from policies.goals.request import Request
from policies.registry import title_of
from search.trials.records import TrialRecord, best_of, nearest_of


class BestTrial:
    """Keeps the best of the trials that do what was asked for, and while there is none the nearest.

    The best is the one that the sweep itself ranks first, so only trials that were trained to their end count.

    Args:
        asked: What trials are searched for.
    """

    def __init__(self, asked: Request) -> None:
        self._asked = asked
        self._best: TrialRecord | None = None
        self._nearest: TrialRecord | None = None

    def note(self, trial: TrialRecord) -> None:
        """Take a trial that ended into account; failed ones and those that never reported do not count."""
        self._best = best_of([one for one in (self._best, trial) if one is not None])
        self._nearest = nearest_of([one for one in (self._nearest, trial) if one is not None])

    def __str__(self) -> str:
        if self._best is not None:
            return f"best {self._name} {float(self._best.result[self._key]):.3f}, feasible"
        if self._nearest is None:
            return f"none at {self._asked} yet"
        if self._nearest.is_feasible:
            return f"none at {self._asked} yet that is trained to its end"
        return f"none at {self._asked} yet, the best misses it by {self._nearest.violation:.4f}"

    @property
    def _key(self) -> str:
        """The metric that trials compete for."""
        return self._asked.objective_column if self._asked.budget is None else self._asked.quality

    @property
    def _name(self) -> str:
        return self._asked.objective if self._asked.budget is None else title_of(self._asked.quality)
