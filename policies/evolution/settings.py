"""How hard policies are searched."""

from __future__ import annotations

from dataclasses import dataclass
import math

from policies.errors import ExitSearchError
from policies.evolution.budget import Budget


@dataclass(frozen=True)
class EvolveSettings:
    """How hard to search.

    Attributes:
        population: Policies per generation; a multiple of 4.
        generations: Most generations.
        patience: Stop after so many generations that brought nothing better.
        front_size: Most policies of the front that is returned.
        max_levels: Most thresholds per exit and score column.
        max_evaluations: Most passes over the samples for one rule, each for one policy or for all levels of one
            gate together, or None.
        shared_thresholds: Whether all exits share their thresholds; all such policies are then simply tried.
        max_seconds: Most wall time for one rule, or None; a search that this ends is not reproducible.

    Raises:
        ExitSearchError: If a number is out of range.
    """

    population: int = 96
    generations: int = 60
    patience: int = 12
    front_size: int = 60
    max_levels: int = 4096
    max_evaluations: int | None = None
    max_seconds: float | None = None
    shared_thresholds: bool = False

    def __post_init__(self) -> None:
        if self.population < 4 or self.population % 4:
            raise ExitSearchError(f"population must be a positive multiple of 4 but is {self.population}")
        for name in ("generations", "patience", "front_size"):
            if getattr(self, name) < 1:
                raise ExitSearchError(f"{name} must be at least 1 but is {getattr(self, name)}")
        for name in ("max_evaluations", "max_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ExitSearchError(f"{name} must be positive but is {value}")

    def budget(self) -> Budget:
        """What the search of one rule may spend, from now on."""
        return Budget(self.max_evaluations or math.inf, self.max_seconds or math.inf)
