"""What all parts of a summary are."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class SummaryPart(BaseModel):
    """Plain values that are told of one thing.

    What is not known is not set, and not written either. Keys that are no fields, such as those of one task or of an
    earlier version, are kept as they are.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the keys that were set."""
        return self.model_dump(exclude_unset=True)
