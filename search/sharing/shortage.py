"""What is said where no shares of the splits would certify anything: what is lacking, and what can be had instead."""

from __future__ import annotations

import math

from policies.certificates.claims import Claim
from policies.estimates.estimate import estimated_target
from policies.estimates.estimated_bounds import LEVEL
from policies.selection.margins.fewest_units import fewest_units
from search.sharing.shares import sparing_fractions
from search.sharing.units import SplitUnits, units_of
from trainables.data import SplitFractions


def shortage(units: SplitUnits, claim: Claim, *, delta: float) -> str:
    """Why no shares would certify anything, and whether there is an estimate instead, as a sentence for a person.

    Args:
        units: Independent units that are shared out among the splits.
        claim: Claim that is to be certified.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    needed = [fewest_units(one, hold_several=units.hold_several, delta=delta) for one in claim.statements]
    known = [one for one in needed if one is not None]
    if len(known) < len(needed):
        return f"no number of {units.kind}s certifies that {claim}; ask for less"
    n = max(units_of("certify", one, units) for one in sparing_fractions("certify", units).values())
    fewest = math.ceil(max(known) / units.smallest_share)
    has = f"certify can have at most {n:,} of the {units.n:,} {units.kind}s"
    if fewest <= n:
        return f"{has}, too few of the smallest class to certify that {claim}; ask for less, or collect more"
    return (
        f"{has}, but to certify that {claim} takes about {fewest:,} even without an error, of "
        f"{math.ceil(fewest * units.n / max(n, 1)):,} in all; {_estimate_instead(units, claim)}"
    )


def fractions_for_estimate(units: SplitUnits, claim: Claim) -> SplitFractions | None:
    """The smallest share of ``search`` with which an estimate has a margin; None where none has."""

    def has_margin(n: int) -> bool:
        is_shared = not claim.is_about_accuracy
        return claim.target is None or estimated_target(claim.target, n, grouped=is_shared, level=LEVEL) is not None

    found = sparing_fractions("search", units).values()
    return next((one for one in found if has_margin(units_of("search", one, units))), None)


def _estimate_instead(units: SplitUnits, claim: Claim) -> str:
    found = fractions_for_estimate(units, claim)
    if found is None:
        return "for an estimate there are too few too; ask for less, or collect more"
    n = units_of("search", found, units)
    return f"an estimate takes about {n:,} of search, which it has with a share of {found.search:g}"
