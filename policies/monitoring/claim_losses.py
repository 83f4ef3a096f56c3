"""What answers lose in each part of a claim, unit by unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim
from policies.certificates.outcomes import Outcomes, PartLosses, part_losses
from policies.errors import MonitoringError
from policies.monitoring.answers import UNKNOWN, AnsweredSamples
from policies.monitoring.bets import LimitedMean, leaves_room
from policies.monitoring.groups import unit_codes
from policies.qualities.base import ACCURACY


@dataclass(frozen=True)
class ClaimLosses:
    """The ``P`` parts of a claim that can be watched: its certificate's, without some.

    Left out are those whose losses nobody knows, and those whose limit leaves nothing to bet on.

    Attributes:
        claim: Claim that the certificate is about; None where nothing was claimed, and nothing of it is watched.
        n_classes: Number of classes, each of which a class floor is about.
        used_exits: Indices of the exits that an exit floor is about.
        knows_full_network: Whether the full network's answers are known.

    Raises:
        MonitoringError: If the claim is about another quality than accuracy.
    """

    claim: Claim | None
    n_classes: int
    used_exits: NDArray[np.int64]
    knows_full_network: bool

    def __post_init__(self) -> None:
        others = () if self.claim is None else self.claim.needs_figures
        if others:
            raise MonitoringError(
                f"a claim that is watched must be about right and wrong answers but this one is about "
                f"{' and '.join(others)}; certify the policy anew with `exitsearch certify` on a table of the new data"
            )

    @property
    def without_full_network(self) -> tuple[str, ...]:
        """The parts that take the full network's answers, where these are not known."""
        if self.claim is None or self.knows_full_network:
            return ()
        return tuple(one.name for one in self.claim.statements if one.loss.is_compared)

    @property
    def without_room(self) -> tuple[str, ...]:
        """The parts whose limit is at the edge, as an accuracy of 1 is: nothing can be bet on them."""
        parts = self._known_parts(AnsweredSamples.none())
        return tuple(part.name for part in parts if not leaves_room(part.loss, part.limit))

    def means(self, unit: str) -> tuple[LimitedMean, ...]:
        """The statements that the claim makes, length P, about the losses of such units."""
        return tuple(
            LimitedMean(
                name=part.name,
                family=part.family,
                loss=part.loss,
                limit=part.limit,
                is_binary=unit == "sample" and part.loss.is_binary,
            )
            for part in self._parts(AnsweredSamples.none())
        )

    def of_units(self, samples: AnsweredSamples) -> NDArray[np.float64]:
        """Mean loss of each unit in each part, shape (U, P): NaN where there is none, units without truth left out.

        Args:
            samples: Answers of whole units, each group's together.
        """
        is_told = samples.labels != UNKNOWN
        if self.knows_full_network:
            is_told &= samples.full_predictions != UNKNOWN
        codes = np.unique(unit_codes(samples)[is_told], return_inverse=True)[1]
        n_units = int(codes.max(initial=-1)) + 1
        columns = [_means(part, codes, n_units) for part in self._parts(samples.take(is_told))]
        return np.stack(columns, axis=1) if columns else np.empty((n_units, 0))

    def _parts(self, told: AnsweredSamples) -> Iterator[PartLosses]:
        """The parts that are watched, with the losses of samples whose truth is known."""
        return (part for part in self._known_parts(told) if leaves_room(part.loss, part.limit))

    def _known_parts(self, told: AnsweredSamples) -> Iterator[PartLosses]:
        """The parts whose losses can be known, those at the edge too."""
        if self.claim is None:
            return iter(())
        full = {ACCURACY: (told.full_predictions == told.labels).astype(np.float64)}
        outcomes = Outcomes(
            figures={ACCURACY: (told.predictions == told.labels).astype(np.float64)},
            full_figures=full if self.knows_full_network else None,
            strata=told.labels,
            n_strata=self.n_classes,
            exits=told.exits,
            differs=told.predictions != told.full_predictions if self.knows_full_network else None,
        )
        return part_losses(self.claim, outcomes, used_exits=self.used_exits)


def _means(part: PartLosses, codes: NDArray[np.int64], n_units: int) -> NDArray[np.float64]:
    """Mean loss of each unit among its samples that the part is about, shape (U,), NaN where there are none."""
    counts = np.bincount(codes[part.among], minlength=n_units)
    sums = np.bincount(codes[part.among], weights=part.losses[part.among], minlength=n_units)
    return np.asarray(np.divide(sums, counts, out=np.full(n_units, np.nan), where=counts > 0))
