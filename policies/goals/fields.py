"""What may be asked of a policy, field by field, as a sweep file, the command line and Python take it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "f1-under-budget": {"quality": "macro_f1", "objective": "latency", "budget": 4.0},
}
"""Options by preset; what is given goes before. ``f1-under-budget``: best macro-F1 with at most 4 ms on average."""

Target = Annotated[
    float | None,
    Field(
        gt=0,
        le=1,
        examples=[0.95],
        description="Least accuracy, or least value of another `quality`, as a share. Nothing is asked of it where "
        "left out; then a drop or a budget must be given.",
    ),
]
Delta = Annotated[
    float,
    Field(gt=0, lt=1, examples=[0.05], description="Largest probability that a certificate states what does not hold."),
]


_Share = Annotated[float, Field(ge=0, lt=1)]
Drops = Annotated[
    # What pydantic adds to the place of an error is no key, and so looks like none.
    Annotated[_Share, Tag("<one>")] | Annotated[Mapping[str, _Share], Tag("<several>")],
    Discriminator(lambda given: "<several>" if isinstance(given, Mapping) else "<one>"),
]
"""A largest drop, or largest drops of several qualities by their names."""


POWER = 0.8
"""How often a policy is to be certified that just does what is looked for: four times of five."""


class GoalFields(BaseModel):
    """What is asked of a policy beside its target: the fields, as every place that takes them declares them.

    A preset fills in what is not given.
    """

    preset: Literal["f1-under-budget"] | None = Field(
        default=None,
        description="Defaults for `quality`, `objective` and `budget`: `f1-under-budget` looks for the best "
        "macro-F1 within 4 ms on average. A target is then only what is given as one, without its default.",
    )
    quality: str = Field(
        default="accuracy",
        description="What is wanted most of, and what the target is about: `accuracy`, `macro_f1`, "
        "`worst_class_recall`, `top5_accuracy`; of detectors `map_50`, `map`, `map_75`, `worst_class_map_50`, "
        "`image_f1`, `found_objects`; of sets of labels `exact_match`, `label_micro_f1`, `label_macro_f1`, "
        "`samples_f1`, `jaccard`, `worst_label_f1`, `worst_label_recall`, `label_f1[NAME]`, `label_recall[NAME]`, "
        "`label_precision[NAME]`; or your own as `module:attribute`. A detector's is `map_50` where left out, that of "
        "sets of labels `exact_match`.",
    )
    objective: str = Field(
        default="depth",
        description="What is minimised: `depth`, the mean number of exits passed; `cost`, the mean cost as a share of "
        "the full network's; `latency`, the mean milliseconds; or your own as `module:attribute`.",
    )
    max_drop: Drops | None = Field(
        default=None,
        examples=[0.01],
        description="Largest accuracy lost against the same network without early exits; 0.01 is one point. Where "
        "answers are not one class each, as a detector's are not, it is the largest loss of `quality`. Or the largest "
        "losses of several qualities, such as `{exact_match: 0.01, hamming: 0.005}`: of one of which less is better "
        "the largest rise.",
    )
    max_relative_drop: Drops | None = Field(
        default=None,
        examples=[0.15],
        description="As `max_drop`, but as a share of what the network without early exits has; 0.15 keeps 85 % of it. "
        "Of each quality at most one of the two is given.",
    )
    max_drop_greedy: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        examples=[0.01],
        description="Largest accuracy lost, or loss of `quality` as for `max_drop`, against one threshold for all "
        "exits, tuned greedily for the other limits.",
    )
    budget: float | None = Field(
        default=None,
        gt=0,
        examples=[2],
        description="Largest mean `objective`, in exits, in shares of the full network's cost or in milliseconds; "
        "the policy of best `quality` within it is then chosen.",
    )
    bounds: Mapping[str, float] = Field(
        default_factory=dict,
        description="Further limits, as shares: least values of qualities such as `worst_class_recall` or "
        "`image_f1`, largest `flip_rate_to_exit`.",
    )
    by: str | None = Field(
        default=None,
        min_length=1,
        examples=["site"],
        description="Name of a column of facts about samples, such as `site`: what is certified must hold for every "
        "value of it too, each by itself. Policies are searched that do what is asked at each of them.",
    )
    power: float = Field(
        default=POWER,
        gt=0,
        lt=1,
        description="How probably a policy that just does what is looked for is certified; the search target is so "
        "much stricter than what is asked. 0.5 is a toss-up.",
    )
    latency_ms: tuple[float, ...] = Field(
        default=(),
        description="Measured milliseconds up to each exit, increasing, one number for each exit. Where left out: "
        "what a table states, or in a sweep what is measured, where `objective` is `latency`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        """Of the preset, what is not given; a preset that is none is refused with its field."""
        preset = values.get("preset") if isinstance(values, Mapping) else None
        return {**PRESETS[preset], **values} if isinstance(preset, str) and preset in PRESETS else values
