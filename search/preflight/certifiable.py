"""Which fractions of small data would allow a certificate, told before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import math

from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.certificates.statements import Statement
from policies.estimates.estimate import estimated_target
from policies.estimates.estimated_bounds import LEVEL
from policies.goals.fields import POWER
from policies.selection.search_target import fewest_units, tightened_claim
from search.sharing.units import SplitUnits, in_sweep_file, units_of
from trainables.data import SPLIT_NAMES, SplitFractions


_LEAST_TRAIN, _FEWEST_TRAIN = 0.5, 0.4
_LEAST_OTHER = 0.1
_STEP = 0.01
_ROUNDING = 1e-9
_ROOMS = {
    0.5: "even of a policy that loses half of what it may",
    0.25: "of a policy that loses a quarter of what it may",
    0.0: "but only of a policy that loses nothing there",
}


@dataclass(frozen=True)
class SplitProposal:
    """What can be had of data by sharing it out otherwise.

    Attributes:
        fractions: The proposed fractions; those that were given where they do, None where no fractions would do.
        n_certify: About how many units ``certify`` then has.
        certifies: Whether they allow a certificate; else they at least allow an estimate with a margin on ``search``.
        sentence: Advice for a person; empty where nothing needs to be changed, or no number of units would do.
    """

    fractions: SplitFractions | None
    n_certify: int
    certifies: bool
    sentence: str


def proposed_fractions(
    units: SplitUnits,
    claim: Claim,
    given: SplitFractions,
    *,
    delta: float = 0.05,
    power: float = POWER,
    level: float = LEVEL,
) -> SplitProposal:
    """Change fractions as little as needed for a certificate of the claim, with some room for errors if possible.

    ``certify`` should certify a policy that loses half of what it may; failing that a quarter; failing that nothing.
    What it needs is taken from ``test``, then from ``search``, each down to a tenth, then from ``train`` down to a
    half, or to four tenths where there is no certificate otherwise. Where there is none even so, ``search`` gets what
    an estimate needs, in the same way.

    Args:
        units: Independent units that are shared out among the splits.
        claim: Claim that is to be certified.
        given: Fractions of the splits as the sweep file has them.
        delta: Largest probability of a wrong certificate, in (0, 1).
        power: Probability with which a policy that loses so much is to be certified, in (0, 1).
        level: About how probable it may be that the estimate's bound does not hold, in (0, 1).
    """
    needed = _fewest(claim, units, delta)
    if needed is None:
        return SplitProposal(None, 0, False, "")
    for least_train in (_LEAST_TRAIN, _FEWEST_TRAIN):
        for room in _ROOMS:
            enough = partial(_certifies, claim=claim, units=units, delta=delta, power=power, room=room)
            found = _with_more("certify", given, units, enough, least_train=least_train)
            if found is not None:
                return _certifying(found, given, units, claim, room)
    return _estimating(given, units, claim, needed, level)


def _certifying(
    found: SplitFractions, given: SplitFractions, units: SplitUnits, claim: Claim, room: float
) -> SplitProposal:
    n = units_of("certify", found, units)
    if found == given:
        return SplitProposal(found, n, True, "")
    return SplitProposal(
        found,
        n,
        True,
        f"with splits {in_sweep_file(found)} certify would have about {n} of {units.n} {units.kind}s, enough to "
        f"certify that {claim}, {_ROOMS[room]}",
    )


def _estimating(given: SplitFractions, units: SplitUnits, claim: Claim, needed: int, level: float) -> SplitProposal:
    """No certificate: enough of ``search`` for a margin, if the claim is a least accuracy and there is so much."""
    lacking = (
        f"{units.n} {units.kind}s are too few for a certificate whatever the splits are: certify needs about "
        f"{needed} to certify that {claim}, even without an error"
    )

    def has_margin(n: int) -> bool:
        return (
            claim.target is None
            or estimated_target(claim.target, n, grouped=not claim.is_about_accuracy, level=level) is not None
        )

    for least_train in (_LEAST_TRAIN, _FEWEST_TRAIN):
        found = _with_more("search", given, units, has_margin, least_train=least_train)
        if found is not None:
            n = units_of("search", found, units)
            change = "" if found == given else f" with splits {in_sweep_file(found)}"
            sentence = f"{lacking}; an estimate from about {n} of search can be had{change}"
            return SplitProposal(found, units_of("certify", found, units), False, sentence)
    return SplitProposal(
        None, 0, False, f"{lacking}; they are too few for an estimate too; ask for less or collect more"
    )


def _with_more(
    name: str, given: SplitFractions, units: SplitUnits, is_enough: Callable[[int], bool], *, least_train: float
) -> SplitFractions | None:
    """The fractions with the smallest share of one split that is enough for it; None where none is."""
    share = getattr(given, name)
    while (raised := _raised(name, share, given, units, least_train)) is not None:
        if is_enough(units_of(name, raised, units)):
            return raised
        share = math.floor(share / _STEP + 1 + _ROUNDING) * _STEP
    return None


def _raised(
    name: str, share: float, given: SplitFractions, units: SplitUnits, least_train: float
) -> SplitFractions | None:
    """The fractions with one split's share raised at the others' cost, or None where these have too little to give."""
    shares = {split: getattr(given, split) for split in SPLIT_NAMES}
    lacking = share - shares[name]
    if lacking <= _ROUNDING:
        return given
    least_other = max(_LEAST_OTHER, math.ceil(1 / max(units.smallest_class, 1) / _STEP) * _STEP)
    for split in _givers(name, units):
        least = least_train if split == "train" else least_other
        taken = min(max(shares[split] - least, 0.0), lacking)
        shares[split] -= taken
        lacking -= taken
    if lacking > _ROUNDING:
        return None
    shares[name] = share
    rounded = {split: round(own, 4) for split, own in shares.items() if split != "train"}
    return SplitFractions(train=round(1 - sum(rounded.values()), 4), **rounded)


def _givers(name: str, units: SplitUnits) -> list[str]:
    others = ["search" if name == "certify" else "certify", "train"]
    return others if units.has_official_test else ["test", *others]


def _certifies(n: int, *, claim: Claim, units: SplitUnits, delta: float, power: float, room: float) -> bool:
    """Whether so many units of ``certify`` have the power for a policy that loses a share of what the claim allows."""
    aimed = tightened_claim(claim, units.size(n), delta=delta, power=power)
    if aimed is None:
        return False
    allowed, asked = _allowed(claim), _allowed(aimed)
    return all(own >= room * limit - _ROUNDING for limit, own in zip(allowed, asked, strict=True))


def _allowed(claim: Claim) -> list[float]:
    """The largest losses of a claim, over all samples and over those of a class."""
    floors = [] if claim.class_floor is None else [1 - claim.class_floor]
    return [*(one.allowed for one in claim.statements), *floors]


def _fewest(claim: Claim, units: SplitUnits, delta: float) -> int | None:
    """Fewest units that certify a policy which loses nothing, or None."""
    of_subgroup = [fewest_units(one, hold_several=units.hold_several, delta=delta) for one in claim.statements]
    counts = [None if own is None else math.ceil(own / units.smallest_share) for own in of_subgroup]
    if claim.class_floor is not None:
        floor = Statement("class_floor", claim.quality, Loss.ERROR, claim.class_floor)
        of_class = fewest_units(floor, hold_several=units.hold_several, delta=delta)
        counts.append(None if of_class is None else math.ceil(of_class * units.n / max(units.smallest_class, 1)))
    known = [count for count in counts if count is not None]
    return max(known) if len(known) == len(counts) else None
