"""How a loss weight changes over the epochs."""

from __future__ import annotations

from dataclasses import dataclass
import math

from trainables.errors import TrainingError


@dataclass(frozen=True)
class LinearSchedule:
    """0 for ``warmup`` epochs, then from ``start`` in a straight line to ``end``, reached ``until`` epochs in.

    Attributes:
        start: Value of the first epoch after the warm-up.
        end: Value from epoch ``until`` on.
        until: Epoch index at which ``end`` is reached, above ``warmup``.
        warmup: Number of first epochs at 0.

    Raises:
        TrainingError: If ``until`` does not lie after the warm-up.
    """

    start: float
    end: float
    until: int
    warmup: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.warmup < self.until:
            raise TrainingError(f"a schedule must end after its warm-up but ends at {self.until}, after {self.warmup}")

    def at(self, epoch: int) -> float:
        """Value during the epoch with this index, counted from 0."""
        if epoch < self.warmup:
            return 0.0
        progress = min((epoch - self.warmup) / (self.until - self.warmup), 1.0)
        return self.start + (self.end - self.start) * progress


def constant(value: float) -> LinearSchedule:
    """A schedule that keeps one value."""
    return LinearSchedule(start=value, end=value, until=1)


RAMPS = ("cosine", "linear", "constant")


@dataclass(frozen=True)
class Ramp:
    """0 for ``warmup`` epochs, then a rise to ``end``, which is reached ``until`` epochs in.

    Attributes:
        end: Value from epoch ``until`` on.
        until: Epoch index at which ``end`` is reached, not before the warm-up is over.
        warmup: Number of first epochs at 0.
        form: ``linear`` rises in a straight line, ``cosine`` along half a cosine, slowly at both ends; ``constant`` is
            at the end at once.

    Raises:
        TrainingError: If the end lies before the end of the warm-up, or there is no such form.
    """

    end: float
    until: int
    warmup: int = 0
    form: str = "cosine"

    def __post_init__(self) -> None:
        if self.form not in RAMPS:
            raise TrainingError(f"a ramp must be one of {', '.join(RAMPS)} but is {self.form!r}")
        if not 0 <= self.warmup <= self.until:
            raise TrainingError(f"a ramp must end after its warm-up but ends at {self.until}, after {self.warmup}")

    def at(self, epoch: int) -> float:
        """Value during the epoch with this index, counted from 0."""
        if epoch < self.warmup:
            return 0.0
        if self.form == "constant" or epoch >= self.until:
            return self.end
        progress = (epoch - self.warmup) / (self.until - self.warmup)
        return self.end * (progress if self.form == "linear" else (1 - math.cos(math.pi * progress)) / 2)
