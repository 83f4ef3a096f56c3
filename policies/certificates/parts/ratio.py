"""A least F1, recall or precision of labels: by betting that the mean shortfall of its counts is above 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.betting import betting_p_value, betting_p_values
from policies.certificates.label_ratios import RatioCounts
from policies.certificates.parts.base import ClaimPart, MeanTest
from policies.certificates.sample_size import units_needed


_STEP = 0.001


@dataclass(frozen=True)
class RatioPart(ClaimPart):
    """The statement that a ratio of sums of counts is at least a value.

    Attributes:
        counts: Mean counts of each unit.
        value: Least value of the ratio.
    """

    counts: RatioCounts
    value: float

    @property
    def tests(self) -> tuple[MeanTest, ...]:
        """Betting alone: what counts lack is signed."""
        return (MeanTest.BETTING,)

    @property
    def observed(self) -> float | None:
        """The ratio over the units; None where there are none."""
        return self.counts.ratio if self.n else None

    @property
    def required(self) -> float:
        """The least value."""
        return self.value

    def p_value(self, delta: float) -> float:
        """How likely counts as good as these would at most be if the part did not hold."""
        return self._p_value_at(self.value, delta)

    def p_values(self, drawn: NDArray[np.float64], delta: float) -> NDArray[np.float64]:
        """The p-values that the part would have with other shortfalls at the value, shape (draws,)."""
        return betting_p_values(drawn, limit=self.limit, delta=delta, least=self.counts.least(self.value))

    def bound(self, delta: float, settled_for: float | None = None) -> float:
        """Lower confidence bound at ``1 - delta``, in thousandths; arguments as of :class:`ClaimPart`.

        Values are tested from the lowest on until one fails, and the last that passes is the bound: the lowest of them
        that is above the true ratio passes with probability at most ``delta``.
        """
        passed, settled_for = 0, settled_for or delta
        while passed < round(1 / _STEP) and self._p_value_at((passed + 1) * _STEP, settled_for) <= delta:
            passed += 1
        return round(passed * _STEP, 3)

    def more_needed(self, delta: float) -> int | None:
        """How many more units would certify the part if they are like these; None if none would."""
        if not self.n:
            return None
        least = self.counts.least(self.value)
        needed = units_needed(self.losses, limit=self.limit, delta=delta, least=least)
        return None if needed is None else max(needed - self.n, 0)

    def _p_value_at(self, value: float, delta: float) -> float:
        if not self.n:
            return 1.0
        shortfall, least = self.counts.shortfall(value), self.counts.least(value)
        return betting_p_value(shortfall, limit=self.limit, delta=delta, least=least)
