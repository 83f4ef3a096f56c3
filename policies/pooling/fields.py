"""How policies answer, field by field, as a sweep file, the command line and Python take it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, field_validator

from policies.pooling.answering import Answering, Level
from policies.pooling.poolings import get_pooling


class AnswerFields(BaseModel):
    """What answers are about, and what leaves together: the fields, as every place that takes them declares them."""

    levels: tuple[Level, ...] = Field(
        default=(Level.SAMPLE,),
        min_length=1,
        description="What leaves together, of samples that are parts of a parent (segments of a recording, frames of "
        "a video): `sample` each by itself; `parent` all of a parent by what they say together; `reading` each by "
        "itself, one after the other, until their pooled answer is sure; `progressive` all of a parent exit by exit, "
        "one sample after the other, until what they say together is sure. Policies of several levels are searched "
        "side by side.",
    )
    pooling: str | None = Field(
        default=None,
        examples=["mean"],
        description="Answers are given, and judged, for parents: how what is said of their samples is pooled. "
        "`mean`, `max`, `top-2` (the mean of the 2 largest), `p75` (a quantile), `noisy-or`, or for classes "
        "`evidence` (the sum of log-probabilities). Where left out each sample answers for itself, unless whole "
        "parents leave or are read: then it is `mean` for sets of labels and `evidence` for classes.",
    )
    label_thresholds: Literal["half", "fitted"] = Field(
        default="half",
        description="From which probability on a label is answered: `half`, or `fitted` on `search`, label by label, "
        "for the best F1 there; where these are judged there they are cross-fitted.",
    )
    parent_labels: Literal["same", "any", "majority"] = Field(
        default="same",
        description="What is true of a parent: `same` is what is true of all of its samples, and samples that differ "
        "are refused; of labels `any` is what is true of any sample; `majority` is what is true of most.",
    )

    @field_validator("pooling")
    @classmethod
    def _is_known(cls, pooling: str | None) -> str | None:
        if pooling is not None:
            get_pooling(pooling)
        return pooling

    def answering(self, default_pooling: str | None) -> Answering:
        """How tables are answered, at the first of the levels; label thresholds are half.

        Args:
            default_pooling: How answers of the kind are pooled where they must be and nobody says how; None where they
                cannot be.
        """
        is_pooled = self.pooling is not None or {*self.levels} != {Level.SAMPLE}
        pooling = (self.pooling or default_pooling or "mean") if is_pooled else None
        return Answering(level=self.levels[0], pooling=pooling, parent_labels=self.parent_labels)
