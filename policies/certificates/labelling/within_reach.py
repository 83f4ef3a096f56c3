"""Whether any labels could prove a claim, told before somebody gives them."""

from __future__ import annotations

import math

from policies.certificates.bounds.betting import most_growth
from policies.certificates.claims import Claim
from policies.certificates.labelling.joint_bets import JointBets, Standing
from policies.certificates.labelling.order import LabellingOrder
from policies.certificates.parts.base import ClaimPart, MeanTest
from policies.certificates.testing.fixed_sequence import tested_parts
from policies.certificates.testing.subgroup_tests import require_enough_units
from policies.errors import ClaimError
from policies.policy import Policy
from policies.tables.base import ExitTable
from policies.tables.identity import require_disjoint


def require_within_reach(
    policy: Policy,
    order: LabellingOrder,
    claim: Claim,
    *,
    delta: float,
    sequential: bool = False,
    search: ExitTable | None = None,
) -> None:
    """Refuse to ask for labels that cannot prove a claim whatever they are.

    No label is looked at, so that a table that is refused may be added to, and labelled then. What bets may win is
    bounded from above, so that a table just too small may not be refused.

    Args:
        policy: Policy to certify.
        order: The order of labelling for it.
        claim: What is claimed.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        sequential: Whether labels are looked at as they come.
        search: The table that settles how a drop is tested, or None.

    Raises:
        ClaimError: If no labels can prove it.
    """
    if sequential:
        bets = JointBets.of(policy, order, claim, {}, delta=delta, budget=None)
        is_within = bets.standing is not Standing.OUT_OF_REACH
    else:
        is_within = _may_all_at_once(policy, order, claim, delta=delta, search=search)
    if not is_within:
        raise ClaimError(
            f"labels must be able to prove that {claim} but whatever they are {order.units.n} {order.units.kind}s are "
            f"too few; nothing was written: ask for less, or take a table of more"
        )


def _may_all_at_once(
    policy: Policy, order: LabellingOrder, claim: Claim, *, delta: float, search: ExitTable | None
) -> bool:
    """Whether labels that are looked at together may prove a claim."""
    # Of all that are not labelled the policy is right, so that each loses the least that it can.
    best = order.labelled({})
    searched = None if search is None else search.answered(policy.answering)
    if searched is not None:
        require_disjoint({"search": searched, "certify": best})
    _, parts = tested_parts(policy, best, claim, search=searched, delta=delta)
    require_enough_units(claim, parts, delta=delta)
    return all(_may_pass(part, delta) for part in parts)


def _may_pass(part: ClaimPart, delta: float) -> bool:
    """Whether a part may pass with losses no smaller than these.

    Bets also learn how losses spread: what is gained by the first units may cost more stakes than it wins. So a part
    that is bet on may pass where its least losses do not, but never by more than its bets can win at these.
    """
    if part.p_value(delta) <= delta:
        return True
    if not part.loss.needs_labels or part.method not in (MeanTest.BETTING, MeanTest.NET):
        return False
    growth = sum(most_growth(limit=part.limit, loss=loss) for loss in part.losses.tolist() if loss <= part.limit)
    return growth >= math.log(1 / delta)
