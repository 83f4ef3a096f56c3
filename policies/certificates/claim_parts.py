"""The parts of a claim on a table, each with the losses that were seen: what a certificate tests one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim
from policies.certificates.losses import HAMMING, Loss
from policies.certificates.outcomes import Outcomes, PartLosses, part_losses
from policies.certificates.parts.base import ClaimPart, MeanTest
from policies.certificates.parts.drop import DropPart
from policies.certificates.parts.ratio import RatioPart
from policies.judging.judged import Judged, judged_units
from policies.parents.membership import Parents
from policies.policy import Decision
from policies.qualities.base import RIGHT_OR_WRONG
from policies.tables.base import ExitTable
from policies.tables.units import Units


@dataclass(frozen=True)
class PartTests:
    """How the parts of a claim about one policy are tested, as far as that is not the same for all policies.

    Attributes:
        chosen: How each part is tested whose losses are not 0 or 1, by its name; where a name is missing, by betting,
            and drops by betting on the net.
        open_share: Share of an answer's labels that can differ from the full network's, in (0, 1]: no Hamming loss can
            rise by more. It is known of the policy, never seen.
    """

    chosen: Mapping[str, MeanTest] = field(default_factory=dict)
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
        tests: How the parts are tested; by betting where None.
    """
    units = units_of(table, decision)
    outcomes = Outcomes.of(table, decision, claim)
    return tuple(
        _part(part, units, outcomes.differs, tests or PartTests())
        for part in part_losses(claim, outcomes, used_exits=np.unique(outcomes.exits))
    )


def _part(part: PartLosses, units: Units, differs: NDArray[np.bool_] | None, tests: PartTests) -> ClaimPart:
    # Of a subgroup as if it were a table of its own.
    hold_several = (units if part.subgroup is None else units.among(part.among)).hold_several
    whole = ClaimPart(
        name=part.name,
        family=part.family,
        loss=part.loss,
        limit=part.limit,
        losses=units.mean(part.losses, part.among),
        unit=units.kind,
        is_binary=not hold_several and part.loss.is_binary,
        subgroup=part.subgroup,
        differing=None if differs is None else units.mean(differs.astype(np.float64), part.among),
        test=tests.chosen.get(part.name, MeanTest.NET if part.loss is Loss.DROP else MeanTest.BETTING),
    )
    if part.counts is not None:
        numerator = units.mean(part.counts.numerator, part.among)
        denominator = units.mean(part.counts.denominator, part.among)
        counts = replace(part.counts, numerator=numerator, denominator=denominator)
        return RatioPart(**vars(whole), counts=counts, value=part.required)
    if part.loss is Loss.DROP:
        largest = tests.open_share if part.quality == HAMMING else 1.0
        is_paired = not hold_several and part.quality in RIGHT_OR_WRONG
        return DropPart(**vars(whole), quality=part.quality, largest=largest, is_paired=is_paired)
    return whole


def parents_of(decision: Decision) -> Parents | None:
    """The parents that answers are pooled over; None where samples answer for themselves."""
    return None if decision.parents is None else decision.parents.parents


def units_of(table: ExitTable, decision: Decision) -> Units:
    """The independent units of what is judged on a table."""
    return judged_units(Units.of(table), parents_of(decision))


def unused_exits(claim: Claim, table: ExitTable, decision: Decision) -> tuple[int, ...]:
    """Depths, from 1, of which an exit floor claims nothing, since nobody left there."""
    if claim.exit_floor is None:
        return ()
    taken = Judged(decision.view, table.truth).deepest(decision.exits)
    left = np.bincount(taken, minlength=table.n_exits)
    return tuple(int(k) + 1 for k in np.flatnonzero(left == 0))
