"""The bets on every part of a claim, and what labels so far say of all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claim_parts import measure, parents_of, units_of
from policies.certificates.claims import Claim
from policies.certificates.labelling.order import LabellingOrder
from policies.certificates.labelling.part_bets import PartBets
from policies.certificates.parts.base import ClaimPart
from policies.certificates.subgroups import Subgroups
from policies.policy import Policy
from policies.tables.units import Units


class Standing(StrEnum):
    """What the labels so far say of a claim."""

    PROVED = "proved"
    """The claim is certified, and no further label is needed."""
    OUT_OF_REACH = "out of reach"
    """No labels that are left can prove it, whatever they are."""
    GO_ON = "go on"
    """It is not proved yet, and may be."""


@dataclass(frozen=True)
class JointBets:
    """The bets on the parts of a claim, each with a capital of its own.

    The claim is proved when every capital has reached 1 / delta, be it at different times. A claim that does not hold
    is wrong in one particular part, whose capital ever does so with probability at most delta.

    Attributes:
        bets: Those on the parts that need labels.
        settled: The parts that need none, which are tested on all units at once.
        names: Names of all parts, the main one first.
        labels_up_to: Number of labels of the first units of the order up to each, shape (U,).
        n_labels: Number of labels that are given, the first ones.
        n_most: Number of labels that there will be at most.
        delta: Largest probability of proving what does not hold.
    """

    bets: tuple[PartBets, ...]
    settled: tuple[ClaimPart, ...]
    names: tuple[str, ...]
    labels_up_to: NDArray[np.int64]
    n_labels: int
    n_most: int
    delta: float

    @classmethod
    def of(
        cls,
        policy: Policy,
        order: LabellingOrder,
        claim: Claim,
        labels: Mapping[str, int],
        *,
        delta: float,
        budget: int | None,
    ) -> JointBets:
        """Those on what the labels so far tell.

        Args:
            policy: Policy to certify.
            order: The order that was fixed for it.
            claim: What is claimed.
            labels: The first labels in the order, by name.
            delta: Largest probability of proving what does not hold, in (0, 1).
            budget: Most labels that will be given; None for all.
        """
        table = order.labelled(labels)
        decision = policy.decide(table)
        parts = measure(claim, table, decision)
        subgroups = None if claim.by is None else Subgroups.of(table, claim.by, parents_of(decision))
        places, labels_up_to = _units_in_order(order)
        members = _members(units_of(table, decision), subgroups)
        n_asked = len(order.asked)
        return cls(
            bets=tuple(
                PartBets.of(part, members[part.subgroup], places, delta=delta)
                for part in parts
                if part.loss.needs_labels
            ),
            settled=tuple(part for part in parts if not part.loss.needs_labels),
            names=tuple(part.name for part in parts),
            labels_up_to=labels_up_to,
            n_labels=len(labels),
            n_most=max(n_asked if budget is None else min(budget, n_asked), len(labels)),
            delta=delta,
        )

    def known_with(self, n_labels: int) -> int:
        """How many of the first units in the order are known as a whole, once so many of the labels are."""
        return int(np.searchsorted(self.labels_up_to, n_labels, side="right"))

    @property
    def n_units(self) -> int:
        """Number of independent units."""
        return len(self.labels_up_to)

    @property
    def n_known(self) -> int:
        """Number of units that are known as a whole."""
        return self.known_with(self.n_labels)

    @property
    def n_left(self) -> int:
        """Number of labels that may still be given."""
        return self.n_most - self.n_labels

    def n_alike(self, part: ClaimPart) -> int:
        """How many parts a part's bound holds together with: itself, or of a subgroup all parts about subgroups."""
        of_all = (*(one.part for one in self.bets), *self.settled)
        return 1 if part.subgroup is None else sum(other.subgroup is not None for other in of_all)

    @property
    def failed(self) -> tuple[ClaimPart, ...]:
        """The parts that need no labels and do not hold."""
        return tuple(part for part in self.settled if part.p_value(self.delta) > self.delta)

    @property
    def unproved(self) -> tuple[PartBets, ...]:
        """The bets that have not proved their parts."""
        return tuple(one for one in self.bets if one.proved_at(self.n_known) is None)

    @property
    def hopeless(self) -> tuple[PartBets, ...]:
        """The bets that cannot prove their parts any more, whatever the labels are that are left."""
        last = self.known_with(self.n_most)
        return tuple(one for one in self.unproved if not one.can_be_proved(self.n_known, last))

    @property
    def proved_after(self) -> int | None:
        """Number of labels after which the claim was proved; None where it is not."""
        if self.failed or self.unproved:
            return None
        at = [place for one in self.bets if (place := one.proved_at(self.n_known)) is not None]
        return int(self.labels_up_to[max(at)])

    @property
    def standing(self) -> Standing:
        """What the labels so far say."""
        if self.failed or self.hopeless:
            return Standing.OUT_OF_REACH
        return Standing.GO_ON if self.unproved else Standing.PROVED


def _units_in_order(order: LabellingOrder) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Place in the order of each unit by its number, shape (U,), and number of labels up to each place, shape (U,)."""
    _, first, codes = np.unique(order.units.of_sample, return_index=True, return_inverse=True)
    places = np.argsort(np.argsort(first))
    labels_at = np.bincount(places[codes], weights=order.needed, minlength=order.units.n)
    return places, np.cumsum(labels_at).astype(np.int64)


def _members(units: Units, subgroups: Subgroups | None) -> dict[str | None, NDArray[np.int64]]:
    """The numbers of the units that have each value of a column, by the value; of all units by None."""
    of_values = {} if subgroups is None else {value: subgroups.of_each == k for k, value in enumerate(subgroups.values)}
    own: dict[str | None, NDArray[np.int64]] = {
        value: np.unique(units.of_sample[among]) for value, among in of_values.items()
    }
    return own | {None: np.arange(units.n)}
