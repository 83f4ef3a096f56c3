"""The sections of the page in their order. A new section is one new file and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from search.page.run import FinishedRun
from search.page.section import Section
from search.page.sections.baselines import baselines
from search.page.sections.certificate import certificate
from search.page.sections.environment import environment
from search.page.sections.exits import exits
from search.page.sections.explorer import explorer
from search.page.sections.front import front
from search.page.sections.importance import importance
from search.page.sections.splits import splits
from search.page.sections.trials import trials
from search.page.sections.verdict import verdict


SectionBuilder: TypeAlias = Callable[[FinishedRun], Section | None]
"""Makes a section of a finished search; None where the search has nothing to tell there."""

SECTIONS: tuple[SectionBuilder, ...] = (
    verdict,
    front,
    explorer,
    certificate,
    trials,
    importance,
    exits,
    baselines,
    splits,
    environment,
)

__all__ = ["SECTIONS", "SectionBuilder"]
