"""How much more than the target a search should look for, so that the target holds on new data: the one margin.

Where a certificate is possible, it is what the certificate needs of the ``certify`` split; where none is, what a lower
bound on ``search`` itself needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim, require_delta
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import HAMMING, Loss
from policies.certificates.sample_size import (
    certifiable_accuracy,
    certifiable_mean,
    certifiable_ratio,
    certifiable_sum,
    samples_needed,
    sum_units_needed,
    units_needed,
)
from policies.certificates.statements import Statement
from policies.estimates.estimate import estimated_target
from policies.estimates.estimated_bounds import LEVEL
from policies.goals.request import Request
from policies.judging.judged import judged_units
from policies.parents.membership import HasParents, Parents
from policies.pooling.answering import Answering
from policies.tables.base import ExitTable, Truth
from policies.tables.identity import Identified
from policies.tables.multilabel import LabelSets
from policies.tables.units import Units


_Look = Callable[[float, int, float], float | None]
"""From a largest mean loss, a number of units and a level to the largest mean loss to look for, or None."""


@dataclass(frozen=True)
class SplitSize:
    """How much can be learnt from a split.

    Attributes:
        units: Independent units of the split: its samples, or its groups.
        smallest_class: Samples of the class that has the fewest, 0 for one that has none; None where some unit holds
            several samples, which may be of several classes.
        positives: How often each label is on, as a share, shape (L,); a single 1 where there are no sets of labels.
        label_names: Names of the labels, length L; none where there are no sets of labels.
    """

    units: Units
    smallest_class: int | None
    positives: NDArray[np.float64] = field(default_factory=lambda: np.ones(1), compare=False)
    label_names: tuple[str, ...] = ()

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
    def of_table(cls, table: ExitTable) -> SplitSize:
        """The size of a table, as it is answered."""
        return cls.answered(table, table.truth, table.answering)

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
        tightened = tightened_claim(claim, certify, delta=asked.delta)
        if tightened is not None:
            return SearchTarget(asked, asked.with_claim(tightened), claim, certify)
        why_not = why_never_certified(claim, certify, delta=asked.delta)
    else:
        why_not = ""
    return SearchTarget(asked, _with_estimate(asked, search), claim, certify, why_not)


def table_target(asked: Request, search: ExitTable, certify: ExitTable | None) -> SearchTarget:
    """What to search for on a network's tables: what is asked, with the margin that their sizes need."""
    size = None if certify is None else SplitSize.of_table(certify)
    return search_target(asked, search=SplitSize.of_table(search), certify=size)


def tightened_claim(claim: Claim, size: SplitSize, *, delta: float, certifies: bool = True) -> Claim | None:
    """What policies should reach where they are searched for, so that the claim can be certified.

    Exact for a target of accuracy, the degradation and the class floor on samples: seen on a split of that size, it
    just certifies. With groups of several samples, and for other qualities, it is an approximation on the safe side, as
    though units were right or wrong as a whole; for drops it is an approximation as though the policy never corrected
    the full network, and it leaves too little where it often does; for the relative drop it is also as though the full
    network's quality were 1. Of sets of labels it is as though no more than one label were wrong. The exit floor is
    left as it is: nobody knows beforehand how many will leave where. So is the class floor where units hold several
    samples.

    Args:
        claim: Claim that is to be certified.
        size: Size of the split that the margin is for: ``certify``, or ``search`` for an estimate.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        certifies: Whether the margin is that of a certificate; else that of an estimate, which differs for groups.

    Returns:
        The claim with tighter limits, or None where even a policy without loss could not be certified.
    """
    require_delta(delta)
    on_shares = _limit_on_groups if certifies else _estimated_limit_on_groups
    on_units = on_shares if size.units.hold_several else _limit_on_samples
    found = {one: _tightened(one, size, delta, on_units=on_units, on_shares=on_shares) for one in claim.statements}
    floor = claim.class_floor
    if floor is not None and size.smallest_class is not None:
        largest = on_units(1 - floor, size.smallest_class, delta)
        if largest is None:
            return None
        floor = 1 - largest
    known = {one: required for one, required in found.items() if required is not None}
    return claim.with_limits(known, class_floor=floor) if len(known) == len(found) else None


def _tightened(one: Statement, size: SplitSize, delta: float, *, on_units: _Look, on_shares: _Look) -> float | None:
    """What to look for in place of what a statement requires; None where nothing would do."""
    n = size.units.n
    if one.loss is Loss.SHORTFALL:
        return _certifiable_ratio(one, size, delta)
    if one.loss is Loss.RELATIVE_DROP:
        return _limit_of_net(one.required, n, delta)
    if one.loss is Loss.DROP:
        return _limit_of_drop(one, size, delta)
    if one.loss is Loss.EXCESS:
        if not n:
            return None
        by_labels = certifiable_mean(n, limit=one.limit, delta=delta, size=1 / len(size.positives))
        return certifiable_sum(n, limit=one.limit, delta=delta) if by_labels is None else by_labels
    found = (on_units if one.loss.is_binary else on_shares)(one.limit, n, delta)
    return 1 - found if one.loss.is_read_as_least and found is not None else found


def _certifiable_ratio(one: Statement, size: SplitSize, delta: float) -> float | None:
    """The least F1, recall or precision of labels to look for; of several the one that the rarest label needs."""
    ratio, positives = LabelRatio.named(one.quality), size.positives
    if ratio is None or not size.units.n:
        return None
    is_one = ratio.is_worst or ratio.label is not None
    return certifiable_ratio(
        size.units.n,
        value=one.required,
        delta=delta,
        weight=ratio.weight,
        positives=size.rarest_of(ratio) if is_one else float(positives.sum()),
        n_labels=1 if is_one else len(positives),
    )


def _limit_of_drop(one: Statement, size: SplitSize, delta: float) -> float | None:
    """The largest drop to look for, by whichever test leaves more."""
    share = 1 / len(size.positives) if one.quality == HAMMING else 1.0
    lost = _limit_on_samples(one.limit, size.units.n, delta)
    if share == 1:
        return lost
    net = _limit_of_net(one.limit, size.units.n, delta, size=share)
    return max((limit for limit in (None if lost is None else share * lost, net) if limit is not None), default=None)


def why_never_certified(claim: Claim, size: SplitSize, *, delta: float) -> str:
    """Why not even a policy without an error can be certified, as a clause for a person; empty where it can be."""
    n, unit = size.units.n, size.units.kind
    units = f"{unit}{'' if n == 1 else 's'}"
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


def _limit_on_samples(limit: float, n: int, delta: float) -> float | None:
    """The largest mean loss to look for, or None; of units that are right or wrong as a whole."""
    accuracy = certifiable_accuracy(n, target=1 - limit, delta=delta) if n else None
    return None if accuracy is None else 1 - accuracy


def _limit_on_groups(limit: float, n: int, delta: float) -> float | None:
    """The largest mean loss to look for, or None; by whichever test leaves more."""
    if not n:
        return None
    tests = (certifiable_mean(n, limit=limit, delta=delta), certifiable_sum(n, limit=limit, delta=delta))
    return max((mean for mean in tests if mean is not None), default=None)


def _limit_of_net(limit: float, n: int, delta: float, *, size: float = 1.0) -> float | None:
    return certifiable_mean(n, limit=limit, delta=delta, least=-1.0, size=size) if n else None


def _estimated_limit_on_groups(limit: float, n: int, delta: float) -> float | None:
    accuracy = estimated_target(1 - limit, n, grouped=True, level=delta)
    return None if accuracy is None else 1 - accuracy
