"""What a search looks for, so that what was asked for holds on new data: the one place that adds a margin.

Where a certificate is possible, it is what the certificate needs of the ``certify`` split; where none is, what a lower
bound on ``search`` itself needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

from policies.certificates.claims import Claim
from policies.errors import ClaimError
from policies.estimates.estimated_bounds import LEVEL
from policies.goals.request import Request
from policies.names import list_some
from policies.selection.margins.margin import CertificateMargin, power_of_each
from policies.selection.margins.shortage import why_never_certified
from policies.selection.margins.tightened_claim import n_parts, tightened_claim, with_margin
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


def _with_estimate(asked: Request, search: SplitSize) -> Request:
    """The request with what a lower bound on ``search`` needs of its main limits; as it is where none would do."""
    claim = asked.claim
    # What is estimated is about all samples.
    tightened = None if claim is None else tightened_claim(claim.overall, search, delta=LEVEL, certifies=False)
    return asked if tightened is None else asked.with_claim(tightened)
