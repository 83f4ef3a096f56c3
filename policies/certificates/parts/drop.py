"""A largest drop against the full network: by what is lost alone, or by what is lost and gained."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.betting import betting_p_values, betting_upper_bound
from policies.certificates.bounds.binomial import binomial_p_values, binomial_upper_bound
from policies.certificates.bounds.paired import paired_p_values, paired_upper_bound
from policies.certificates.parts.base import ClaimPart, MeanTest
from policies.certificates.sample_size import paired_units_needed, samples_needed, units_needed
from policies.qualities.base import ACCURACY


_ROUNDING = 1e-12


@dataclass(frozen=True)
class DropPart(ClaimPart):
    """The statement that the mean of a signed loss, in [-largest, largest], is at most a limit.

    No unit loses more than ``largest``, so that the mean is at most that times the probability that a unit loses at
    all: an upper bound of this probability is one of the mean.

    Attributes:
        quality: Name of the quality that is lost.
        largest: Most that a unit can lose, in (0, 1]: below 1 where only some labels of an answer can differ.
        is_paired: Whether each loss is -1, 0 or 1: of answers that are right or wrong, each a unit by itself.
        test: How the drop is tested.
    """

    quality: str = ACCURACY
    largest: float = 1.0
    is_paired: bool = False
    test: MeanTest = field(default=MeanTest.NET, kw_only=True)

    @property
    def tests(self) -> tuple[MeanTest, ...]:
        """The tests that there are for such losses, the usual one first."""
        return (MeanTest.PAIRED if self.is_paired else MeanTest.NET, MeanTest.LOST)

    def p_values(self, drawn: NDArray[np.float64], delta: float) -> NDArray[np.float64]:
        """The p-values that the part would have with other losses, shape (draws,); 0 where it always holds.

        Args:
            drawn: Losses of each draw, one per unit, shape (draws, units).
            delta: Level that a p-value is compared with.
        """
        n = drawn.shape[1]
        if self._limit >= 1:
            return np.zeros(len(drawn))
        if self.test is MeanTest.LOST:
            return binomial_p_values(_n_lost(drawn), n, limit=self._limit)
        if self.test is MeanTest.PAIRED:
            return paired_p_values(_n_lost(drawn), _n_lost(-drawn), n, limit=self.limit, delta=delta)
        return betting_p_values(self._shares(drawn), limit=self._limit, delta=delta, least=-1.0)

    def bound(self, delta: float, settled_for: float | None = None) -> float:
        """Upper confidence bound of the drop at ``1 - delta``; arguments as of :class:`ClaimPart`."""
        if not self.n:
            return self.largest
        if self.test is MeanTest.LOST:
            return self.largest * binomial_upper_bound(self._n_lost, self.n, delta=delta)
        if self.test is MeanTest.PAIRED:
            return paired_upper_bound(self._n_lost, self._n_gained, self.n, delta=delta, settled_for=settled_for)
        shares = self._shares(self.losses)
        return self.largest * betting_upper_bound(shares, delta=delta, least=-1.0, settled_for=settled_for)

    def more_needed(self, delta: float) -> int | None:
        """How many more units would certify the part if they are like these; None if none would."""
        if not self.n:
            return None
        if self.test is MeanTest.LOST:
            needed = samples_needed(self._n_lost / self.n, target=1 - self._limit, delta=delta)
        elif self.test is MeanTest.PAIRED:
            needed = paired_units_needed(self._n_lost, self._n_gained, self.n, limit=self.limit, delta=delta)
        else:
            needed = units_needed(self._shares(self.losses), limit=self._limit, delta=delta, least=-1.0)
        return None if needed is None else max(needed - self.n, 0)

    @property
    def _limit(self) -> float:
        """The limit as a share of the most that a unit can lose."""
        return self.limit / self.largest

    def _shares(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Losses as shares of the most that a unit can lose, of the same shape."""
        return np.clip(losses / self.largest, -1.0, 1.0)

    @property
    def _n_lost(self) -> int:
        """Number of units that lose at all."""
        return int(_n_lost(self.losses))

    @property
    def _n_gained(self) -> int:
        """Number of units that gain at all."""
        return int(_n_lost(-self.losses))


def _n_lost(losses: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of units that lose at all, along the last axis."""
    return np.asarray((losses > _ROUNDING).sum(axis=-1))
