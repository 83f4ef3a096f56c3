"""Ways to share the data out among the splits, by the share that one of them has.

Usually ``certify`` has at most half of what is not ``train``. ``search`` and ``test`` have their usual shares, 0.2 and
0.15, while ``train`` keeps half; ``train`` has what is left. Where ``certify`` needs more, they share what is left in
that proportion, and ``train`` keeps half. Where data are few the others are spared: down to a tenth, or what a class
needs, and then ``train`` down to 0.4. An official test is what it is.
"""

from __future__ import annotations

import math

from search.sharing.units import SplitUnits
from trainables.data import SPLIT_NAMES, SplitFractions


USUAL = SplitFractions()
STEP = 0.01
_LEAST_CERTIFY = 0.05
_LEAST_TRAIN, _FEWEST_TRAIN = 0.5, 0.4
_LEAST_OTHER = 0.1
_ROUNDING = 1e-9


def fractions_with(step: int, units: SplitUnits) -> SplitFractions:
    """The shares of all splits where ``certify`` has so many hundredths.

    Args:
        step: Share of ``certify`` in hundredths.
        units: What is shared out: an official test keeps its nominal share, of which the others take nothing.
    """
    certify, search, test = step * STEP, USUAL.search, USUAL.test
    left = 1 - _LEAST_TRAIN - certify
    if certify > 1 - _LEAST_TRAIN - search - test + _ROUNDING:
        if units.has_official_test:
            search = left - test
        else:
            search = round(left * search / (search + test) / STEP) * STEP
            test = left - search
    train = 1 - certify - search - test
    return SplitFractions(*(round(share, 4) for share in (train, search, certify, test)))


def usual_steps(units: SplitUnits) -> list[int]:
    """The usual shares of ``certify`` in hundredths, at least one: up to half of what is not ``train``."""
    outside = 1 - _LEAST_TRAIN - (USUAL.test if units.has_official_test else 0.0)
    least = max(_LEAST_CERTIFY, 1 / max(units.smallest_class, 1))
    most = math.floor(outside / 2 / STEP + _ROUNDING)
    return list(range(min(math.ceil(least / STEP - _ROUNDING), most), most + 1))


def sparing_fractions(name: str, units: SplitUnits) -> dict[int, SplitFractions]:
    """The shares of all splits by the hundredths of one, from its usual share to all that the others can spare.

    ``test`` gives first, then ``search`` or ``certify``, then ``train``.

    Args:
        name: ``certify`` or ``search``.
        units: What is shared out.
    """
    least = max(_LEAST_OTHER, math.ceil(1 / max(units.smallest_class, 1) / STEP) * STEP)
    givers = [*([] if units.has_official_test else ["test"]), "search" if name == "certify" else "certify", "train"]
    found: dict[int, SplitFractions] = {}
    for step in range(round(getattr(USUAL, name) / STEP), round(1 / STEP)):
        shares = {split: getattr(USUAL, split) for split in SPLIT_NAMES}
        lacking = step * STEP - shares[name]
        for split in givers:
            taken = min(max(shares[split] - (_FEWEST_TRAIN if split == "train" else least), 0.0), max(lacking, 0.0))
            shares[split] -= taken
            lacking -= taken
        if lacking > _ROUNDING:
            break
        shares[name] = step * STEP
        found[step] = SplitFractions(**{split: round(share, 4) for split, share in shares.items()})
    return found
