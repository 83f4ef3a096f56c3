"""The certificate of labels that are looked at as they come, and why it does not certify, or not yet."""

from __future__ import annotations

from policies.certificates.certificate import Certificate
from policies.certificates.claims import Claim
from policies.certificates.labelling.forecast import Forecast
from policies.certificates.labelling.joint_bets import JointBets, Standing
from policies.certificates.labelling.order import LabellingOrder
from policies.certificates.labelling.part_bets import PartBets
from policies.certificates.parts.base import ClaimPart
from policies.certificates.parts.result import PartResult, note_on_other_values, worst_subgroup
from policies.certificates.testing.fixed_sequence import SequenceStep
from policies.certificates.unseen import doubts_about_samples
from policies.policy import Policy


METHOD = "betting in a fixed order, valid whenever one stops (Waudby-Smith and Ramdas, 2024; Ville, 1939)"


def sequential_certificate(
    policy: Policy, order: LabellingOrder, claim: Claim, bets: JointBets, expected: Forecast
) -> Certificate:
    """The certificate on the units that are known.

    Args:
        policy: Policy to certify.
        order: The order that was fixed for it.
        claim: What is claimed.
        bets: Those on what is known.
        expected: What is expected of the labels that are left; of no effect on what is proved.
    """
    table, delta, standing = order.table, bets.delta, bets.standing
    passed = standing is Standing.PROVED
    reason = "" if passed else _why_not(order, bets, standing, expected)
    found = {one.part.name: _of_bets(one, bets) for one in bets.bets}
    found |= {part.name: _of_all(part, bets) for part in bets.settled}
    parts = tuple(found[name] for name in bets.names)
    return Certificate(
        certified=passed,
        reason=reason,
        claim=claim,
        delta=delta,
        level=delta,
        method=METHOD if len(parts) == 1 else f"{METHOD}, of every part (intersection-union)",
        unit=order.units.kind,
        n=bets.n_known,
        loss=parts[0].loss,
        observed=_main_observed(parts),
        bound=parts[0].bound,
        p_value=max(part.p_value for part in parts),
        more_needed=0 if passed else None,
        parts=parts,
        notes=(_how_far(order, bets), *note_on_other_values(parts, claim.by), *doubts_about_samples(policy, table)),
        sequence=(_step(policy, order, parts, delta=delta, reason=reason),),
        table_hash=table.split_hash,
        policy_hash=policy.policy_hash,
        model_hash=table.meta.get("model_hash"),
        worst_subgroup=worst_subgroup(parts),
    )


def _step(
    policy: Policy, order: LabellingOrder, parts: tuple[PartResult, ...], *, delta: float, reason: str
) -> SequenceStep:
    """The one policy that is tested; why it did not pass, or has not yet, is empty where it has."""
    return SequenceStep(
        policy_hash=policy.policy_hash,
        model_hash=order.table.meta.get("model_hash"),
        observed=_main_observed(parts),
        p_value=max(part.p_value for part in parts),
        level=delta,
        settled_for=delta,
        passed=not reason,
        reason=reason,
        more_needed=None if reason else 0,
    )


def _main_observed(parts: tuple[PartResult, ...]) -> float:
    """Mean of the main part; 0 where none of its units is known yet."""
    return parts[0].observed or 0.0


def _of_bets(one: PartBets, bets: JointBets) -> PartResult:
    part, n_known, delta = one.part, bets.n_known, bets.delta
    bound, p_value, n_alike = one.bound(n_known, delta), one.p_value(n_known), bets.n_alike(part)
    return PartResult.of(
        part,
        observed=one.observed(n_known),
        bound=bound,
        simultaneous_bound=bound if n_alike == 1 else one.bound(n_known, delta / n_alike),
        p_value=p_value,
        passed=one.proved_at(n_known) is not None,
        n=one.n_among(n_known),
        method=METHOD,
    )


def _of_all(part: ClaimPart, bets: JointBets) -> PartResult:
    """Of a part that needs no labels, on all units."""
    p_value = part.p_value(bets.delta)
    return PartResult.of(
        part,
        observed=part.observed,
        bound=part.bound(bets.delta),
        simultaneous_bound=part.bound(bets.delta / bets.n_alike(part)),
        p_value=p_value,
        passed=p_value <= bets.delta,
        n=part.n,
        method=part.method,
    )


def _how_far(order: LabellingOrder, bets: JointBets) -> str:
    labelled = (
        f"{bets.n_labels} of the {len(order.asked)} {order.whose} were labelled, in an order that was fixed before"
    )
    if order.needed.all() and order.n == bets.n_units:
        return labelled
    alike = "" if order.needed.all() else " and those that are answered alike up to there"
    of = f"{bets.n_units}" if order.n == bets.n_units else f"{bets.n_units} {order.units.kind}s as a whole"
    return f"{labelled}; they{alike} are {bets.n_known} of {of}"


def _why_not(order: LabellingOrder, bets: JointBets, standing: Standing, expected: Forecast) -> str:
    after = f"after {bets.n_labels} label{'s' * (bets.n_labels != 1)}"
    if bets.failed:
        part = bets.failed[0]
        return f"without any label, {part.shortfall(bets.delta)}; stop"
    least = max(bets.unproved, key=lambda one: one.p_value(bets.n_known))
    if standing is Standing.OUT_OF_REACH:
        least = max(bets.hopeless, key=lambda one: one.p_value(bets.n_known))
        seen, side = _p_of(least, bets, after), "least" if least.part.is_least else "most"
        told = f"the {least.part.name} cannot be proved to be at {side} {least.part.required:g}"
        whose, none, stop = "are left", "no label is left", "stop"
        if bets.n_most < len(order.asked):
            whose, none, stop = "the budget leaves", "the budget is spent", "stop, or raise the budget"
        left = f"whatever the labels are that {whose} ({bets.n_left})," if bets.n_left else f"{none}, so that"
        return f"{seen}, and {left} {told}; {stop}"
    not_yet = f"{_p_of(least, bets, after)}, not at most {bets.delta:g} yet"
    if expected.chance is None:
        return f"{not_yet}; go on with the {bets.n_left} that may be given"
    if expected.more_expected is None:
        return (
            f"{not_yet}; if the rest is like what was seen, the labels that are left ({bets.n_left}) will rather not "
            f"prove it"
        )
    return (
        f"{not_yet}; if the rest is like what was seen, about {expected.more_expected} more of those that are left "
        f"({bets.n_left}) will prove it"
    )


def _p_of(one: PartBets, bets: JointBets, after: str) -> str:
    """The largest p-value of what is not proved, named where there are several."""
    p_value = one.p_value(bets.n_known)
    if len(bets.bets) == 1:
        return f"{after} p is {p_value:.3g}"
    return f"{after} p of the {one.part.name} is {p_value:.3g}"
