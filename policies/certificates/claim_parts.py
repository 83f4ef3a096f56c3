"""The parts of a claim on a table, each with the losses that were seen: what a certificate tests one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from policies.certificates.claims import Claim
from policies.certificates.losses import HAMMING, Loss
from policies.certificates.outcomes import Outcomes, PartLosses, part_losses
from policies.certificates.parts.base import ClaimPart
from policies.certificates.parts.drop import DropPart, DropTest
from policies.certificates.parts.ratio import RatioPart
from policies.judging.judged import Judged, judged_units
from policies.parents.membership import Parents
from policies.policy import Decision
from policies.tables.base import ExitTable
from policies.tables.units import Units


@dataclass(frozen=True)
class PartTests:
    """How the parts of a claim about one policy are tested, as far as that is not the same for all policies.

    Attributes:
        drops: How each drop is tested, by the name of its part; by the net where a name is missing.
        open_share: Share of an answer's labels that can differ from the full network's, in (0, 1]: no Hamming loss can
            rise by more. It is known of the policy, never seen.
    """

    drops: Mapping[str, DropTest] = field(default_factory=dict)
    open_share: float = 1.0


def measure(
    claim: Claim, table: ExitTable, decision: Decision, *, tests: PartTests | None = None
) -> tuple[ClaimPart, ...]:
    """The parts of a claim on one table, the main one first.

    A class without samples is a part that cannot pass; an exit where nobody left is none, since nothing is
    claimed of it.

    Args:
        claim: Claim whose parts are measured.
        table: The ``certify`` table, N samples.
        decision: Exits and answers of the policy on the table.
        tests: How the parts are tested; drops by the net where None.
    """
    units = judged_units(Units.of(table), parents_of(decision))
    outcomes = Outcomes.of(table, decision, claim)
    return tuple(
        _part(part, units, tests or PartTests())
        for part in part_losses(claim, outcomes, used_exits=np.unique(outcomes.exits))
    )


def _part(part: PartLosses, units: Units, tests: PartTests) -> ClaimPart:
    # Of a subgroup as if it were a table of its own.
    hold_several = units.hold_several if part.subgroup is None else units.hold_several_among(part.among)
    whole = ClaimPart(
        name=part.name,
        family=part.family,
        loss=part.loss,
        limit=part.limit,
        losses=units.mean(part.losses, part.among),
        unit=units.kind,
        is_binary=not hold_several and part.loss.is_binary,
        subgroup=part.subgroup,
    )
    if part.counts is not None:
        numerator = units.mean(part.counts.numerator, part.among)
        denominator = units.mean(part.counts.denominator, part.among)
        counts = replace(part.counts, numerator=numerator, denominator=denominator)
        return RatioPart(**vars(whole), counts=counts, value=part.required)
    if part.loss is Loss.DROP:
        largest = tests.open_share if part.quality == HAMMING else 1.0
        test = tests.drops.get(part.name, DropTest.NET)
        return DropPart(**vars(whole), quality=part.quality, largest=largest, test=test)
    return whole


def parents_of(decision: Decision) -> Parents | None:
    """The parents that answers are pooled over; None where samples answer for themselves."""
    return None if decision.parents is None else decision.parents.parents


def n_units(table: ExitTable, decision: Decision) -> int:
    """Number of independent units of what is judged on a table."""
    return judged_units(Units.of(table), parents_of(decision)).n


def unused_exits(claim: Claim, table: ExitTable, decision: Decision) -> tuple[int, ...]:
    """Depths, from 1, of which an exit floor claims nothing, since nobody left there."""
    if claim.exit_floor is None:
        return ()
    taken = Judged(decision.view, table.truth).deepest(decision.exits)
    left = np.bincount(taken, minlength=table.n_exits)
    return tuple(int(k) + 1 for k in np.flatnonzero(left == 0))
