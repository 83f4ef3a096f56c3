"""What so many units can prove, told before anything is searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
import math

from policies.certificates.claims import Claim
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import HAMMING, Loss
from policies.certificates.power import (
    chance_at_mean,
    chance_at_rate,
    chance_at_ratio,
    chance_at_sum,
    first_units_at_power,
)
from policies.certificates.statements import Statement
from policies.selection.margins.fewest_units import fewest_units
from policies.selection.search_target import SearchTarget
from policies.selection.split_size import SplitSize


HALF_OF_WHAT_MAY_BE_LOST = 0.5
_SHARES = (0.0, 0.25, HALF_OF_WHAT_MAY_BE_LOST)
"""Shares of what may be lost, of which it is told how surely a policy that loses so much passes."""
_POWER = 0.8
_MOST_UNITS = 50_000
_STEPS = 30


@dataclass(frozen=True)
class StatementPlan:
    """What so many units can prove of one statement.

    Attributes:
        request: The statement, as a person names it.
        what: Its name and quality without the number.
        tightest: The tightest number in its place that can be certified where nothing is lost; None where none can.
        powers: True losses, and how probable it then is that the statement is certified.
        needed: Fewest units that certify it where nothing is lost; None where no number would.
        comfortable: The first number of units that certifies it four times of five where half of what may be lost is
            lost; a few more may do so a little less often. None where that is not known, or they are more than 50,000.
        is_exact: Whether it is that number by count, and not one of betting, which depends on orders that were drawn.
    """

    request: str
    what: str
    tightest: float | None
    powers: tuple[tuple[float, float], ...]
    needed: int | None
    comfortable: int | None
    is_exact: bool = False


@dataclass(frozen=True)
class Plan:
    """What the units of ``certify`` can prove and cannot.

    Attributes:
        n: Number of independent units.
        unit: What counts as one.
        delta: Largest probability of certifying what does not hold.
        statements: What can be proved of each statement of the claim.
        subgroup: The smallest subgroup, whose units these are, such as ``site = A``; empty where nothing is claimed of
            subgroups.
    """

    n: int
    unit: str
    delta: float
    statements: tuple[StatementPlan, ...]
    subgroup: str = ""

    @property
    def lines(self) -> tuple[str, str, str]:
        """Three lines for a person: what can be proved at best, how surely, and how many units are needed."""
        units = f"{self.n:,} {self.unit}{'' if self.n == 1 else 's'}"
        whose = f"where {self.subgroup}, the fewest of any value," if self.subgroup else "of certify"
        best = "; ".join(_best(one) for one in self.statements)
        power = "; ".join(_power(one) for one in self.statements)
        needed = "; ".join(_needed(one, self.unit) for one in self.statements)
        return (
            f"{units} {whose} prove at best, at confidence {1 - self.delta:.0%}, where nothing is lost: {best}",
            f"passes with probability: {power}",
            f"units needed: {needed}",
        )


def plan_for(target: SearchTarget) -> Plan | None:
    """What can be proved of what a search is asked for; None where nothing is to be certified."""
    if target.claim is None or target.certify is None:
        return None
    return plan_of(target.claim, target.certify, delta=target.asked.delta)


def plan_of(claim: Claim, size: SplitSize, *, delta: float) -> Plan:
    """What a split of some size can prove of a claim, whatever policy is found; its smallest subgroup, if it has any.

    Args:
        claim: Claim that is to be certified.
        size: Size of the ``certify`` split.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    size = size.deciding(claim)
    found = tuple(_planned(one, size, delta) for one in claim.statements)
    subgroup = "" if claim.by is None or size.smallest_subgroup is None else size.smallest_subgroup.name
    return Plan(size.units.n, size.units.kind, delta, found, subgroup)


def passing_chance(claim: Claim, size: SplitSize, *, delta: float, share: float = HALF_OF_WHAT_MAY_BE_LOST) -> float:
    """The probability that a policy is certified that loses a share of what may be lost, and gains nothing.

    Of several statements it is that of the one that is proved the least easily: all together pass at most so often. The
    values of a column are about different units, so that all of them pass with the product of their probabilities. Of
    labels, and of losses that are counted in shares, it is as for
    :func:`~policies.selection.margins.tightened_claim.tightened_claim`.

    Args:
        claim: Claim that is to be certified.
        size: Size of the ``certify`` split.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        share: Share of what may be lost that is lost, of every part, in [0, 1].
    """
    sizes = [size.of_subgroup(own) for own in size.subgroups] if claim.by is not None else []
    # Betting takes a while, and many values may be of one size.
    known: dict[int, float] = {}
    for own in sizes or [size]:
        if own.units.n not in known:
            known[own.units.n] = min(_chance(one, own, own.units.n, delta, share) for one in claim.statements)
    chances = [math.prod(known[own.units.n] for own in sizes or [size])]
    floor = claim.class_floor
    if floor is not None and size.smallest_class is not None:
        look = _chance_of_shares if size.units.hold_several else chance_at_rate
        chances.append(look(size.smallest_class, share * (1 - floor), limit=1 - floor, delta=delta))
    return min(chances)


def tightest_provable(one: Statement, size: SplitSize, *, delta: float) -> float | None:
    """The tightest number in place of a statement's own that is certified where nothing is lost; None where none is.

    Args:
        one: What is claimed.
        size: Size of the ``certify`` split.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    n = size.units.n

    # By halving: what can be certified is monotone in what is allowed.
    def can(required: float) -> bool:
        asked = replace(one, required=required)
        needed = fewest_units(asked, hold_several=size.units.hold_several, delta=delta, at_least=n, labels=size)
        return needed is not None and needed <= n

    is_least = one.loss.is_read_as_least
    loose, tight = (1e-9, 1 - 1e-9) if is_least else (1 - 1e-9, 1e-9)
    if not n or not can(loose):
        return None
    if can(tight):
        return tight
    for _ in range(_STEPS):
        middle = (loose + tight) / 2
        loose, tight = (middle, tight) if can(middle) else (loose, middle)
    return loose


def _chance(one: Statement, size: SplitSize, n: int, delta: float, share: float) -> float:
    """The probability that n units like those of a split certify a statement where a share of what may be lost is."""
    loss, limit = share * one.allowed, one.limit
    if one.loss is Loss.SHORTFALL:
        return _chance_of_ratio(one, size, n, delta, 1 - loss)
    if one.loss is Loss.RELATIVE_DROP:
        return chance_at_mean(n, loss, limit=one.required, delta=delta, least=-1.0)
    at_once = size.lost_at_once(limit) if one.quality == HAMMING else 1.0
    if one.loss is Loss.DROP:
        counted = chance_at_rate(n, min(loss / at_once, 1.0), limit=limit, delta=delta)
        if at_once == 1:
            # Where units that lose do so as a whole, no bet beats the count.
            return counted
        return max(counted, chance_at_mean(n, loss, limit=limit, delta=delta, least=-1.0, size=at_once))
    if one.loss.is_binary and not size.units.hold_several:
        return chance_at_rate(n, loss, limit=limit, delta=delta)
    return _chance_of_shares(n, loss, limit=limit, delta=delta, size=at_once if one.loss is Loss.EXCESS else 1.0)


def _chance_of_shares(n: int, loss: float, *, limit: float, delta: float, size: float = 1.0) -> float:
    """That of losses in [0, 1], by whichever test passes more often."""
    by_bets = chance_at_mean(n, loss, limit=limit, delta=delta, size=size)
    return by_bets if size < 1 else max(by_bets, chance_at_sum(n, loss, limit=limit, delta=delta))


def _chance_of_ratio(one: Statement, size: SplitSize, n: int, delta: float, ratio: float) -> float:
    counted = LabelRatio.named(one.quality)
    if counted is None or not n:
        return 0.0
    positives, n_labels = size.counted_by(counted)
    return chance_at_ratio(
        n,
        ratio,
        value=one.required,
        delta=delta,
        weight=counted.weight,
        positives=positives,
        n_labels=n_labels,
    )


def _planned(one: Statement, size: SplitSize, delta: float) -> StatementPlan:
    n, hold_several = size.units.n, size.units.hold_several
    powers = [(share * one.allowed, _chance(one, size, n, delta, share)) for share in _SHARES]
    comfortable, is_exact = _comfortable(one, size, delta)
    return StatementPlan(
        request=one.request,
        what=replace(one, required=0.0).request.removesuffix(" 0"),
        tightest=tightest_provable(one, size, delta=delta),
        powers=tuple(powers),
        needed=fewest_units(one, hold_several=hold_several, delta=delta, labels=size),
        comfortable=comfortable,
        is_exact=is_exact,
    )


def _comfortable(one: Statement, size: SplitSize, delta: float) -> tuple[int | None, bool]:
    """The first number of units of the stated power where half of what may be lost is, and whether it is exact."""
    if one.loss in (Loss.SHORTFALL, Loss.RELATIVE_DROP):
        # They would take long.
        return None, False
    share = HALF_OF_WHAT_MAY_BE_LOST
    if _is_counted(one, size):
        rate = share * one.allowed
        found = first_units_at_power(rate, limit=one.limit, delta=delta, power=_POWER, most=_MOST_UNITS)
        return found, True
    return _first_at(lambda units: _chance(one, size, units, delta, share)), False


def _is_counted(one: Statement, size: SplitSize) -> bool:
    """Whether nothing passes more often than the count of those that lose, as far as is known beforehand."""
    if one.loss is Loss.DROP:
        return one.quality != HAMMING
    return one.loss.is_binary and not size.units.hold_several


def _first_at(power: Callable[[int], float]) -> int | None:
    """About the first number of units of a power, by doubling and halving: one fewer has less."""
    low, high = 0, 16
    while power(high) < _POWER:
        low, high = high, 2 * high
        if high > _MOST_UNITS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if power(middle) < _POWER else (low, middle)
    return high


def _best(one: StatementPlan) -> str:
    return f"nothing of {one.request}" if one.tightest is None else f"{one.what} {one.tightest:.4f}"


def _power(one: StatementPlan) -> str:
    chances = ", ".join(f"{chance:.2f}" for _, chance in one.powers)
    losses = ", ".join(f"{loss:.3g}" for loss, _ in one.powers)
    return f"{one.request} {chances} where {losses} are lost"


def _needed(one: StatementPlan, unit: str) -> str:
    if one.needed is None:
        return f"no number would do for {one.request}"
    often = "to pass 4 times of 5 where half of it is lost"
    about = "" if one.is_exact else "about "
    most = "" if one.comfortable is None else f", {about}{one.comfortable:,} {often}"
    return f"{one.request} at least {one.needed:,} {unit}s{most}"
