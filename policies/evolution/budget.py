"""How much a search may spend."""

from __future__ import annotations

from dataclasses import dataclass, field
import math
import time


@dataclass
class Budget:
    """Counts evaluations and watches the clock.

    An evaluation is one pass over the samples: for one policy, or for all levels of one gate together.

    Attributes:
        evaluations: Most passes over the samples.
        seconds: Most wall time. A search that this ends is not reproducible.
        spent: Number of passes made so far.
    """

    evaluations: float = math.inf
    seconds: float = math.inf
    spent: int = 0
    _started: float = field(default_factory=time.monotonic)

    def left(self, *, part: float = 1.0) -> float:
        """How many more passes may be made, out of a part of the budget."""
        return max(part * self.evaluations - self.spent, 0.0)

    def seconds_left(self) -> float:
        """Wall time until the search must end; 0 where it should have."""
        return max(self.seconds - self._elapsed, 0.0)

    def spend(self, n_passes: int) -> None:
        """Count passes that were made."""
        self.spent += n_passes

    def allows(self, n_passes: int = 1, *, part: float = 1.0) -> bool:
        """Whether so many more passes may be made now, out of a part of the budget."""
        return n_passes <= self.left(part=part) and self._elapsed < part * self.seconds

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._started
