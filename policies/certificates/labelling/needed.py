"""Of which claims labels can be given a few at a time, and which of them need every label all the same."""

from __future__ import annotations

from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.certificates.statements import Statement
from policies.errors import ClaimError
from policies.qualities.base import ACCURACY


_OF_WHAT_IS_LOST = (Loss.DROP, Loss.DEGRADATION)
_OF_EVERY_LABEL = (Loss.ERROR, Loss.RELATIVE_DROP)


def needs_every_label(claim: Claim) -> bool:
    """Whether labels matter also where policy and full network answer alike: where it says how often they are right."""
    return any(one.loss in _OF_EVERY_LABEL for one in claim.statements)


def require_few_labels(claim: Claim, *, sequential: bool = False) -> None:
    """Refuse a claim that labels of some samples cannot prove, or that needs none.

    Args:
        claim: What is claimed.
        sequential: Whether labels are looked at as they come, so that the first of them may prove a least accuracy.

    Raises:
        ClaimError: If it is such a claim, with what of it needs them.
    """
    if not claim.needs_labels:
        raise ClaimError("max_disagreement alone needs no labels at all; certify it without any")
    floors = [name for name in ("class_floor", "exit_floor") if getattr(claim, name) is not None]
    others = [
        one.field if one.quality == ACCURACY else f"{one.field} of {one.quality}"
        for one in claim.statements
        if one.loss.needs_labels and not _is_enough_of(one, sequential=sequential)
    ]
    if not (others or floors):
        return
    own = f"the claim has {' and '.join(dict.fromkeys([*others, *floors]))}, which needs every label"
    if sequential:
        raise ClaimError(
            f"labels that are looked at as they come prove a target and drops of accuracy, and a max_degradation, but "
            f"{own} at once; leave it out, or label the whole table"
        )
    may_come = (
        "" if floors or not all(map(_may_come, claim.statements)) else ", or look at labels as they come (--sequential)"
    )
    raise ClaimError(
        f"few labels are enough for max_drop and max_degradation of accuracy but {own}; leave it out, or label the "
        f"whole table{may_come}"
    )


def _is_enough_of(one: Statement, *, sequential: bool) -> bool:
    known = (*_OF_WHAT_IS_LOST, *_OF_EVERY_LABEL) if sequential else _OF_WHAT_IS_LOST
    return one.loss in known and one.quality == ACCURACY


def _may_come(one: Statement) -> bool:
    return not one.loss.needs_labels or _is_enough_of(one, sequential=True)
