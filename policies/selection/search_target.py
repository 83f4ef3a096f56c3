"""How much more than the target a search should look for, so that the target holds on new data: the one margin.

Where a certificate is possible, it is what the certificate needs of the ``certify`` split; where none is, what a lower
bound on ``search`` itself needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from policies.certificates.claims import Claim, Loss, require_delta
from policies.certificates.sample_size import certifiable_accuracy, certifiable_mean, samples_needed, units_needed
from policies.estimates.estimate import estimated_target
from policies.estimates.estimated_bounds import LEVEL
from policies.goals.request import Request
from policies.judging.judged import judged_units
from policies.parents.membership import Parents
from policies.tables.base import Truth
from policies.tables.identity import Identified
from policies.tables.units import Units


@dataclass(frozen=True)
class SplitSize:
    """How much can be learnt from a split.

    Attributes:
        units: Independent units of the split: its samples, or its groups.
        smallest_class: Samples of the class that has the fewest, 0 for one that has none; None where some unit holds
            several samples, which may be of several classes.
    """

    units: Units
    smallest_class: int | None

    @classmethod
    def of(cls, split: Identified, truth: Truth, parents: Parents | None = None) -> SplitSize:
        """The size of a table, or of a split of the data.

        Args:
            split: The samples.
            truth: What answers are judged by, of what is judged: of samples, or of parents.
            parents: Which samples make which parent, where answers are pooled.
        """
        units = judged_units(Units.of(split), parents)
        smallest = None if units.hold_several else int(np.bincount(truth.strata, minlength=truth.n_strata).min())
        return cls(units, smallest)


@dataclass(frozen=True)
class SearchTarget:
    """What is searched for.

    Attributes:
        asked: What was asked for, without a margin.
        tightened: What was asked for, with the margin added.
        claim: What is to be certified; None where nothing is.
        why_not: Why not even a policy without an error could be certified, as a clause for a person; empty where one
            could, and where nothing is to be certified.
    """

    asked: Request
    tightened: Request
    claim: Claim | None = None
    why_not: str = ""

    @property
    def is_certifiable(self) -> bool:
        """Whether the margin is that of a certificate."""
        return self.claim is not None and not self.why_not


def search_target(asked: Request, *, search: SplitSize, certify: SplitSize | None) -> SearchTarget:
    """The one place that adds a margin to what was asked for.

    Args:
        asked: What was asked for, without a margin.
        search: Size of the split that policies are chosen on.
        certify: Size of the split that certifies; None where there is none.
    """
    claim = asked.claim if certify is not None else None
    if claim is not None and certify is not None:
        tightened = tightened_claim(claim, certify, delta=asked.delta)
        if tightened is not None:
            return SearchTarget(asked, asked.with_claim(tightened), claim)
        why_not = why_never_certified(claim, certify, delta=asked.delta)
    else:
        why_not = ""
    return SearchTarget(asked, _with_estimate(asked, search), claim, why_not)


def tightened_claim(claim: Claim, size: SplitSize, *, delta: float, certifies: bool = True) -> Claim | None:
    """What policies should reach where they are searched for, so that the claim can be certified.

    Exact for a target of accuracy, the degradation and the class floor on samples: seen on a split of that size, it
    just certifies. With groups of several samples, and for other qualities, it is an approximation on the safe side, as
    though units were right or wrong as a whole; for the drop on samples it is an approximation as though the policy
    never corrected the full network, and it leaves too little where it often does; for the relative drop it is also as
    though the full network's quality were 1. The exit floor is left as it is: nobody knows beforehand how many will
    leave where. So is the class floor where units hold several samples.

    Args:
        claim: Claim that is to be certified.
        size: Size of the split that the margin is for: ``certify``, or ``search`` for an estimate.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        certifies: Whether the margin is that of a certificate; else that of an estimate, which differs for groups.

    Returns:
        The claim with tighter limits, or None where even a policy without loss could not be certified.
    """
    require_delta(delta)
    n, on_shares = size.units.n, _limit_on_groups if certifies else _estimated_limit_on_groups
    on_units = on_shares if size.units.hold_several else _limit_on_samples
    on_own = on_units if claim.is_about_accuracy else on_shares
    found: dict[str, Any] = {
        "target": _tightened(on_own, claim.target, n, delta, is_least=True),
        "max_drop": _tightened(_limit_of_drop, claim.max_drop, n, delta),
        "max_relative_drop": _tightened(_limit_of_drop, claim.max_relative_drop, n, delta),
        "max_degradation": _tightened(on_units, claim.max_degradation, n, delta),
        "class_floor": claim.class_floor,
    }
    if size.smallest_class is not None:
        found["class_floor"] = _tightened(on_units, claim.class_floor, size.smallest_class, delta, is_least=True)
    bounds: dict[str, Any] = {
        name: _tightened(on_shares, bound, n, delta, is_least=True) for name, bound in claim.bounds.items()
    }
    asked = [*(getattr(claim, name) for name in found), *claim.bounds.values()]
    if [limit is None for limit in asked] != [limit is None for limit in (*found.values(), *bounds.values())]:
        return None
    return replace(claim, **found, bounds=bounds)


def _tightened(
    look: Callable[[float, int, float], float | None],
    limit: float | None,
    n: int,
    delta: float,
    *,
    is_least: bool = False,
) -> float | None:
    """What to look for in place of a limit, of a mean loss or of one less it; None where nothing would do."""
    if limit is None:
        return None
    found = look(1 - limit if is_least else limit, n, delta)
    return 1 - found if is_least and found is not None else found


def why_never_certified(claim: Claim, size: SplitSize, *, delta: float) -> str:
    """Why not even a policy without an error can be certified, as a clause for a person; empty where it can be."""
    n, unit = size.units.n, size.units.kind
    units = f"{unit}{'' if n == 1 else 's'}"
    asked = [(_limit_in_words(claim, loss), n, units, limit, loss) for loss, limit in claim.main_limits.items()]
    asked += [(f"{name} {bound:g}", n, units, 1 - bound, Loss.LACK) for name, bound in claim.bounds.items()]
    if claim.class_floor is not None and size.smallest_class is not None:
        what, of_class = f"a recall of {claim.class_floor:g}", f"{unit}s of the smallest class"
        asked.append((what, size.smallest_class, of_class, 1 - claim.class_floor, Loss.ERROR))
    for what, given, those, limit, loss in asked:
        needed = fewest_units(claim, loss, limit, hold_several=size.units.hold_several, delta=delta, at_least=given)
        if needed is None:
            return f"{what} can never be certified; ask for less"
        if needed > given:
            return (
                f"certify has {given} {those}, too few to certify {what} even without an error: about {needed} are "
                f"needed; nothing will be certified"
            )
    return ""


def fewest_units(
    claim: Claim, loss: Loss, limit: float, *, hold_several: bool, delta: float, at_least: int = 1
) -> int | None:
    """Fewest units that certify a part of a claim where nothing is lost; None where no number would.

    Args:
        claim: The claim.
        loss: The part's loss.
        limit: The largest mean loss.
        hold_several: Whether some unit holds several samples.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        at_least: What is not worth knowing by bets is whether fewer would do.
    """
    if loss.is_binary and not hold_several:
        return samples_needed(0.0, target=1 - limit, delta=delta)
    # Where the full network's figures are kept, and are 1, all that may be lost of them is left.
    best = -(claim.max_relative_drop or 0.0) if loss is Loss.RELATIVE_DROP else 0.0
    return units_needed(np.full(max(at_least, 1), best), limit=limit, delta=delta, least=loss.least)


def _limit_in_words(claim: Claim, loss: Loss) -> str:
    name, limit = {
        Loss.DROP: ("a drop of", claim.max_drop),
        Loss.RELATIVE_DROP: ("a relative drop of", claim.max_relative_drop),
        Loss.DEGRADATION: ("a degradation of", claim.max_degradation),
    }.get(loss, (claim.quality, claim.target))
    return f"{name} {limit:g}"


def _with_estimate(asked: Request, search: SplitSize) -> Request:
    """The request with what a lower bound on ``search`` needs of its main limits; as it is where none would do."""
    claim = asked.claim
    tightened = None if claim is None else tightened_claim(claim, search, delta=LEVEL, certifies=False)
    return asked if tightened is None else asked.with_claim(tightened)


def _limit_on_samples(limit: float, n: int, delta: float) -> float | None:
    """The largest mean loss to look for, or None; of units that are right or wrong as a whole."""
    accuracy = certifiable_accuracy(n, target=1 - limit, delta=delta) if n else None
    return None if accuracy is None else 1 - accuracy


def _limit_on_groups(limit: float, n: int, delta: float) -> float | None:
    return certifiable_mean(n, limit=limit, delta=delta, least=0.0) if n else None


def _limit_of_drop(limit: float, n: int, delta: float) -> float | None:
    return certifiable_mean(n, limit=limit, delta=delta, least=Loss.DROP.least) if n else None


def _estimated_limit_on_groups(limit: float, n: int, delta: float) -> float | None:
    accuracy = estimated_target(1 - limit, n, grouped=True, level=delta)
    return None if accuracy is None else 1 - accuracy
