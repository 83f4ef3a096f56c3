"""How policies are searched on a network's tables."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.options import Options
from policies.pooling.fields import AnswerFields
from policies.rules import DEFAULT_RULES, DETECTION_RULES
from policies.tasks import get_task


class SearchFields(BaseModel):
    """By which means policies are searched: the fields, as every place that takes them declares them."""

    rules: tuple[str, ...] = Field(
        default=DEFAULT_RULES,
        min_length=1,
        description="The rules that are searched, by name: when a sample leaves at an exit, and with which answer. Of "
        "detectors, where none is named: "
        f"{', '.join(f'`{name}`' for name in DETECTION_RULES)}.",
    )
    baselines: tuple[str, ...] = Field(
        default=(),
        description="Further baselines that the result is compared with, your own as `module:attribute`; those that "
        "are registered are always there.",
    )
    calibration: Literal["lbfgs", "grid"] = Field(
        default="lbfgs", description="How the temperature of each exit is found: by L-BFGS, or by trying a grid."
    )
    islands: int = Field(
        default=1,
        ge=1,
        le=1_000,
        description="Populations that evolve apart and exchange their best; same result wherever they run.",
    )


class PolicySearch(Options, SearchFields, AnswerFields):
    """How policies are searched.

    Example:
        >>> how = PolicySearch(asked=Request(max_drop=0.01), rules=("confidence",), pooling="mean", levels=("parent",))
        >>> [str(level) for level in how.levels], how.islands
        (['parent'], 1)
    """

    asked: Request
    settings: EvolveSettings = EvolveSettings()
    seed: int = Field(default=0, ge=0, lt=2**31, description="Same seed, same front.")

    def of_task(self, name: str) -> PolicySearch:
        """The same with a task's own quality and rules where nobody says otherwise.

        Args:
            name: Name of the kind of answers.
        """
        task, asked = get_task(name), self.asked
        others = {} if "rules" in self.model_fields_set else {"rules": task.rules}
        if asked.quality != task.quality and not asked.model_fields_set & {"quality", "preset"}:
            asked = Request(**{**asked.model_dump(exclude_unset=True), "quality": task.quality})
        return self.model_copy(update={"asked": asked, **others})
