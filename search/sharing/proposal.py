"""Shares of the splits that suit what is to be certified, proposed before anything is trained.

The share of ``certify`` is the smallest multiple of 0.01, from 0.05 on, with which a policy that loses half of what may
be lost is certified with the stated power, and at most half of what is not ``train``. ``search`` and ``test`` have
their usual shares, 0.2 and 0.15, while ``train`` keeps half; ``train`` has what is left. Where ``certify`` needs more,
they share what is left in that proportion, and ``train`` keeps half. Where no such share has the power, it is the one
with which that policy is certified most probably. An official test is what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.certificates.statements import Statement
from policies.selection.plan import passing_chance, tightest_provable
from policies.selection.search_target import fewest_units, tightened_claim
from search.sharing.units import SplitUnits, in_sweep_file, units_of
from trainables.data import SplitFractions


_USUAL = SplitFractions()
_STEP = 0.01
_LEAST_CERTIFY = 0.05
_LEAST_TRAIN = 0.5
_SHOWN = (5, 10, 15, 20, 25)
_MOST_SHOWN = 5
_MOST_UNITS = 50_000
_GROWTH = 1.03
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Division:
    """What one way to share the data out would allow.

    Attributes:
        fractions: Shares of the splits.
        n_certify: About how many units ``certify`` has.
        provable: Part by part of the claim, the tightest number in its place that is certified where nothing is lost;
            None where none is.
        aims: Part by part, what a search would look for in its place so that it is certified with the stated power;
            none where even a policy that loses nothing would not be certified.
        chance: Probability that a policy is certified that loses half of what may be lost.
    """

    fractions: SplitFractions
    n_certify: int
    provable: tuple[float | None, ...]
    aims: tuple[float, ...]
    chance: float


@dataclass(frozen=True)
class ProposedSplits:
    """The shares that are proposed, among others.

    Attributes:
        fractions: The proposed shares; the usual ones where no share of ``certify`` would certify anything.
        divisions: What several ways to share the data out would allow, the smallest ``certify`` first; the proposed one
            is among them.
        parts: What the claim says, part by part, as a person names it.
        power: Probability that was asked for.
        sentence: What is proposed and why, for a person.
    """

    fractions: SplitFractions
    divisions: tuple[Division, ...]
    parts: tuple[str, ...]
    power: float
    sentence: str


def proposed_splits(units: SplitUnits, claim: Claim, *, delta: float, power: float) -> ProposedSplits:
    """Propose shares of the splits for a claim, and tell what others would allow.

    Args:
        units: Independent units that are shared out among the splits.
        claim: Claim that is to be certified.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        power: Probability with which a policy that loses half of what may be lost is to be certified, in (0, 1).
    """
    counted = {step: units_of("certify", fractions_with(step, units), units) for step in _steps(units)}
    chances: dict[int, float] = {}
    enough = None
    for step, n in counted.items():
        chances[step] = passing_chance(claim, units.size(n), delta=delta)
        if chances[step] >= power:
            enough = step
            break
    likeliest = max(chances, key=lambda step: (chances[step], step))
    can = chances[likeliest] > 0
    chosen = enough or (likeliest if can else round(_USUAL.certify / _STEP))
    shown = sorted([*_beside(chosen, counted), chosen])
    divisions = tuple(_division(step, units, claim, delta, power) for step in shown)
    own = divisions[shown.index(chosen)]
    told = [_told(own, units, power) if can else _in_vain(max(counted.values()), units, claim, delta)]
    if enough is None and can:
        told.append(_needed(max(counted.values()), units, claim, delta, power))
    if units.hold_several or units.kind != "sample":
        told.append(f"{units.kind}s count, not samples: there are {units.n:,} of them with {units.n_samples:,} samples")
    floor = () if claim.class_floor is None else (f"a recall of every class of {claim.class_floor:g}",)
    parts = (*(one.request for one in claim.statements), *floor)
    return ProposedSplits(own.fractions, divisions, parts, power, "; ".join(told))


def fractions_with(step: int, units: SplitUnits) -> SplitFractions:
    """The shares of all splits where ``certify`` has so many hundredths.

    Args:
        step: Share of ``certify`` in hundredths.
        units: What is shared out: an official test keeps its nominal share, of which the others take nothing.
    """
    certify, search, test = step * _STEP, _USUAL.search, _USUAL.test
    left = 1 - _LEAST_TRAIN - certify
    if certify > 1 - _LEAST_TRAIN - search - test + _ROUNDING:
        if units.has_official_test:
            search = left - test
        else:
            search = round(left * search / (search + test) / _STEP) * _STEP
            test = left - search
    train = 1 - certify - search - test
    return SplitFractions(*(round(share, 4) for share in (train, search, certify, test)))


def _steps(units: SplitUnits) -> list[int]:
    """The shares that ``certify`` may have, in hundredths: up to half of what is not ``train``, at least one."""
    outside = 1 - _LEAST_TRAIN - (_USUAL.test if units.has_official_test else 0.0)
    least = max(_LEAST_CERTIFY, 1 / max(units.smallest_class, 1))
    most = math.floor(outside / 2 / _STEP + _ROUNDING)
    return list(range(min(math.ceil(least / _STEP - _ROUNDING), most), most + 1))


def _beside(chosen: int, counted: dict[int, int]) -> list[int]:
    """Other shares to show beside the chosen one: four at most, without the one that is nearest to it."""
    others = sorted(
        (step for step in _SHOWN if step in counted and step != chosen), key=lambda step: abs(step - chosen)
    )
    return sorted(others[-(_MOST_SHOWN - 1) :])


def _division(step: int, units: SplitUnits, claim: Claim, delta: float, power: float) -> Division:
    fractions = fractions_with(step, units)
    n = units_of("certify", fractions, units)
    size = units.size(n)
    aimed = tightened_claim(claim, size, delta=delta, power=power)
    provable = [tightest_provable(one, size.deciding(claim), delta=delta) for one in claim.statements]
    aims = [] if aimed is None else [one.required for one in aimed.statements]
    if claim.class_floor is not None:
        floor = Statement("class_floor", claim.quality, Loss.ERROR, claim.class_floor)
        provable.append(tightest_provable(floor, units.size(units.smallest_class * n // units.n), delta=delta))
        aims += [] if aimed is None or aimed.class_floor is None else [aimed.class_floor]
    return Division(fractions, n, tuple(provable), tuple(aims), passing_chance(claim, size, delta=delta))


def _told(own: Division, units: SplitUnits, power: float) -> str:
    reached = "" if own.chance >= power else f", less than the {power:g} that is asked for"
    return (
        f"splits {in_sweep_file(own.fractions)}: certify has about {own.n_certify:,} of {units.n:,} {units.kind}s, "
        f"with which a policy that loses half of what may be lost is certified with probability {own.chance:.2f}"
        f"{reached}"
    )


def _needed(most: int, units: SplitUnits, claim: Claim, delta: float, power: float) -> str:
    """About how many units would reach the power, in steps of some per cent, if ``certify`` had its largest share."""
    n = max(most, 1)
    while passing_chance(claim, units.size(n), delta=delta) < power:
        n = math.ceil(_GROWTH * n)
        if n > _MOST_UNITS:
            return f"more than {_MOST_UNITS:,} of certify would do"
    whole = math.ceil(n * units.n / max(most, 1))
    return f"about {n:,} of certify would do, of {whole:,} in all"


def _in_vain(n: int, units: SplitUnits, claim: Claim, delta: float) -> str:
    """That nothing can be certified, and what could be with how many units."""
    usual = f"splits {in_sweep_file(_USUAL)}, the usual ones: certify could have {n:,} of {units.n:,} {units.kind}s"
    needed = [fewest_units(one, hold_several=units.hold_several, delta=delta) for one in claim.statements]
    known = [one for one in needed if one is not None]
    if len(known) < len(needed):
        return f"{usual}, and no number would certify that {claim}; ask for less"
    fewest = math.ceil(max(known) / units.smallest_share)
    if fewest <= n:
        return f"{usual}, too few of the smallest class to certify that {claim}; ask for less, or collect more"
    whole = math.ceil(fewest * units.n / max(n, 1))
    return (
        f"{usual}, too few to certify that {claim} even without an error; about {fewest:,} would do for a policy that "
        f"loses nothing, of {whole:,} in all"
    )
