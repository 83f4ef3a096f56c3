"""What cannot be certified with so few units, even where nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
import math

from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.certificates.statements import Statement
from policies.selection.margins.fewest_units import fewest_units
from policies.selection.split_size import SplitSize


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
