"""How many units each part of a claim needs where nothing is lost, and which part has too few."""

from __future__ import annotations

from dataclasses import dataclass
import math

from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.certificates.statements import Statement
from policies.registry import number_of
from policies.selection.margins.fewest_units import fewest_units
from policies.selection.split_size import SplitSize


@dataclass(frozen=True)
class Need:
    """How many units certify a part of a claim of a policy without an error, and how many there are.

    Attributes:
        what: The part of the claim, as a person names it.
        given: Number of units that there are.
        unit: What one of them is called, such as ``sample``.
        whose: Which of them count, as a clause that follows, such as ``of the smallest class``; empty where all do.
        needed: About how many certify it where nothing is lost; None where no number would.
    """

    what: str
    given: int
    unit: str
    whose: str
    needed: int | None

    @property
    def times(self) -> float:
        """How many times as many as there are would be needed; infinite where no number would do."""
        return math.inf if self.needed is None else self.needed / max(self.given, 1)

    @property
    def is_met(self) -> bool:
        """Whether there are enough."""
        return self.needed is not None and self.needed <= self.given

    def in_words(self, n: int) -> str:
        """So many units of the kind, such as ``59 samples of the smallest class``."""
        return f"{number_of(n, self.unit)} {self.whose}".rstrip()

    def __str__(self) -> str:
        """Why it cannot be certified, where it cannot, as a clause for a person."""
        if self.needed is None:
            return f"{self.what} can never be certified; ask for less"
        return (
            f"certify has {self.in_words(self.given)}, too few to certify {self.what} even without an error: about "
            f"{self.needed:,} are needed; nothing will be certified"
        )


def needs(claim: Claim, size: SplitSize, *, delta: float, lacking_only: bool = False) -> list[Need]:
    """What each part of a claim needs: each statement, and a floor of classes.

    Args:
        claim: Claim that is to be certified.
        size: Size of the split that certifies.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        lacking_only: Whether a part that has enough may be said to need all that there are, which is known sooner.
    """
    size = size.deciding(claim)
    n, unit = size.units.n, size.units.kind
    smallest = None if claim.by is None else size.smallest_subgroup
    whose = "" if smallest is None else f"where {smallest.name}"
    asked = [(one.request, n, whose, one) for one in claim.statements]
    if claim.class_floor is not None and size.smallest_class is not None:
        floor = Statement("class_floor", claim.quality, Loss.ERROR, claim.class_floor)
        asked.append((f"a recall of {claim.class_floor:g}", size.smallest_class, "of the smallest class", floor))
    found = []
    for what, given, those, one in asked:
        at_least = given if lacking_only else 1
        needed = fewest_units(one, hold_several=size.units.hold_several, delta=delta, at_least=at_least, labels=size)
        found.append(Need(what, given, unit, those, needed))
    return found


def shortage(claim: Claim, size: SplitSize, *, delta: float) -> Need | None:
    """What not even a policy without an error can be certified to do; None where there is nothing of the kind.

    Of several such parts of a claim it is the one that needs the largest multiple of the units that there are.

    Args:
        claim: Claim that is to be certified.
        size: Size of the split that certifies.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    short = [own for own in needs(claim, size, delta=delta, lacking_only=True) if not own.is_met]
    return max(short, key=lambda own: own.times, default=None)


def why_never_certified(claim: Claim, size: SplitSize, *, delta: float) -> str:
    """Why not even a policy without an error can be certified, as a clause for a person; empty where it can be."""
    found = shortage(claim, size, delta=delta)
    return "" if found is None else str(found)
