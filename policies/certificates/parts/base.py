"""A part of a claim: the statement that the mean of one loss is at most a limit, and the losses seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.betting import betting_p_values, betting_upper_bound
from policies.certificates.bounds.binomial import binomial_p_values, binomial_upper_bound
from policies.certificates.bounds.sums import sum_p_values, sum_upper_bound
from policies.certificates.losses import Loss
from policies.certificates.sample_size import samples_needed, sum_units_needed, units_needed


BINOMIAL = "exact binomial"


class MeanTest(StrEnum):
    """How the mean of losses is tested; which of several is settled before the losses on ``certify`` are looked at."""

    BETTING = "betting (Waudby-Smith and Ramdas, 2024)"
    """Of losses in [0, 1]: it learns their spread, so that it has more power where that is small."""
    SUM = "exact worst case of the sum of losses"
    """Of losses in [0, 1]: on their sum alone; it has more power where few units lose, and these much."""
    PAIRED = "exact paired test of what is lost and gained (Tango ordering, Berger and Boos)"
    """Of a drop whose units lose 1, gain 1 or neither: on how many do so."""
    LOST = "exact binomial on what is lost alone"
    """Of a drop: on the units that lose at all, whatever others gain."""
    NET = "betting on the net of what is lost and gained (Waudby-Smith and Ramdas, 2024)"
    """Of a drop: on the signed loss of each unit."""


@dataclass(frozen=True)
class ClaimPart:
    """The statement that the mean of one loss is at most a limit, and the losses seen.

    Attributes:
        name: What a person calls it, such as ``accuracy`` or ``recall of class 3``.
        family: ``main``, ``class``, ``label``, ``exit`` or ``subgroup``: what it has a simultaneous bound with.
        loss: Loss whose mean is limited.
        limit: Largest mean of the loss.
        losses: One per unit, shape (n,); n is 0 where there is nothing to test with.
        unit: Kind of unit that has a loss, ``sample``, ``parent`` or ``group``.
        is_binary: Whether each loss is 0 or 1: not a mean over several samples, not signed, and not a share.
        subgroup: The value of the claim's column that the part is about; None where it is about all samples.
        differing: Share of each unit's answers that differ from the full network's, shape (n,), which no label tells;
            None where that is not known.
        test: How the mean is tested where losses are not binary.
    """

    name: str
    family: str
    loss: Loss
    limit: float
    losses: NDArray[np.float64]
    unit: str
    is_binary: bool
    subgroup: str | None = field(default=None, kw_only=True)
    differing: NDArray[np.float64] | None = field(default=None, kw_only=True)
    test: MeanTest = field(default=MeanTest.BETTING, kw_only=True)

    @property
    def tests(self) -> tuple[MeanTest, ...]:
        """The tests that there are for such losses, the usual one first; none where losses are binary."""
        if self.is_binary:
            return ()
        return (MeanTest.BETTING,) if self.loss.least < 0 else (MeanTest.BETTING, MeanTest.SUM)

    @property
    def n(self) -> int:
        """Number of units."""
        return int(self.losses.size)

    @property
    def method(self) -> str:
        """The binomial where losses are independent and 0 or 1; else the test that was settled."""
        return BINOMIAL if self.is_binary else str(self.test)

    @property
    def is_least(self) -> bool:
        """Whether a person reads the part as a least accuracy or quality, one less the loss, not as a largest loss."""
        return self.loss.is_read_as_least

    @property
    def observed(self) -> float | None:
        """Mean over the units as a person reads it: accuracy, quality or loss; None where there are none."""
        return self._as_read(float(self.losses.mean())) if self.n else None

    @property
    def required(self) -> float:
        """The limit as a person reads it: least accuracy or quality, or largest loss."""
        return self._as_read(self.limit)

    def p_value(self, delta: float) -> float:
        """How likely losses as low as these would at most be if the part did not hold; 1 without any unit."""
        return float(self.p_values(self.losses[None], delta)[0]) if self.n else 1.0

    def p_values(self, drawn: NDArray[np.float64], delta: float) -> NDArray[np.float64]:
        """The p-values that the part would have with other losses, shape (draws,).

        Args:
            drawn: Losses of each draw, one per unit, shape (draws, units).
            delta: Level that a p-value is compared with.
        """
        n = drawn.shape[1]
        if self.is_binary:
            return binomial_p_values(drawn.sum(axis=1).astype(np.int64), n, limit=self.limit)
        if self.test is MeanTest.SUM:
            return sum_p_values(drawn.sum(axis=1), n, limit=self.limit)
        return betting_p_values(drawn, limit=self.limit, delta=delta, least=self.loss.least)

    def bound(self, delta: float, settled_for: float | None = None) -> float:
        """Confidence bound at ``1 - delta`` as a person reads it: lower for a least value, upper for a loss.

        Args:
            delta: Largest probability that the bound does not hold, in (0, 1).
            settled_for: Level that the test is settled for, as ``p_value`` takes it: the bound is then at least as good
                as what is required just where that p-value is at most ``delta``. None: ``delta``.
        """
        if not self.n:
            return self._as_read(1.0)
        if self.is_binary:
            return self._as_read(binomial_upper_bound(self._n_lost, self.n, delta=delta))
        if self.test is MeanTest.SUM:
            return self._as_read(sum_upper_bound(self.losses, delta=delta))
        return self._as_read(
            betting_upper_bound(self.losses, delta=delta, least=self.loss.least, settled_for=settled_for)
        )

    def more_needed(self, delta: float) -> int | None:
        """How many more units of the part's own kind would certify it if they are like these; None if none would."""
        if not self.n:
            return None
        if self.is_binary:
            needed = samples_needed(self._n_lost / self.n, target=1 - self.limit, delta=delta)
        elif self.test is MeanTest.SUM:
            needed = sum_units_needed(self.losses, limit=self.limit, delta=delta)
        else:
            needed = units_needed(self.losses, limit=self.limit, delta=delta, least=self.loss.least)
        return None if needed is None else max(needed - self.n, 0)

    def shortfall(self, delta: float, settled_for: float | None = None) -> str:
        """Why the part does not pass at a level, as a clause for a person; arguments as of ``bound``."""
        if self.observed is None:
            return f"{self.name} cannot be tested, since certify has none of it"
        seen = f"{self.name} on certify is {self.observed:.4f}"
        side = "above" if self.is_least else "below"
        if self.losses.mean() >= self.limit:
            return f"{seen} but must be {side} {self.required:g}"
        return (
            f"{seen}, {side} {self.required:g}, but {self.n} {self.unit}s are too few to be sure "
            f"at level {delta:g} (p = {self.p_value(settled_for or delta):.3g})"
        )

    @property
    def _n_lost(self) -> int:
        return int(self.losses.sum())

    def _as_read(self, loss: float) -> float:
        return 1 - loss if self.is_least else loss
