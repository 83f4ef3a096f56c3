"""What a summary tells of the value of a column where the selected policy is worst on ``search``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class WorstValueSummary(BaseModel):
    """The value where the policy has least to spare of what is looked for there, or lacks most.

    Attributes:
        column: Name of the column.
        value: The value, as text.
        quality: Name of the quality that is worst; a drop is told as the quality that it leaves.
        reached: That quality on ``search``, of the samples with the value.
        asked: What must be reached there by what was asked for, without a margin.
        aimed: What is looked for there, with the margin.
        sentence: All of it, for a person.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    column: str
    value: str
    quality: str
    reached: float
    asked: float
    aimed: float
    sentence: str = ""
