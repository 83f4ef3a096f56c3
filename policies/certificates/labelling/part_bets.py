"""The bets on one part of a claim, as the units that it is about become known one after the other."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.betting import capital_path, most_growth, path_upper_bound
from policies.certificates.parts.base import ClaimPart


@dataclass(frozen=True)
class PartBets:
    """The bets that one part's mean loss is below its limit, on the units that it is about, in the order.

    The capital ever reaches 1 / delta with probability at most delta where it is not (Ville, 1939).

    Attributes:
        part: The part, with its losses by the names of units.
        losses: Losses of its K units in the order, shape (K,); where not all labels are known, the least possible.
        places: Place of each among all units in the order, shape (K,).
        delta: Largest probability of proving what does not hold.
    """

    part: ClaimPart
    losses: NDArray[np.float64]
    places: NDArray[np.int64]
    delta: float

    @classmethod
    def of(
        cls, part: ClaimPart, units_of_part: NDArray[np.int64], places: NDArray[np.int64], *, delta: float
    ) -> PartBets:
        """Those of a part.

        Args:
            part: The part, with losses of K units.
            units_of_part: Number of each of its units, shape (K,), as its losses are sorted.
            places: Place in the order of each of all units by its number, shape (U,).
            delta: Largest probability of proving what does not hold, in (0, 1).
        """
        own = places[units_of_part]
        order = np.argsort(own)
        return cls(part, part.losses[order], own[order], delta)

    @property
    def log_needed(self) -> float:
        """Logarithm of the capital that proves the part."""
        return math.log(1 / self.delta)

    def n_among(self, n_units: int) -> int:
        """How many of its units are among so many units of the order, the first ones."""
        return int(np.searchsorted(self.places, n_units))

    def seen(self, n_units: int) -> NDArray[np.float64]:
        """The losses of its units among so many of the order."""
        return self.losses[: self.n_among(n_units)]

    def path(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of the capital after each loss, shape (..., n); losses of its first n units, shape (..., n)."""
        least, horizon = self.part.loss.least, len(self.losses)
        return capital_path(losses, limit=self.part.limit, delta=self.delta, horizon=horizon, least=least)

    def p_value(self, n_units: int) -> float:
        """One over the most capital so far, at most 1."""
        return math.exp(-max(float(self.path(self.seen(n_units)).max(initial=0.0)), 0.0))

    def proved_at(self, n_units: int) -> int | None:
        """Place in the order of the unit that proves it, among so many; None where none does."""
        proved = np.flatnonzero(self.path(self.seen(n_units)) >= self.log_needed)
        return int(self.places[proved[0]]) if proved.size else None

    def can_be_proved(self, n_units: int, n_last: int) -> bool:
        """Whether it may be proved with the units up to ``n_last`` of the order, of which ``n_units`` are known."""
        path, first = self.path(self.seen(n_units)), self.n_among(n_units)
        if (path >= self.log_needed).any():
            return True
        rest = self.losses[first : self.n_among(n_last)]
        growth = sum(most_growth(limit=self.part.limit, loss=loss) for loss in rest[rest <= self.part.limit].tolist())
        return rest.size > 0 and (float(path[-1]) if first else 0.0) + growth >= self.log_needed

    def bound(self, n_units: int, delta: float) -> float:
        """Bound of the mean at confidence ``1 - delta`` as a person reads it, whenever one stops."""
        least, horizon = self.part.loss.least, len(self.losses)
        upper = path_upper_bound(self.seen(n_units), delta=delta, horizon=horizon, least=least)
        return self.as_read(upper)

    def observed(self, n_units: int) -> float | None:
        """Mean over the known units as a person reads it; None where there are none."""
        seen = self.seen(n_units)
        return self.as_read(float(seen.mean())) if seen.size else None

    def as_read(self, loss: float) -> float:
        """A loss as a person reads it: where the part is a least accuracy one less the loss."""
        return 1 - loss if self.part.is_least else loss
