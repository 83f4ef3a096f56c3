"""What is said where no shares of the splits would certify anything: what is lacking, and what can be had instead."""

from __future__ import annotations

import math

from policies.certificates.claims import Claim
from policies.estimates.estimated_bounds import LEVEL
from policies.selection.margins.shortage import needs
from policies.selection.margins.tightened_claim import tightened_claim
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
    # Of all units, so that those of a class or a value are a share of them that is not rounded.
    lacking = max(needs(claim, units.size(units.n), delta=delta), key=lambda own: own.times)
    if lacking.needed is None:
        return f"no number of {units.kind}s certifies that {claim}; ask for less"
    n = max(units_of("certify", one, units) for one in sparing_fractions("certify", units).values())
    fewest = math.ceil(lacking.times * units.n)
    among = f" ({lacking.needed:,} {lacking.whose})" if lacking.whose else ""
    return (
        f"certify can have at most {n:,} of the {units.n:,} {units.kind}s, but to certify that {claim} takes about "
        f"{fewest:,} even without an error{among}, of {math.ceil(fewest * units.n / max(n, 1)):,} in all; "
        f"{_estimate_instead(units, claim)}"
    )


def fractions_for_estimate(units: SplitUnits, claim: Claim) -> SplitFractions | None:
    """The smallest share of ``search`` with which an estimate has a margin; None where none has."""

    def has_margin(n: int) -> bool:
        # What is estimated is about all units.
        return tightened_claim(claim.overall, units.size(n), delta=LEVEL, certifies=False) is not None

    found = sparing_fractions("search", units).values()
    return next((one for one in found if has_margin(units_of("search", one, units))), None)


def _estimate_instead(units: SplitUnits, claim: Claim) -> str:
    found = fractions_for_estimate(units, claim)
    if found is None:
        return "for an estimate there are too few too; ask for less, or collect more"
    n = units_of("search", found, units)
    return f"an estimate takes about {n:,} of search, which it has with a share of {found.search:g}"
