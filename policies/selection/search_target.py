"""How much more than the target a search should look for, so that the target holds on new data: the one margin.

Where a certificate is possible, it is what the certificate needs of the ``certify`` split; where none is, what a lower
bound on ``search`` itself needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

import numpy as np

from policies.certificates.claims import Claim, require_delta
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import HAMMING, Loss
from policies.certificates.power import require_power
from policies.certificates.sample_size import samples_needed, sum_units_needed, units_needed
from policies.certificates.statements import Statement
from policies.errors import ClaimError
from policies.estimates.estimated_bounds import LEVEL
from policies.goals.fields import POWER
from policies.goals.request import Request
from policies.names import list_some
from policies.selection.margins import CertificateMargin, EstimateMargin, Margin, power_of_each
from policies.selection.split_size import SplitSize
from policies.tables.base import ExitTable


@dataclass(frozen=True)
class SearchTarget:
    """What is searched for.

    Attributes:
        asked: What was asked for, without a margin.
        tightened: What was asked for, with the margin added.
        claim: What is to be certified; None where nothing is.
        certify: Size of the split that certifies; None where there is none.
        why_not: Why not even a policy without an error could be certified, as a clause for a person; empty where one
            could, and where nothing is to be certified.
        too_few: Of which values of the claim's column ``search`` has too few samples to tell whether the target is
            reached, as a sentence for a person; empty where of none.
    """

    asked: Request
    tightened: Request
    claim: Claim | None = None
    certify: SplitSize | None = None
    why_not: str = ""
    too_few: str = ""

    @property
    def is_certifiable(self) -> bool:
        """Whether the margin is that of a certificate."""
        return self.claim is not None and not self.why_not


def search_target(asked: Request, *, search: SplitSize, certify: SplitSize | None) -> SearchTarget:
    """The one place that adds a margin to what was asked for.

    What is looked for decides which policies are found, so that how often labels occur is taken from ``search``: those
    of ``certify`` must tell nothing before policies are tested on it.

    Args:
        asked: What was asked for, without a margin.
        search: Size of the split that policies are chosen on.
        certify: Size of the split that certifies; None where there is none.
    """
    certify = None if certify is None else certify.with_labels_of(search)
    claim = asked.claim if certify is not None else None
    if claim is not None and certify is not None:
        tightened = tightened_request(asked, claim, certify, power=asked.power)
        if tightened is not None:
            return SearchTarget(asked, tightened, claim, certify, too_few=too_few_on_search(tightened, search, certify))
        why_not = why_never_certified(claim, certify, delta=asked.delta)
    else:
        why_not = ""
    return SearchTarget(asked, _with_estimate(asked, search), claim, certify, why_not)


def table_target(asked: Request, search: ExitTable, certify: ExitTable | None) -> SearchTarget:
    """What to search for on a network's tables: what is asked, with the margin that their sizes need."""
    by = None if asked.claim is None else asked.by
    size = None if certify is None else SplitSize.of_table(certify, by=by)
    try:
        of_search = SplitSize.of_table(search, by=by, is_claimed=False)
    except ClaimError as error:
        raise ClaimError(f"search: {error}") from None
    return search_target(asked, search=of_search, certify=size)


def tightened_request(asked: Request, claim: Claim, certify: SplitSize, *, power: float) -> Request | None:
    """What is searched for, so that the claim is certified with a stated probability; None where it cannot be.

    Args:
        asked: What was asked for, without a margin.
        claim: What of it is to be certified.
        certify: Size of the split that certifies.
        power: Probability of being certified, in (0, 1), of a policy that just does what is searched for.
    """
    margin = CertificateMargin(asked.delta, power_of_each(power, n_parts(claim, certify)))
    overall = with_margin(claim.overall, certify, margin)
    if overall is None or claim.by is None:
        return None if overall is None else asked.with_claim(overall)
    # A floor of classes is about all samples.
    of_value, by_units = replace(claim.overall, class_floor=None), dict[int, Claim | None]()
    for own in certify.subgroups:
        if own.units.n not in by_units:
            by_units[own.units.n] = with_margin(of_value, certify.of_subgroup(own), margin)
    known = {own.value: aimed for own in certify.subgroups if (aimed := by_units[own.units.n]) is not None}
    return asked.with_claim(overall, known) if len(known) == len(certify.subgroups) else None


def too_few_on_search(target: Request, search: SplitSize, certify: SplitSize) -> str:
    """Of which values of a column ``search`` cannot tell whether they reach the search target; empty where of none.

    These are the values of which a single loss there would be more than the target allows.

    Args:
        target: What is searched for, with the margin.
        search: Size of the split that policies are chosen on, with its subgroups.
        certify: Size of the split that certifies, with its subgroups.
    """
    there = {own.value: own.units.n for own in search.subgroups}
    told = []
    for own in certify.subgroups if search.subgroups else ():
        allowed = min(one.allowed for one in target.of_values[own.value].statements)
        n = there.get(own.value, 0)
        if n * allowed < 1:
            needed = f", {math.ceil(1 / allowed):,} needed" if allowed > 0 else ""
            told.append(f"{own.value} ({n:,}{needed})")
    if not told:
        return ""
    return (
        f"search has too few {search.units.kind}s of {len(told)} of {len(certify.subgroups)} values of {target.by} to "
        f"tell whether policies reach the search target there: {list_some(told, are_quoted=False)}; what is chosen may "
        f"fail at these"
    )


def tightened_claim(
    claim: Claim, size: SplitSize, *, delta: float, power: float = POWER, certifies: bool = True
) -> Claim | None:
    """What policies should reach where they are searched for, so that the claim is certified as often as is asked.

    A policy of which this is just true is certified with probability ``power`` over the draw of a split of that size:
    exactly for a single target of accuracy, degradation or class floor on samples; several parts share the power
    (:func:`~policies.selection.margins.power_of_each`), so that it is at least about that. With groups of several
    samples, and for other qualities, it is as though units were right or wrong as a whole, by the sum of losses or by
    betting, whichever leaves more; for drops it is an approximation as though the policy never corrected the full
    network, by whichever test leaves more, and it leaves too little where the policy often does; for the relative drop
    it is also as though the full network's quality were 1. Of sets of labels it is as though no more than one label
    were wrong. The exit floor is left as it is: nobody knows beforehand how many will leave where. So is the class
    floor where units hold several samples. Where something is claimed for every value of a column, the limits are those
    that the smallest subgroup needs; :func:`tightened_request` has each value's own.

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
    floor, target = claim.class_floor, claim.target
    is_implied = floor is not None and target is not None and target <= floor and not n_subgroups
    has_margin = floor is not None and size.smallest_class is not None
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
        by_labels = margin.mean(one.limit, n, size=1 / len(size.positives))
        return margin.share(one.limit, n) if by_labels is None else by_labels
    look = margin.rate if one.loss.is_binary and not size.units.hold_several else margin.share
    found = look(one.limit, n)
    return 1 - found if one.loss.is_read_as_least and found is not None else found


def _ratio(one: Statement, size: SplitSize, margin: Margin) -> float | None:
    """The least F1, recall or precision of labels to look for; of several the one that the rarest label needs."""
    ratio, positives = LabelRatio.named(one.quality), size.positives
    if ratio is None:
        return None
    is_one = ratio.is_worst or ratio.label is not None
    return margin.ratio(
        one.required,
        size.units.n,
        weight=ratio.weight,
        positives=size.rarest_of(ratio) if is_one else float(positives.sum()),
        n_labels=1 if is_one else len(positives),
    )


def _drop(one: Statement, size: SplitSize, margin: Margin) -> float | None:
    """The largest drop to look for, by whichever test leaves more."""
    n, share = size.units.n, 1 / len(size.positives) if one.quality == HAMMING else 1.0
    lost = margin.rate(one.limit, n)
    if share == 1:
        return lost
    net = margin.mean(one.limit, n, least=-1.0, size=share)
    return max((limit for limit in (None if lost is None else share * lost, net) if limit is not None), default=None)


@dataclass(frozen=True)
class Shortage:
    """What not even a policy without an error can be certified to do with so few units.

    Attributes:
        what: The part of the claim that cannot be certified, as a person names it.
        given: Number of units that there are.
        units: What they are called.
        needed: About how many certify it where nothing is lost; None where no number would.
    """

    what: str
    given: int
    units: str
    needed: int | None

    @property
    def times_too_few(self) -> float:
        """How many times as many would be needed."""
        return math.inf if self.needed is None else self.needed / max(self.given, 1)

    def __str__(self) -> str:
        if self.needed is None:
            return f"{self.what} can never be certified; ask for less"
        return (
            f"certify has {self.given} {self.units}, too few to certify {self.what} even without an error: about "
            f"{self.needed} are needed; nothing will be certified"
        )


def shortage(claim: Claim, size: SplitSize, *, delta: float) -> Shortage | None:
    """What not even a policy without an error can be certified to do; None where there is nothing of the kind.

    Of several such parts of a claim it is the one that needs the largest multiple of the units that there are.

    Args:
        claim: Claim that is to be certified.
        size: Size of the split that certifies.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    size = size.deciding(claim)
    n, unit = size.units.n, size.units.kind
    units = f"{unit}{'' if n == 1 else 's'}"
    if claim.by is not None and size.smallest_subgroup is not None:
        units += f" where {size.smallest_subgroup.name}"
    asked = [(one.request, n, units, one) for one in claim.statements]
    if claim.class_floor is not None and size.smallest_class is not None:
        floor = Statement("class_floor", claim.quality, Loss.ERROR, claim.class_floor)
        what, of_class = f"a recall of {claim.class_floor:g}", f"{unit}s of the smallest class"
        asked.append((what, size.smallest_class, of_class, floor))
    found = []
    for what, given, those, one in asked:
        needed = fewest_units(one, hold_several=size.units.hold_several, delta=delta, at_least=given, labels=size)
        if needed is None or needed > given:
            found.append(Shortage(what, given, those, needed))
    return max(found, key=lambda own: own.times_too_few, default=None)


def why_never_certified(claim: Claim, size: SplitSize, *, delta: float) -> str:
    """Why not even a policy without an error can be certified, as a clause for a person; empty where it can be."""
    found = shortage(claim, size, delta=delta)
    return "" if found is None else str(found)


def fewest_units(
    one: Statement, *, hold_several: bool, delta: float, at_least: int = 1, labels: SplitSize | None = None
) -> int | None:
    """Fewest units that certify a part of a claim where nothing is lost; None where no number would.

    Args:
        one: What is claimed.
        hold_several: Whether some unit holds several samples.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        at_least: What is not worth knowing by bets is whether fewer would do.
        labels: A split whose labels occur as often; None: one label that always occurs.
    """
    if one.loss is Loss.DROP or (one.loss.is_binary and not hold_several):
        # Of a drop what is lost alone can be counted, also of groups.
        return samples_needed(0.0, target=1 - one.limit, delta=delta)
    if one.loss not in (Loss.RELATIVE_DROP, Loss.SHORTFALL):
        return sum_units_needed(np.zeros(max(at_least, 1)), limit=one.limit, delta=delta)
    best, least = 0.0, one.loss.least
    if one.loss is Loss.RELATIVE_DROP:
        # Where the full network's figures are kept, and are 1, all that may be lost of them is left.
        best = -one.required
    ratio = LabelRatio.named(one.quality)
    if one.loss is Loss.SHORTFALL and ratio is not None:
        least = -ratio.weight * (1 - one.required) / one.required
        best = least if labels is None else least * labels.share_of(ratio)
    return units_needed(np.full(max(at_least, 1), best), limit=one.limit, delta=delta, least=least)


def _with_estimate(asked: Request, search: SplitSize) -> Request:
    """The request with what a lower bound on ``search`` needs of its main limits; as it is where none would do."""
    claim = asked.claim
    # What is estimated is about all samples.
    tightened = None if claim is None else tightened_claim(claim.overall, search, delta=LEVEL, certifies=False)
    return asked if tightened is None else asked.with_claim(tightened)
