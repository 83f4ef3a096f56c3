"""The best trial so far, and whether it does what was asked for."""

from __future__ import annotations

from typing import Any

from policies.goals.request import Request
from policies.qualities import get_quality
from policies.registry import title_of
from search.trials.log import TrialRecord


class BestTrial:
    """Keeps the best of the trials that do what was asked for, and while there is none the nearest.

    Args:
        asked: What trials are searched for.
    """

    def __init__(self, asked: Request) -> None:
        self._asked = asked
        self._best: float | None = None
        self._nearest: dict[str, Any] | None = None

    def note(self, trial: TrialRecord) -> None:
        """Take a trial that ended into account; failed ones and those that never reported do not count."""
        if trial.failure or "violation" not in trial.result:
            return
        if trial.result["violation"] > 0:
            if self._nearest is None or trial.result["violation"] < self._nearest["violation"]:
                self._nearest = trial.result
            return
        found = float(trial.result[self._key])
        sign = -1 if self._asked.budget is None else get_quality(self._key).sign
        self._best = found if self._best is None else sign * max(sign * self._best, sign * found)

    def __str__(self) -> str:
        if self._best is not None:
            return f"best {self._name} {self._best:.3f}, feasible"
        if self._nearest is None:
            return f"none at {self._asked} yet"
        return f"none at {self._asked} yet, the best misses it by {self._nearest['violation']:.4f}"

    @property
    def _key(self) -> str:
        """The metric that trials compete for."""
        return self._asked.objective_column if self._asked.budget is None else self._asked.quality

    @property
    def _name(self) -> str:
        return self._asked.objective if self._asked.budget is None else title_of(self._asked.quality)
