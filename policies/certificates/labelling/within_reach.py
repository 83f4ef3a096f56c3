"""Whether any labels could prove a claim, told before somebody gives them."""

from __future__ import annotations

from policies.certificates.certificate import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.labelling.joint_bets import JointBets, Standing
from policies.certificates.labelling.order import LabellingOrder
from policies.errors import ClaimError
from policies.policy import Policy
from policies.tables.base import ExitTable


def require_within_reach(
    policy: Policy,
    order: LabellingOrder,
    claim: Claim,
    *,
    delta: float,
    sequential: bool = False,
    search: ExitTable | None = None,
) -> None:
    """Refuse to ask for labels that cannot prove a claim even if the policy is right wherever one is asked for.

    No label is looked at, so that a table that is refused may be added to, and labelled then.

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
        is_within = certify_policy(policy, order.labelled({}), claim, delta=delta, search=search).certified
    if not is_within:
        raise ClaimError(
            f"labels must be able to prove that {claim} but whatever they are {order.units.n} {order.units.kind}s are "
            f"too few; nothing was written: ask for less, or take a table of more"
        )
