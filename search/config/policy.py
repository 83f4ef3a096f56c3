"""What a sweep file asks of policies."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.rules import DEFAULT_RULES
from search.config.section import Section


class PolicySection(Section):
    """What a policy must do beside meeting the target, and how policies are searched."""

    quality: str = Request.quality
    objective: Literal["depth", "cost", "latency"] = "depth"
    max_drop: float | None = None
    max_drop_greedy: float | None = None
    budget: float | None = None
    bounds: dict[str, float] = Field(default_factory=dict)
    latency_ms: list[float] = Field(default_factory=list)
    rules: Annotated[list[str], Field(min_length=1)] = Field(default_factory=lambda: list(DEFAULT_RULES))
    calibration: Literal["lbfgs", "grid"] = "lbfgs"
    best_trials: PositiveInt = 4
    population: PositiveInt = EvolveSettings.population
    generations: PositiveInt = EvolveSettings.generations
    patience: PositiveInt = EvolveSettings.patience
    front_size: PositiveInt = EvolveSettings.front_size
    max_levels: Annotated[int, Field(ge=2)] = EvolveSettings.max_levels
    max_evaluations: PositiveInt | None = None
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    shared_thresholds: bool = False

    def request(self, *, target: float | None, delta: float) -> Request:
        """What is asked of a policy.

        Raises:
            ExitSearchError: If nothing is, or something that cannot be.
        """
        asked = self.model_dump(
            include={"quality", "objective", "max_drop", "max_drop_greedy", "budget", "bounds"},
        )
        return Request(target=target, latency_ms=tuple(self.latency_ms), delta=delta, **asked)

    def evolve_settings(self) -> EvolveSettings:
        """The numbers that the evolutionary search takes."""
        return EvolveSettings(**self.model_dump(include={one.name for one in fields(EvolveSettings)}))
