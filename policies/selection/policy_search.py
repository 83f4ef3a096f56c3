"""How policies are searched on a network's tables."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.options import Options
from policies.pooling.fields import AnswerFields
from policies.rules import DEFAULT_RULES, DETECTION_RULES


class SearchFields(BaseModel):
    """By which means policies are searched: the fields, as every place that takes them declares them."""

    rules: tuple[str, ...] = Field(
        default=DEFAULT_RULES,
        min_length=1,
        description="The rules that are searched, by name: when a sample leaves at an exit, and with which answer. Of "
        "detectors, where none is named: "
        f"{', '.join(f'`{name}`' for name in DETECTION_RULES)}.",
    )
    baselines: tuple[str, ...] = Field(
        default=(),
        description="Further baselines that the result is compared with, your own as `module:attribute`; those that "
        "are registered are always there.",
    )
    calibration: Literal["lbfgs", "grid"] = Field(
        default="lbfgs", description="How the temperature of each exit is found: by L-BFGS, or by trying a grid."
    )
    islands: int = Field(
        default=1,
        ge=1,
        description="Populations that evolve apart and exchange their best; same result wherever they run.",
    )


class PolicySearch(Options, SearchFields, AnswerFields):
    """How policies are searched."""

    asked: Request
    settings: EvolveSettings = EvolveSettings()
    seed: int = Field(default=0, ge=0, lt=2**31, description="Same seed, same front.")
