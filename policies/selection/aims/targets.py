"""What targets beside the one that was asked would take if they were certified, read off the front of that one.

A target is asked for with what may be lost: 0.05 of the samples where accuracy is to be 0.95, 0.01 of them where the
drop is to be at most 0.01. Other targets allow other multiples of that, of all parts of a claim together. A front holds
only policies that do what was asked: of looser targets it tells the most that they would take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from policies.certificates.claims import Claim
from policies.certificates.statements import Statement
from policies.goals.request import Request
from policies.selection.aims.cost_of_power import in_short
from policies.selection.aims.front_on_search import FrontOnSearch
from policies.selection.margins.shortage import Need, shortage
from policies.selection.search_target import SearchTarget, tightened_request
from policies.selection.split_size import SplitSize


MULTIPLES = (0.5, 0.75, 1.0, 2.0, 4.0)
"""Of what may be lost by what was asked, strictest first; 1 is what was asked."""
_DIGITS_LOST = _DIGITS_LEFT = 4
"""Digits that a person would type, and requests are told with: of what may be lost, and of what must be left."""


@dataclass(frozen=True)
class AimedPart:
    """One number of a target, and what a search would look for in its place.

    Attributes:
        name: What is limited, such as ``accuracy`` or ``drop of hamming``.
        asked: The least value, or the largest loss.
        aim: The same with the margin, of all samples; None where nothing could be certified.
        of_values: Least and largest aim for the samples with one value of the claim's column; None without column.
    """

    name: str
    asked: float
    aim: float | None = None
    of_values: tuple[float, float] | None = None


@dataclass(frozen=True)
class CertifiedTarget:
    """What a target would take, so that it is certified as often as is asked.

    Attributes:
        multiple: What may be lost, as a multiple of what may be by what was asked; 1 is what was asked.
        power: How probably a policy that is just at the aim is certified.
        asked: What is asked for, in words.
        aim: What a search would look for, in words; empty where nothing could be certified.
        parts: The numbers of both, of what can be certified.
        beside: What is asked beside these, the same of all targets, in words; empty where that is nothing.
        by: Column for every value of which it is asked; None without.
        mean: Mean objective on ``search`` of the most wanted policy of the front that reaches the aim; where less is
            looked for than the front was searched for, of the best shared threshold if that is wanted more. None where
            none does, or there is no aim.
        quality: The quality of that policy on ``search``; None where there is none.
        is_at_most: Whether less is looked for than the front was searched for, so that a search for this target might
            find a policy that takes less.
        needed: About how many units could certify it at all, where nothing is lost; None where there are enough, or no
            number would do.
        why_not: Why nothing could be certified, as a clause for a person; empty where something could.
    """

    multiple: float
    power: float
    asked: str
    aim: str
    parts: tuple[AimedPart, ...] = ()
    beside: str = ""
    by: str | None = None
    mean: float | None = None
    quality: float | None = None
    is_at_most: bool = False
    needed: int | None = None
    why_not: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def certified_targets(target: SearchTarget, front: FrontOnSearch) -> tuple[CertifiedTarget, ...]:
    """What was asked for and other targets of the same kind, strictest first; none where nothing is to be certified.

    Nothing is read of ``certify`` but its size.

    Args:
        target: What was asked, with its claim and the size of ``certify``.
        front: Policies that were searched for what was asked.
    """
    if target.claim is None or target.certify is None:
        return ()
    claims = {1.0: target.claim}
    for multiple in MULTIPLES:
        claim = allowing(target.claim, multiple)
        # Numbers that are typed alike are of one target.
        if claim is not None and claim not in claims.values():
            claims[multiple] = claim
    return tuple(
        _certified(target.asked, target.claim, claims[multiple], multiple, target.certify, front)
        for multiple in sorted(claims)
    )


def allowing(claim: Claim, multiple: float) -> Claim | None:
    """The same claim of a policy that may lose a multiple of what it may, of every part that a search can aim at.

    The floor of those that leave at each exit stays as it is.

    Args:
        claim: What is claimed.
        multiple: Of what may be lost, above 0; other numbers than the claim's own are rounded as a person types them.

    Returns:
        None where a number would be out of its range.
    """
    if multiple == 1:
        return claim
    found = {one: _required(one.allowed, multiple, is_least=one.loss.is_read_as_least) for one in claim.statements}
    floor = claim.class_floor
    own_floor = None if floor is None else _required(1 - floor, multiple, is_least=True)
    known: dict[Statement, float] = {one: number for one, number in found.items() if number is not None}
    if len(known) < len(found) or (floor is not None and own_floor is None):
        return None
    return claim.with_limits(known, class_floor=own_floor)


def _required(allowed: float, multiple: float, *, is_least: bool) -> float | None:
    """A least value, or a largest loss, by what may be lost; None where that is everything, or next to nothing."""
    lost = float(f"{multiple * allowed:.{_DIGITS_LOST}g}")
    if not is_least:
        return lost if lost < 1 else None
    required = float(f"{1 - lost:.{_DIGITS_LEFT}g}")
    return required if 0 < required < 1 or not allowed else None


def _certified(
    asked: Request, own: Claim, claim: Claim, multiple: float, certify: SplitSize, front: FrontOnSearch
) -> CertifiedTarget:
    wanted = asked if multiple == 1 else asked.with_claim(claim)
    aim = tightened_request(wanted, claim, certify, power=asked.power)
    told = CertifiedTarget(
        multiple,
        asked.power,
        str(wanted),
        "" if aim is None else in_short(aim),
        parts=_parts(claim, aim),
        beside=_beside(asked),
        by=asked.by,
    )
    if aim is None:
        why = shortage(claim, certify, delta=asked.delta)
        return replace(told, needed=None if why is None else why.needed, why_not=_why_not(why, certify))
    is_looser = _is_looser(aim, own)
    found = front.most_wanted(aim, is_looser=is_looser)
    if found is None:
        return replace(told, is_at_most=is_looser)
    mean, quality = found.figures[asked.objective_column], found.figures[asked.quality]
    return replace(told, mean=mean, quality=quality, is_at_most=is_looser)


def _parts(claim: Claim, aim: Request | None) -> tuple[AimedPart, ...]:
    """The numbers of a claim, and of what is looked for in its place."""
    aimed = {} if aim is None or aim.claim is None else _numbers(aim.claim)
    of_values = [] if aim is None else [_numbers(own) for own in aim.of_values.values()]
    return tuple(
        AimedPart(name, number, aimed.get(name), _range([own[name] for own in of_values]))
        for name, number in _numbers(claim).items()
    )


def _numbers(claim: Claim) -> dict[str, float]:
    """The numbers of a claim by what they limit, without an accuracy that its floor of classes implies."""
    floor = claim.class_floor
    stated = [one for one in claim.statements if not (claim.floor_implies_target and one.field == "target")]
    return {
        **{one.limited: one.required for one in stated},
        **({} if floor is None else {"worst_class_recall": floor}),
    }


def _range(numbers: Sequence[float]) -> tuple[float, float] | None:
    return (min(numbers), max(numbers)) if numbers else None


def _beside(asked: Request) -> str:
    """What is asked that cannot be certified, a budget too, in words."""
    rest = asked.rest
    if rest is None and asked.budget is not None:
        rest = Request(budget=asked.budget, objective=asked.objective, latency_ms=asked.latency_ms)
    return "" if rest is None else str(rest)


def _is_looser(aim: Request, claim: Claim) -> bool:
    """Whether more may be lost of some part of what is looked for than a claim allows."""
    aimed = [one for one in (aim.claim, *aim.of_values.values()) if one is not None]
    allowed = [one.allowed for one in claim.statements]
    return any(one.allowed > most for own in aimed for one, most in zip(own.statements, allowed, strict=True)) or any(
        own.class_floor < claim.class_floor for own in aimed if own.class_floor and claim.class_floor
    )


def _why_not(found: Need | None, certify: SplitSize) -> str:
    if found is None:
        return f"certify has too few {certify.units.kind}s"
    if found.needed is None:
        return f"no number of {certify.units.kind}s would do"
    return f"certify needs at least about {found.in_words(found.needed)}"
