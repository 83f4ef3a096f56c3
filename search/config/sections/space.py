"""Which training parameters a sweep searches."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from search.config.section import Section


class SpaceSection(Section):
    """Which training parameters are searched."""

    name: str = Field(
        default="self-distillation",
        description="Name of the search space: `self-distillation`, `distillation` with teachers, `audio`, `darts`, of "
        "detectors `detection`, of sets of labels `multi-label`, or your own as `module:attribute`.",
    )
    overrides: dict[str, Any] = Field(
        default_factory=dict,
        description="Changes to dimensions of the space: new bounds as `{low: 0.1, high: 1}`, fewer choices as a list, "
        "or one fixed value.",
    )
