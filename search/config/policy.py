"""What a sweep file asks of policies."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from policies.evolution.settings import EvolveFields, EvolveSettings
from policies.goals.fields import GoalFields
from policies.goals.request import Request
from policies.selection.policy_search import PolicySearch, SearchFields
from search.config.section import Section


class PolicySection(Section, EvolveFields, SearchFields, GoalFields):
    """What a policy must do beside meeting the target, and how policies are searched."""

    best_trials: int = Field(
        default=4,
        ge=1,
        description="Number of trials, the best ones, whose networks' policies are searched at the end.",
    )

    def request(self, *, target: float | None, delta: float) -> Request:
        """What is asked of a policy.

        Raises:
            ExitSearchError: If nothing is, or something that cannot be.
        """
        return Request(target=target, delta=delta, **_values(self, GoalFields))

    def search(self, asked: Request, *, seed: int) -> PolicySearch:
        """How policies are searched for what is asked."""
        settings = EvolveSettings(**_values(self, EvolveFields))
        return PolicySearch(asked=asked, settings=settings, seed=seed, **_values(self, SearchFields))


def _values(section: BaseModel, fields: type[BaseModel]) -> dict[str, Any]:
    """What a section says of some of its fields."""
    return {name: getattr(section, name) for name in fields.model_fields}
