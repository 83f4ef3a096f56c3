"""A largest drop against the full network: by what is lost alone, or by what is lost and gained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.betting import betting_p_value, betting_upper_bound
from policies.certificates.bounds.binomial import binomial_p_value, binomial_upper_bound
from policies.certificates.parts.base import ClaimPart
from policies.certificates.sample_size import samples_needed, units_needed
from policies.qualities.base import ACCURACY


_ROUNDING = 1e-12


class DropTest(StrEnum):
    """How a drop is tested; which of the two is settled before the losses on ``certify`` are looked at."""

    LOST = "exact binomial on what is lost alone"
    """Of units that lose at all, whatever others gain: where few gain it has more power."""
    NET = "betting on the net of what is lost and gained (Waudby-Smith and Ramdas, 2024)"
    """Of the signed loss of each unit: where about as many gain as lose it has more power."""


@dataclass(frozen=True)
class DropPart(ClaimPart):
    """The statement that the mean of a signed loss, in [-largest, largest], is at most a limit.

    No unit loses more than ``largest``, so that the mean is at most that times the probability that a unit loses at
    all: an upper bound of this probability is one of the mean.

    Attributes:
        quality: Name of the quality that is lost.
        largest: Most that a unit can lose, in (0, 1]: below 1 where only some labels of an answer can differ.
        test: How the drop is tested.
    """

    quality: str = ACCURACY
    largest: float = 1.0
    test: DropTest = DropTest.NET

    @property
    def method(self) -> str:
        """How the drop is tested."""
        return str(self.test)

    def p_value(self, delta: float) -> float:
        """How likely losses as low as these would at most be if the part did not hold; 0 where it always does."""
        if not self.n:
            return 1.0
        if self._limit >= 1:
            return 0.0
        if self.test is DropTest.LOST:
            return binomial_p_value(self._n_lost, self.n, limit=self._limit)
        return betting_p_value(self._shares, limit=self._limit, delta=delta, least=-1.0)

    def bound(self, delta: float) -> float:
        """Upper confidence bound of the drop at ``1 - delta``."""
        if not self.n:
            return self.largest
        if self.test is DropTest.LOST:
            return self.largest * binomial_upper_bound(self._n_lost, self.n, delta=delta)
        return self.largest * betting_upper_bound(self._shares, delta=delta, least=-1.0)

    def more_needed(self, delta: float) -> int | None:
        """How many more units would certify the part if they are like these; None if none would."""
        if not self.n:
            return None
        if self.test is DropTest.LOST:
            needed = samples_needed(self._n_lost / self.n, target=1 - self._limit, delta=delta)
        else:
            needed = units_needed(self._shares, limit=self._limit, delta=delta, least=-1.0)
        return None if needed is None else max(needed - self.n, 0)

    @property
    def _limit(self) -> float:
        """The limit as a share of the most that a unit can lose."""
        return self.limit / self.largest

    @property
    def _shares(self) -> NDArray[np.float64]:
        """Loss of each unit as a share of the most that it can lose, shape (n,)."""
        return np.clip(self.losses / self.largest, -1.0, 1.0)

    @property
    def _n_lost(self) -> int:
        """Number of units that lose at all."""
        return int((self.losses > _ROUNDING).sum())
