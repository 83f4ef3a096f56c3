"""How policies are searched on a network's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request


@dataclass(frozen=True)
class PolicySearch:
    """How policies are searched.

    Attributes:
        asked: What for.
        rules: Names of the rules.
        settings: How hard.
        seed: Same seed, same front.
        calibration: ``lbfgs`` or ``grid``.
        islands: Populations that evolve apart.
    """

    asked: Request
    rules: Sequence[str]
    settings: EvolveSettings
    seed: int = 0
    calibration: Literal["lbfgs", "grid"] = "lbfgs"
    islands: int = 1
