"""How what was said about samples becomes answers: label thresholds, pooling over parents, and what leaves together."""

from __future__ import annotations

from enum import StrEnum
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from policies.errors import PolicyError
from policies.pooling.poolings import get_pooling


class Level(StrEnum):
    """What leaves at an exit together."""

    SAMPLE = "sample"
    """Each sample leaves by itself."""
    PARENT = "parent"
    """All samples of a parent leave together, by what they say together."""
    READING = "reading"
    """The samples of a parent are read in order, each leaves by itself, until their pooled answer is sure."""
    PROGRESSIVE = "progressive"
    """All samples of a parent are read, in order, at the first exit, then at the next, until their answer is sure."""

    @property
    def reads(self) -> bool:
        """Whether samples are read in an order, so that some may not be read at all."""
        return self in (Level.READING, Level.PROGRESSIVE)


class Answering(BaseModel):
    """How a policy answers: part of its file, and chosen, like its thresholds, on ``search`` alone.

    Attributes:
        level: What leaves together.
        pooling: How the outputs of a parent's samples become its own, such as ``mean``, ``top-2`` or ``p75``; None
            where each sample answers for itself.
        label_thresholds: From which probability on each label is answered, shape (L,); half where None. Classes have
            none.
        parent_labels: What is true of a parent: ``same`` is what is true of all of its samples, and samples that
            differ are refused; of labels ``any`` is what is true of any; ``majority`` is what is true of most.
        read_until: The sureness of the pooled answer from which on no further sample of the parent is read; infinity
            reads all. For levels at which samples are read in an order; at level ``progressive`` it is that of the last
            exit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Level = Level.SAMPLE
    pooling: str | None = None
    label_thresholds: tuple[Annotated[float, Field(gt=0, lt=1)], ...] | None = None
    parent_labels: Literal["same", "any", "majority"] = "same"
    read_until: float = math.inf

    @model_validator(mode="after")
    def _check(self) -> Answering:
        if self.pooling is not None:
            get_pooling(self.pooling)
        elif self.level is not Level.SAMPLE:
            raise ValueError(f"level {self.level} needs a pooling but has none")
        if math.isnan(self.read_until) or self.read_until == -math.inf:
            raise ValueError(f"read_until must be a number, or infinity to read all, but is {self.read_until}")
        if self.read_until != math.inf and not self.level.reads:
            raise ValueError(f"read_until is for levels reading and progressive but the level is {self.level}")
        return self

    def at(self, level: Level) -> Answering:
        """The same at another level."""
        return self.model_copy(update={"level": level})

    @property
    def reading_all(self) -> Answering:
        """The same where all samples of a parent are read."""
        return self.model_copy(update={"read_until": math.inf})

    @property
    def is_plain(self) -> bool:
        """Whether it is what every policy does where nobody says otherwise."""
        return self == Answering()

    def __str__(self) -> str:
        """What leaves together and how it is pooled, for a person; empty where each sample answers for itself."""
        what = {
            Level.SAMPLE: "each sample leaves by itself",
            Level.PARENT: "whole parents leave",
            Level.READING: "samples are read in order",
            Level.PROGRESSIVE: "samples are read in order, exit by exit",
        }[self.level]
        if self.level.reads and self.read_until < math.inf:
            what += f" until the answer's sureness is {self.read_until:.4g}"
        return "" if self.pooling is None else f"{what}, answers pooled by {self.pooling}"

    @classmethod
    def from_dict(cls, data: Any) -> Answering:
        """Read the JSON form.

        Raises:
            PolicyError: With one line for the first thing that is wrong.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(("answering", *(str(part) for part in first["loc"])))
            raise PolicyError(
                f"a policy's {key!r} cannot be {str(first['input'])[:60]!r} ({first['msg']}); mend it, or search anew"
            ) from None

    def to_dict(self) -> dict[str, Any]:
        """JSON form; what is as nobody said otherwise is left out."""
        return self.model_dump(mode="json", exclude_defaults=True)
