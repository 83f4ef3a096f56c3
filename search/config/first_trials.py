"""The trials that a sweep file asks for by itself, before the sampler draws any."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from policies.names import clean_name


class FirstTrial(BaseModel):
    """Parameters, and what they are for a person.

    Whatever is neither `name` nor `is_baseline` is a parameter of the space.
    """

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    name: str = Field(default="", description="What tables call the trial; they call it by its number where left out.")
    is_baseline: bool = Field(
        default=False,
        description="Whether it stands for what is done today: it is trained to its end whatever the scheduler says, "
        "and the report puts what published threshold grids make of its network beside the front. It then needs a "
        "`name`.",
    )

    @property
    def params(self) -> dict[str, Any]:
        """The parameters alone."""
        return dict(self.model_extra or {})

    @field_validator("name", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> str:
        return clean_name(str(value or ""))

    @model_validator(mode="after")
    def _named(self) -> FirstTrial:
        if self.is_baseline and not self.name:
            raise ValueError("must have a name where is_baseline is true")
        return self
