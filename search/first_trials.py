"""The trials that a sweep file asks for by itself, before the sampler draws any."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class FirstTrial(BaseModel):
    """Parameters, and what they are for a person.

    Whatever is neither ``name`` nor ``is_baseline`` is a parameter of the space.

    Attributes:
        name: What tables call the trial; empty calls it by its number.
        is_baseline: Whether it stands for what is done today: it is trained to its end whatever the scheduler says, and
            the report compares the searched policies with those that its network gets from the documents' grids.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = ""
    is_baseline: bool = False

    @property
    def params(self) -> dict[str, Any]:
        """The parameters alone."""
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _named(self) -> FirstTrial:
        if self.is_baseline and not self.name:
            raise ValueError("must have a name where is_baseline is true")
        return self
