"""What policies should reach where they are searched for, so that a claim is certified: a margin for each part."""

from __future__ import annotations

from policies.certificates.claims import Claim, require_delta
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import HAMMING, Loss
from policies.certificates.power import require_power
from policies.certificates.statements import Statement
from policies.goals.fields import POWER
from policies.selection.margins.margin import CertificateMargin, EstimateMargin, Margin, power_of_each
from policies.selection.split_size import SplitSize


def tightened_claim(
    claim: Claim, size: SplitSize, *, delta: float, power: float = POWER, certifies: bool = True
) -> Claim | None:
    """What policies should reach where they are searched for, so that the claim is certified as often as is asked.

    A policy of which this is just true is certified with probability ``power`` over the draw of a split of that size:
    exactly for a single target of accuracy, degradation or class floor on samples; several parts share the power
    (:func:`~policies.selection.margins.margin.power_of_each`), so that it is at least about that. With groups of
    several samples, and for other qualities, it is as though units were right or wrong as a whole, by the sum of losses
    or by betting, whichever leaves more; for drops it is an approximation as though the policy never corrected the full
    network, by whichever test leaves more, and it leaves too little where the policy often does; for the relative drop
    it is also as though the full network's quality were 1. Of sets of labels it is as though no more than one label
    were wrong, or as few as could break the limit. The exit floor is left as it is: nobody knows beforehand how many
    will leave where. So is the class floor where units hold several samples. Where something is claimed for every value
    of a column, the limits are those that the smallest subgroup needs;
    :func:`~policies.selection.search_target.tightened_request` has each value's own.

    Args:
        claim: Claim that is to be certified.
        size: Size of the split that the margin is for: ``certify``, or ``search`` for an estimate.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        power: Probability of being certified, in (0, 1); of no effect on an estimate.
        certifies: Whether the margin is that of a certificate; else that of an estimate on a split that is seen.

    Returns:
        The claim with tighter limits, or None where even a policy without loss could not be certified.

    Raises:
        ClaimError: If ``delta`` or ``power`` is not in (0, 1).
    """
    require_delta(delta)
    require_power(power)
    each = power_of_each(power, n_parts(claim, size))
    return with_margin(claim, size, CertificateMargin(delta, each) if certifies else EstimateMargin(delta))


def n_parts(claim: Claim, size: SplitSize) -> int:
    """How many parts of a claim must pass together that a search can aim at.

    That is each statement, of every subgroup where there are any: all samples together pass where these do. A floor of
    classes counts as one, as though one class were the worst; an accuracy that it implies does not count beside it.

    Args:
        claim: Claim that is to be certified.
        size: Size of the split that certifies.
    """
    n_subgroups = len(size.subgroups) if claim.by is not None else 0
    is_implied = claim.floor_implies_target and not n_subgroups
    has_margin = claim.class_floor is not None and size.smallest_class is not None
    return len(claim.statements) * max(n_subgroups, 1) + has_margin - (has_margin and is_implied)


def with_margin(claim: Claim, size: SplitSize, margin: Margin) -> Claim | None:
    """A claim with the limits that a margin leaves to each of its parts; None where one of them leaves nothing.

    Args:
        claim: Claim that is to be certified.
        size: Size of the split that the margin is for; where the claim is for every value of a column, its smallest
            subgroup's counts.
        margin: From what is claimed to what is looked for.
    """
    size = size.deciding(claim)
    found = {one: _tightened(one, size, margin) for one in claim.statements}
    floor = claim.class_floor
    if floor is not None and size.smallest_class is not None:
        look = margin.share if size.units.hold_several else margin.rate
        largest = look(1 - floor, size.smallest_class)
        if largest is None:
            return None
        floor = 1 - largest
    known = {one: required for one, required in found.items() if required is not None}
    return claim.with_limits(known, class_floor=floor) if len(known) == len(found) else None


def _tightened(one: Statement, size: SplitSize, margin: Margin) -> float | None:
    """What to look for in place of what a statement requires; None where nothing would do."""
    n = size.units.n
    if one.loss is Loss.SHORTFALL:
        return _ratio(one, size, margin)
    if one.loss is Loss.RELATIVE_DROP:
        return margin.mean(one.required, n, least=-1.0)
    if one.loss is Loss.DROP:
        return _drop(one, size, margin)
    if one.loss is Loss.EXCESS:
        by_labels = margin.mean(one.limit, n, size=size.lost_at_once(one.limit))
        return margin.share(one.limit, n) if by_labels is None else by_labels
    look = margin.rate if one.loss.is_binary and not size.units.hold_several else margin.share
    found = look(one.limit, n)
    return 1 - found if one.loss.is_read_as_least and found is not None else found


def _ratio(one: Statement, size: SplitSize, margin: Margin) -> float | None:
    """The least F1, recall or precision of labels to look for; of several the one that the rarest label needs."""
    ratio = LabelRatio.named(one.quality)
    if ratio is None:
        return None
    positives, n_labels = size.counted_by(ratio)
    return margin.ratio(one.required, size.units.n, weight=ratio.weight, positives=positives, n_labels=n_labels)


def _drop(one: Statement, size: SplitSize, margin: Margin) -> float | None:
    """The largest drop to look for, by whichever test leaves more."""
    n, share = size.units.n, size.lost_at_once(one.limit) if one.quality == HAMMING else 1.0
    lost = margin.rate(one.limit, n)
    if share == 1:
        return lost
    net = margin.mean(one.limit, n, least=-1.0, size=share)
    return max((limit for limit in (None if lost is None else share * lost, net) if limit is not None), default=None)
