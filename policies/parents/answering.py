"""How what was said about samples becomes answers: label thresholds, pooling over parents, and what leaves together."""

from __future__ import annotations

from enum import StrEnum
import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from policies.parents.pooling import get_pooling


class Level(StrEnum):
    """What leaves at an exit together."""

    SAMPLE = "sample"
    """Each sample leaves by itself."""
    PARENT = "parent"
    """All samples of a parent leave together, by what they say together."""
    READING = "reading"
    """The samples of a parent are read in order, each leaves by itself, until their pooled answer is sure."""


class Answering(BaseModel):
    """How a policy answers: part of its file, and chosen, like its thresholds, on ``search`` alone.

    Attributes:
        level: What leaves together.
        pooling: How the outputs of a parent's samples become its own, such as ``mean``, ``top-2`` or ``p75``; None
            where each sample answers for itself.
        label_thresholds: From which probability on each label is answered, shape (L,); half where None. Classes have
            none.
        read_until: The sureness of the pooled answer from which on no further sample of the parent is read; infinity
            reads all. For level ``reading`` alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Level = Level.SAMPLE
    pooling: str | None = None
    label_thresholds: tuple[Annotated[float, Field(gt=0, lt=1)], ...] | None = None
    read_until: float = math.inf

    @model_validator(mode="after")
    def _check(self) -> Answering:
        if self.pooling is not None:
            get_pooling(self.pooling)
        elif self.level is not Level.SAMPLE:
            raise ValueError(f"level {self.level} needs a pooling but has none")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether it is what every policy does where nobody says otherwise."""
        return self == Answering()

    def to_dict(self) -> dict[str, Any]:
        """JSON form; infinity is null."""
        own = self.model_dump(mode="json", exclude_defaults=True)
        return {key: None if value == math.inf else value for key, value in own.items()}
