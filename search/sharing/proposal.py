"""Shares of the splits that suit what is to be certified, proposed before anything is trained.

The share of ``certify`` is the smallest multiple of 0.01, from 0.05 on, with which a policy that loses half of what may
be lost is certified with the stated power. Where no usual share has the power, it is the one with which that policy is
certified most probably. Where none of these certifies even a policy that loses nothing, it is the smallest one that the
other splits can spare. Where there is none, ``search`` has what an estimate needs.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.certificates.statements import Statement
from policies.selection.margins.tightened_claim import tightened_claim
from policies.selection.plan import HALF_OF_WHAT_MAY_BE_LOST, passing_chance, tightest_provable
from search.sharing.shares import USUAL, fractions_with, sparing_fractions, usual_steps
from search.sharing.shortage import fractions_for_estimate, shortage
from search.sharing.units import SplitUnits, in_sweep_file, units_of
from trainables.data import SplitFractions


_SHOWN = (5, 10, 15, 20, 25)
_MOST_SHOWN = 5
_MOST_UNITS = 50_000
_GROWTH = 1.03


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
        shortage: Why no shares would certify even a policy that loses nothing, for a person; empty where some would.
    """

    fractions: SplitFractions
    divisions: tuple[Division, ...]
    parts: tuple[str, ...]
    power: float
    sentence: str
    shortage: str = ""


def proposed_splits(units: SplitUnits, claim: Claim, *, delta: float, power: float) -> ProposedSplits:
    """Propose shares of the splits for a claim, and tell what others would allow.

    Args:
        units: Independent units that are shared out among the splits.
        claim: Claim that is to be certified.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        power: Probability with which a policy that loses half of what may be lost is to be certified, in (0, 1).
    """
    usual = {step: fractions_with(step, units) for step in usual_steps(units)}
    chosen, can = _usual_choice(usual, units, claim, delta, power)
    counted, lacking = _what_counts(units), ""
    if not can:
        spared = _spared(units, claim, delta)
        chosen = spared or fractions_for_estimate(units, claim) or USUAL
        lacking = f"{shortage(units, claim, delta=delta)}{counted}" if spared is None else ""
    own = _division(chosen, units, claim, delta, power)
    divisions = [*(_division(one, units, claim, delta, power) for one in _beside(chosen, usual)), own]
    told = f"splits {in_sweep_file(chosen)}: {lacking or _told(own, units, claim, delta, power) + counted}"
    floor = () if claim.class_floor is None else (f"a recall of every class of {claim.class_floor:g}",)
    parts = (*(one.request for one in claim.statements), *floor)
    shown = tuple(sorted(divisions, key=lambda one: one.fractions.certify))
    return ProposedSplits(own.fractions, shown, parts, power, told, lacking)


def _usual_choice(
    usual: dict[int, SplitFractions], units: SplitUnits, claim: Claim, delta: float, power: float
) -> tuple[SplitFractions, bool]:
    """Of the usual ways the first that has the power, else the likeliest; and whether it can certify at all."""
    chances: dict[int, float] = {}
    for step, fractions in usual.items():
        chances[step] = _chance(fractions, units, claim, delta)
        if chances[step] >= power:
            return fractions, True
    likeliest = max(chances, key=lambda step: (chances[step], step))
    return usual[likeliest], chances[likeliest] > 0


def _spared(units: SplitUnits, claim: Claim, delta: float) -> SplitFractions | None:
    """The smallest share of ``certify`` that certifies a policy which loses nothing, of all that others can spare."""
    found = sparing_fractions("certify", units).values()
    return next((one for one in found if _chance(one, units, claim, delta, share=0.0) > 0), None)


def _chance(
    fractions: SplitFractions, units: SplitUnits, claim: Claim, delta: float, *, share: float = HALF_OF_WHAT_MAY_BE_LOST
) -> float:
    """The probability that a policy is certified that loses a share of what may be lost."""
    return passing_chance(claim, units.size(units_of("certify", fractions, units)), delta=delta, share=share)


def _beside(chosen: SplitFractions, usual: dict[int, SplitFractions]) -> list[SplitFractions]:
    """Other ways to show beside the chosen one: four at most, without the one that is nearest to it."""
    others = [usual[step] for step in _SHOWN if step in usual and usual[step] != chosen]
    return sorted(others, key=lambda one: abs(one.certify - chosen.certify))[-(_MOST_SHOWN - 1) :]


def _division(fractions: SplitFractions, units: SplitUnits, claim: Claim, delta: float, power: float) -> Division:
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


def _what_counts(units: SplitUnits) -> str:
    """How many units there are where these are no samples, as the end of a sentence."""
    if not units.hold_several and units.kind == "sample":
        return ""
    return f"; {units.kind}s count, not samples: there are {units.n:,} of them with {units.n_samples:,} samples"


def _told(own: Division, units: SplitUnits, claim: Claim, delta: float, power: float) -> str:
    told = (
        f"certify has about {own.n_certify:,} of {units.n:,} {units.kind}s, with which a policy that loses half of "
        f"what may be lost is certified with probability {own.chance:.2f}"
    )
    if own.chance >= power:
        return told
    return f"{told}, less than the {power:g} that is asked for; {_needed(own.n_certify, units, claim, delta, power)}"


def _needed(most: int, units: SplitUnits, claim: Claim, delta: float, power: float) -> str:
    """About how many units would reach the power, in steps of some per cent, if ``certify`` had its largest share."""
    n = max(most, 1)
    while passing_chance(claim, units.size(n), delta=delta) < power:
        n = math.ceil(_GROWTH * n)
        if n > _MOST_UNITS:
            return f"more than {_MOST_UNITS:,} of certify would do"
    whole = math.ceil(n * units.n / max(most, 1))
    return f"about {n:,} of certify would do, of {whole:,} in all"
