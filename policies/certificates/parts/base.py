"""A part of a claim: the statement that the mean of one loss is at most a limit, and the losses seen."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.betting import betting_p_value, betting_upper_bound
from policies.certificates.bounds.binomial import binomial_p_value, binomial_upper_bound
from policies.certificates.losses import Loss
from policies.certificates.sample_size import samples_needed, units_needed


BINOMIAL = "exact binomial"
BETTING = "betting (Waudby-Smith and Ramdas, 2024)"


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
    """

    name: str
    family: str
    loss: Loss
    limit: float
    losses: NDArray[np.float64]
    unit: str
    is_binary: bool
    subgroup: str | None = field(default=None, kw_only=True)

    @property
    def n(self) -> int:
        """Number of units."""
        return int(self.losses.size)

    @property
    def method(self) -> str:
        """The binomial where losses are independent and 0 or 1; else betting."""
        return BINOMIAL if self.is_binary else BETTING

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
        if not self.n:
            return 1.0
        if self.method == BINOMIAL:
            return binomial_p_value(self._n_lost, self.n, limit=self.limit)
        return betting_p_value(self.losses, limit=self.limit, delta=delta, least=self.loss.least)

    def bound(self, delta: float) -> float:
        """Confidence bound at ``1 - delta`` as a person reads it: lower for a least value, upper for a loss."""
        if not self.n:
            return self._as_read(1.0)
        if self.method == BINOMIAL:
            return self._as_read(binomial_upper_bound(self._n_lost, self.n, delta=delta))
        return self._as_read(betting_upper_bound(self.losses, delta=delta, least=self.loss.least))

    def more_needed(self, delta: float) -> int | None:
        """How many more units of the part's own kind would certify it if they are like these; None if none would."""
        if not self.n:
            return None
        if self.method == BINOMIAL:
            needed = samples_needed(self._n_lost / self.n, target=1 - self.limit, delta=delta)
        else:
            needed = units_needed(self.losses, limit=self.limit, delta=delta, least=self.loss.least)
        return None if needed is None else max(needed - self.n, 0)

    def shortfall(self, delta: float) -> str:
        """Why the part does not pass, as a clause for a person."""
        if self.observed is None:
            return f"{self.name} cannot be tested, since certify has none of it"
        seen = f"{self.name} on certify is {self.observed:.4f}"
        side = "above" if self.is_least else "below"
        if self.losses.mean() >= self.limit:
            return f"{seen} but must be {side} {self.required:g}"
        return (
            f"{seen}, {side} {self.required:g}, but {self.n} {self.unit}s are too few to be sure "
            f"at delta {delta:g} (p = {self.p_value(delta):.3g})"
        )

    @property
    def _n_lost(self) -> int:
        return int(self.losses.sum())

    def _as_read(self, loss: float) -> float:
        return 1 - loss if self.is_least else loss
