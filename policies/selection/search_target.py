"""How much more than the target a search should look for, so that the target holds on new data: the one margin.

Where a certificate is possible, it is what the certificate needs of the ``certify`` split; where none is, what a lower
bound on ``search`` itself needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim, require_delta
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import HAMMING, Loss
from policies.certificates.power import require_power
from policies.certificates.sample_size import samples_needed, sum_units_needed, units_needed
from policies.certificates.statements import Statement
from policies.certificates.subgroups import HasColumns, Subgroups
from policies.estimates.estimated_bounds import LEVEL
from policies.goals.fields import POWER
from policies.goals.request import Request
from policies.judging.judged import judged_units
from policies.parents.membership import HasParents, Parents
from policies.pooling.answering import Answering
from policies.selection.margins import CertificateMargin, EstimateMargin, Margin
from policies.tables.base import ExitTable, Truth
from policies.tables.identity import Identified
from policies.tables.multilabel import LabelSets
from policies.tables.units import Units


class HasParentsAndColumns(HasParents, HasColumns, Protocol):
    """A table, or a split of the data."""


@dataclass(frozen=True)
class SubgroupSize:
    """How much can be learnt of a subgroup, the samples that have one value of a column.

    Attributes:
        name: What a person calls it, such as ``site = A``.
        units: Its independent units.
    """

    name: str
    units: Units

    @classmethod
    def smallest_of(cls, subgroups: Subgroups, units: Units) -> SubgroupSize:
        """The subgroup with the fewest units; of equal ones the first.

        Args:
            subgroups: Which of those that are judged has which value.
            units: The units that these belong to.
        """
        smallest = int(subgroups.n_units.argmin())
        return cls(subgroups.phrase(subgroups.values[smallest]), units.among(subgroups.of_each == smallest))


@dataclass(frozen=True)
class SplitSize:
    """How much can be learnt from a split.

    Attributes:
        units: Independent units of the split: its samples, or its groups.
        smallest_class: Samples of the class that has the fewest, 0 for one that has none; None where some unit holds
            several samples, which may be of several classes.
        positives: How often each label is on, as a share, shape (L,); a single 1 where there are no sets of labels.
        label_names: Names of the labels, length L; none where there are no sets of labels.
        smallest_subgroup: The subgroup with the fewest units, where something is claimed for every value of a column.
    """

    units: Units
    smallest_class: int | None
    positives: NDArray[np.float64] = field(default_factory=lambda: np.ones(1), compare=False)
    label_names: tuple[str, ...] = ()
    smallest_subgroup: SubgroupSize | None = None

    @classmethod
    def of(cls, split: Identified, truth: Truth, parents: Parents | None = None) -> SplitSize:
        """The size of a table, or of a split of the data.

        Args:
            split: The samples.
            truth: What answers are judged by, of what is judged: of samples, or of parents.
            parents: Which samples make which parent, where answers are pooled.
        """
        units = judged_units(Units.of(split), parents)
        smallest = None if units.hold_several else int(np.bincount(truth.strata, minlength=truth.n_strata).min())
        if isinstance(truth, LabelSets):
            return cls(units, smallest, truth.labels.mean(axis=0), truth.names)
        return cls(units, smallest)

    @classmethod
    def of_table(cls, table: ExitTable, *, by: str | None = None) -> SplitSize:
        """The size of a table, as it is answered; the column ``by`` is that of a claim for every value of it.

        Raises:
            ExitSearchError: If nothing can be claimed for every value of the column.
        """
        size = cls.answered(table, table.truth, table.answering)
        return size if by is None else size.with_subgroups(table, by, table.answering)

    @classmethod
    def answered(cls, split: HasParents, truth: Truth, answering: Answering) -> SplitSize:
        """The size of a table or a split, in what is judged: samples, or the parents that answers are pooled to.

        Args:
            split: The samples.
            truth: What answers about them are judged by.
            answering: How they are answered.

        Raises:
            ExitTableError: If answers are to be pooled and samples have no parents, or differ within one and must not.
        """
        if answering.pooling is None:
            return cls.of(split, truth)
        parents = Parents.of(split)
        return cls.of(split, truth.of_parents(parents.of_sample, parents.names, answering.parent_labels), parents)

    def with_subgroups(self, split: HasParentsAndColumns, by: str, answering: Answering) -> SplitSize:
        """The same with the smallest subgroup of a claim for every value of a column.

        Args:
            split: The samples that it is the size of.
            by: Name of the column.
            answering: How they are answered.

        Raises:
            ClaimError: If nothing can be claimed for every value of the column.
        """
        parents = None if answering.pooling is None else Parents.of(split)
        return replace(self, smallest_subgroup=SubgroupSize.smallest_of(Subgroups.of(split, by, parents), self.units))

    def deciding(self, claim: Claim) -> SplitSize:
        """The size that decides whether a claim can be certified: that of the smallest subgroup where there are any."""
        if claim.by is None or self.smallest_subgroup is None:
            return self
        return replace(self, units=self.smallest_subgroup.units)

    def with_labels_of(self, other: SplitSize) -> SplitSize:
        """The same with labels that occur as often as on another split."""
        return replace(self, positives=other.positives, label_names=other.label_names)

    def rarest_of(self, ratio: LabelRatio) -> float:
        """How often the rarest of the labels is on that a ratio counts by themselves."""
        if ratio.label is not None and self.label_names:
            return float(self.positives[ratio.place(self.label_names)])
        return float(self.positives.min())

    def share_of(self, ratio: LabelRatio) -> float:
        """Share of the labels that a ratio counts that are on."""
        is_one = ratio.is_worst or ratio.label is not None
        return self.rarest_of(ratio) if is_one else float(self.positives.mean())


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
    """

    asked: Request
    tightened: Request
    claim: Claim | None = None
    certify: SplitSize | None = None
    why_not: str = ""

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
        tightened = tightened_claim(claim, certify, delta=asked.delta, power=asked.power)
        if tightened is not None:
            return SearchTarget(asked, asked.with_claim(tightened), claim, certify)
        why_not = why_never_certified(claim, certify, delta=asked.delta)
    else:
        why_not = ""
    return SearchTarget(asked, _with_estimate(asked, search), claim, certify, why_not)


def table_target(asked: Request, search: ExitTable, certify: ExitTable | None) -> SearchTarget:
    """What to search for on a network's tables: what is asked, with the margin that their sizes need."""
    size = None if certify is None else SplitSize.of_table(certify, by=None if asked.claim is None else asked.by)
    return search_target(asked, search=SplitSize.of_table(search), certify=size)


def tightened_claim(
    claim: Claim, size: SplitSize, *, delta: float, power: float = POWER, certifies: bool = True
) -> Claim | None:
    """What policies should reach where they are searched for, so that the claim is certified as often as is asked.

    A policy of which this is just true is certified with probability ``power`` over the draw of a split of that size:
    exactly for a target of accuracy, the degradation and the class floor on samples. Each part of a claim by itself is,
    so that several parts pass together less often. With groups of several samples, and for other qualities, it is as
    though units were right or wrong as a whole, by the sum of losses or by betting, whichever leaves more; for drops it
    is an approximation as though the policy never corrected the full network, by whichever test leaves more, and it
    leaves too little where the policy often does; for the relative drop it is also as though the full network's quality
    were 1. Of sets of labels it is as though no more than one label were wrong. The exit floor is left as it is: nobody
    knows beforehand how many will leave where. So is the class floor where units hold several samples. Where something
    is claimed for every value of a column, the limits are those that the smallest subgroup needs, as though policies
    lost as much in each.

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
    size = size.deciding(claim)
    margin: Margin = CertificateMargin(delta, power) if certifies else EstimateMargin(delta)
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


def why_never_certified(claim: Claim, size: SplitSize, *, delta: float) -> str:
    """Why not even a policy without an error can be certified, as a clause for a person; empty where it can be."""
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
    for what, given, those, one in asked:
        needed = fewest_units(one, hold_several=size.units.hold_several, delta=delta, at_least=given, labels=size)
        if needed is None:
            return f"{what} can never be certified; ask for less"
        if needed > given:
            return (
                f"certify has {given} {those}, too few to certify {what} even without an error: about {needed} are "
                f"needed; nothing will be certified"
            )
    return ""


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
    tightened = None if claim is None else tightened_claim(claim, search, delta=LEVEL, certifies=False)
    return asked if tightened is None else asked.with_claim(tightened)
