"""How many units certify a part of a claim where nothing is lost."""

from __future__ import annotations

import numpy as np

from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import Loss
from policies.certificates.sample_size import samples_needed, sum_units_needed, units_needed
from policies.certificates.statements import Statement
from policies.selection.split_size import SplitSize


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
