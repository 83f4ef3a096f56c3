"""How a sweep searches training parameters."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from search.config.first_trials import FirstTrial
from search.config.section import Section


# Of a training, before any trial is stopped: measured in benchmarks/early_stopping.py.
_GRACE_SHARE = 1 / 8


class SearchSection(Section):
    """How training parameters are searched."""

    trials: int = Field(default=20, ge=1, le=100_000, description="Trials in all, the first ones included.")
    sampler: Literal["tpe", "nsga2", "gp", "random"] = Field(
        default="tpe",
        description="Optuna's sampler: a multivariate tree-structured Parzen estimator, a genetic algorithm, a "
        "Gaussian process, or none that learns.",
    )
    startup_trials: int = Field(
        default=8,
        ge=1,
        le=100_000,
        description="Trials that are drawn at random before the sampler begins to learn; of `nsga2` the population.",
    )
    scheduler: Literal["none", "asha", "mo-asha"] = Field(
        default="none",
        description="What stops trials early: nothing, successive halving by `objective_at_target`, or successive "
        "halving by quality and objective at once.",
    )
    grace_epochs: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="No trial is stopped before so many epochs; an eighth of them where null.",
    )
    reduction: int = Field(default=2, ge=2, le=1_000, description="At each halving, one of so many trials goes on.")
    first_trials: list[FirstTrial] = Field(
        default_factory=list,
        description="Trials that come before any that the sampler draws: each a mapping of training parameters.",
    )

    control: bool = Field(
        default=False,
        description="Whether plain networks (one exit, no earlier heads) that cost no more than the selected policy on "
        "average are trained too, with its trial's parameters and as long: at most one for each exit. The best of them "
        "is reported beside the policy.",
    )

    @field_validator("first_trials", mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict | FirstTrial) else [] if value is None else value

    def first_rung(self, epochs: int) -> int:
        """The epoch before which no trial is stopped."""
        return self.grace_epochs or max(1, round(epochs * _GRACE_SHARE))
