"""How hard policies are searched."""

from __future__ import annotations

import math

from pydantic import BaseModel, Field

from policies.evolution.budget import Budget
from policies.options import Options


class EvolveFields(BaseModel):
    """How hard to search: the fields, as every place that takes them declares them."""

    population: int = Field(default=96, ge=4, le=10_000, multiple_of=4, description="Policies of a generation.")
    generations: int = Field(default=60, ge=1, le=1_000_000_000, description="Most generations.")
    patience: int = Field(
        default=12,
        ge=1,
        le=1_000_000_000,
        description="Generations without anything better, after which the search of a rule stops.",
    )
    front_size: int = Field(default=60, ge=1, le=10_000, description="Most policies of the front that is kept.")
    max_levels: int = Field(
        default=4096, ge=2, le=1_000_000, description="Most thresholds that are tried for an exit and a score."
    )
    max_evaluations: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="Most passes over the samples for one rule, each for one policy or for all thresholds of one "
        "exit; no limit where left out.",
    )
    max_seconds: float | None = Field(
        default=None,
        gt=0,
        description="Most seconds for one rule; no limit where left out. A search that this ends cannot be "
        "repeated exactly.",
    )
    shared_thresholds: bool = Field(
        default=False, description="Whether all exits share their thresholds; all such policies are then simply tried."
    )


class EvolveSettings(Options, EvolveFields):
    """How hard to search.

    Raises:
        RequestError: If a number is out of range.

    Example:
        >>> EvolveSettings(generations=20, max_evaluations=10_000).population
        96
    """

    def budget(self) -> Budget:
        """What the search of one rule may spend, from now on."""
        return Budget(self.max_evaluations or math.inf, self.max_seconds or math.inf)
