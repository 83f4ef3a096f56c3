"""How many units certify a part of a claim where nothing is lost, and what is said where there are fewer."""

from __future__ import annotations

import numpy as np

from policies.certificates.claims import Claim
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import Loss
from policies.certificates.sample_size import samples_needed, sum_units_needed, units_needed
from policies.certificates.statements import Statement
from policies.selection.split_size import SplitSize


def why_never_certified(claim: Claim, size: SplitSize, *, delta: float) -> str:
    """Why not even a policy without an error can be certified, as a clause for a person; empty where it can be."""
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
    for what, given, those, one in asked:
        needed = fewest_units(one, hold_several=size.units.hold_several, delta=delta, at_least=given, labels=size)
        if needed is None:
            return f"{what} can never be certified; ask for less"
        if needed > given:
            return (
                f"certify has {given} {those}, too few to certify {what} even without an error: about {needed} are "
                f"needed; nothing will be certified"
            )
    return ""


def fewest_units(
    one: Statement, *, hold_several: bool, delta: float, at_least: int = 1, labels: SplitSize | None = None
) -> int | None:
    """Fewest units that certify a part of a claim where nothing is lost; None where no number would.

    Args:
        one: What is claimed.
        hold_several: Whether some unit holds several samples.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        at_least: What is not worth knowing by bets is whether fewer would do.
        labels: A split whose labels occur as often; None: one label that always occurs.
    """
    if one.loss is Loss.DROP or (one.loss.is_binary and not hold_several):
        # Of a drop what is lost alone can be counted, also of groups.
        return samples_needed(0.0, target=1 - one.limit, delta=delta)
    if one.loss not in (Loss.RELATIVE_DROP, Loss.SHORTFALL):
        return sum_units_needed(np.zeros(max(at_least, 1)), limit=one.limit, delta=delta)
    best, least = 0.0, one.loss.least
    if one.loss is Loss.RELATIVE_DROP:
        # Where the full network's figures are kept, and are 1, all that may be lost of them is left.
        best = -one.required
    ratio = LabelRatio.named(one.quality)
    if one.loss is Loss.SHORTFALL and ratio is not None:
        least = -ratio.weight * (1 - one.required) / one.required
        best = least if labels is None else least * labels.share_of(ratio)
    return units_needed(np.full(max(at_least, 1), best), limit=one.limit, delta=delta, least=least)
