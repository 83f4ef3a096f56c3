"""What a sweep aims at, so that its target can be certified, and whether it can be at all."""

from __future__ import annotations

import numpy as np

from policies.bounds import samples_needed, units_needed
from policies.claims import Claim, aim_of
from policies.units import Units
from search.config import SweepConfig
from trainables.data import Splits


def aim_accuracy(config: SweepConfig, splits: Splits) -> float:
    """The accuracy to look for on ``search``: the least that certifies the target when seen on ``certify``.

    With groups of several samples it is an approximation. The target itself where no accuracy would certify it.
    """
    units = Units.of(splits.certify)
    claim = Claim(target=config.target)
    aim = aim_of(claim, n_units=units.n, delta=config.delta, grouped=units.hold_several)
    return config.target if aim is None or aim.target is None else aim.target


def why_never_certified(config: SweepConfig, splits: Splits) -> str:
    """Why not even a policy without an error can be certified, as a clause for a person; empty where it can be."""
    units = Units.of(splits.certify)
    if units.hold_several:
        needed = units_needed(np.zeros(units.n), limit=1 - config.target, delta=config.delta)
    else:
        needed = samples_needed(0.0, target=config.target, delta=config.delta)
    if needed is None:
        return f"accuracy {config.target:g} can never be certified; lower target"
    if needed <= units.n:
        return ""
    kind = units.kind if units.n == 1 else f"{units.kind}s"
    return (
        f"certify has {units.n} {kind}, too few to certify accuracy {config.target:g} even without an error: about "
        f"{needed} are needed; nothing will be certified"
    )
