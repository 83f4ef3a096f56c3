"""How each subgroup of a claim is tested, and whether all of them have units enough to be tested at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from policies.certificates.claim_parts import PartTests, parents_of, units_of
from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.certificates.parts.base import ClaimPart
from policies.certificates.statements import Statement
from policies.certificates.subgroups import Subgroups, rows_where
from policies.certificates.testing.chosen_tests import choose_tests
from policies.errors import ClaimError
from policies.names import list_some
from policies.policy import Decision, Policy
from policies.qualities import name_where
from policies.tables.base import ExitTable


def with_subgroup_tests(
    tests: PartTests,
    claim: Claim,
    policy: Policy,
    table: ExitTable,
    decision: Decision,
    *,
    search: ExitTable | None,
    delta: float,
) -> PartTests:
    """The tests of a claim with those of its subgroups, each settled as if the subgroup were a table of its own.

    Args:
        tests: How the parts about all samples are tested.
        claim: Claim that the policy is to meet.
        policy: Policy that is to be certified.
        table: The ``certify`` table, of which no answer is looked at.
        decision: Exits and answers of the policy on the table.
        search: The table of the same network that the policy was chosen on; where it has no samples of a subgroup, all
            of its samples settle the test of that. None where there is none.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    if claim.by is None or not tests.chosen:
        return tests
    subgroups = Subgroups.of(table, claim.by, parents_of(decision))
    units, chosen = units_of(table, decision), dict(tests.chosen)
    for k, value in enumerate(subgroups.values):
        rows = np.arange(0) if search is None else rows_where(search, claim.by, value)
        seen = search.take(rows) if search is not None and rows.size else search
        own = units.among(subgroups.of_each == k)
        settled = choose_tests(claim.overall, policy, table, own, search=seen, delta=delta)
        chosen |= {name_where(name, claim.by, value): test for name, test in settled.chosen.items()}
    return replace(tests, chosen=chosen)


def require_enough_units(claim: Claim, parts: Sequence[ClaimPart], *, delta: float) -> None:
    """Refuse a claim for every value of a column where some have too few units to pass even if they lose nothing.

    No label is looked at, so that a table that is refused may be added to and tested later: only the numbers of units,
    and of drops also where answers differ from the full network's, since something may be gained there. F1, recall and
    precision of labels are not judged beforehand: what they need depends on how often labels occur.

    Args:
        claim: Claim that a policy is to meet.
        parts: Its parts on the ``certify`` table.
        delta: Largest probability of certifying what does not hold, in (0, 1).

    Raises:
        ClaimError: If there are such values, with how many more units each needs.
    """
    if claim.by is None:
        return
    lacking: dict[str, str] = {}
    stated: list[str] = []
    for one in claim.statements:
        for part in parts:
            if part.subgroup is None or part.name != name_where(one.name, claim.by, part.subgroup):
                continue
            more = _lacking(one, part, delta)
            if more is not None:
                lacking.setdefault(part.subgroup, f"{part.subgroup} ({part.n} {part.unit}s, {more})")
                stated.append(one.request)
    if lacking:
        raise ClaimError(
            f"every value of {claim.by!r} needs enough {parts[0].unit}s to certify {stated[0]} but too few even "
            f"without a loss have {list_some(lacking.values())}; nothing was tested: add samples of these, ask for "
            f"less, or claim it without by"
        )


def _lacking(one: Statement, part: ClaimPart, delta: float) -> str | None:
    """How many more units a part needs that cannot pass whatever the labels are; None where it can, or nobody knows."""
    if one.loss is Loss.SHORTFALL:
        return None
    # What must be kept of the full network's figure, which is 1 at most, may be had and more.
    least = -one.required if one.loss is Loss.RELATIVE_DROP else 0.0
    kept = replace(part, losses=np.full(part.n, least))
    if min(kept.p_value(delta), _with_gains(part, least).p_value(delta)) <= delta:
        return None
    more = kept.more_needed(delta)
    return "no number would do" if more is None else f"about {more} more needed"


def _with_gains(part: ClaimPart, least: float) -> ClaimPart:
    """A part where all is gained that may be: wherever answers differ, or everywhere if nobody knows where they do.

    Args:
        part: The part.
        least: What a unit loses at least that is answered alike.
    """
    if part.loss not in (Loss.DROP, Loss.RELATIVE_DROP):
        return replace(part, losses=np.full(part.n, least))
    differing = np.ones(part.n) if part.differing is None else part.differing
    return replace(part, losses=least - differing * (1 + least))
