"""What a sweep file asks of policies."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from policies.evolution.settings import EvolveFields, EvolveSettings
from policies.goals.fields import GoalFields
from policies.goals.request import Request
from policies.pooling.fields import AnswerFields
from policies.qualities import get_quality
from policies.selection.policy_search import PolicySearch, SearchFields
from policies.tasks import get_task
from search.config.section import Section
from search.errors import ConfigError


class PolicySection(Section, EvolveFields, SearchFields, AnswerFields, GoalFields):
    """What a policy must do beside meeting the target, and how policies are searched."""

    best_trials: int = Field(
        default=4,
        ge=1,
        le=10_000,
        description="Number of trials, the best ones, whose networks' policies are searched at the end.",
    )

    def resolved(self, task_name: str) -> PolicySection:
        """The same with the task's own quality and rules where nobody says otherwise.

        Whether rules fit is seen on the network's tables, since importing a rule takes its time.

        Args:
            task_name: Name of the kind of answers that the workload's networks give.

        Raises:
            ExitSearchError: If a quality is unknown, or for another kind of answers.
        """
        task = get_task(task_name)
        own = {"rules": task.rules, "quality": task.quality}
        section = self.model_copy(update={key: own[key] for key in own if key not in self.model_fields_set})
        for name in (section.quality, *section.bounds):
            judged = get_quality(name).task
            if judged not in (None, task_name):
                raise ConfigError(
                    f"quality {name!r} is for answers of task {judged!r} but the workload's networks give those of "
                    f"task {task_name!r}; leave it out, or name one such as {task.quality}"
                )
        return section

    def request(self, *, target: float | None, delta: float) -> Request:
        """What is asked of a policy.

        Raises:
            ExitSearchError: If nothing is, or something that cannot be.
        """
        return Request(target=target, delta=delta, **_values(self, GoalFields))

    @property
    def answers(self) -> AnswerFields:
        """What answers are about, and what leaves together."""
        return AnswerFields(**_values(self, AnswerFields))

    def search(self, asked: Request, *, seed: int) -> PolicySearch:
        """How policies are searched for what is asked."""
        settings = EvolveSettings(**_values(self, EvolveFields))
        how = _values(self, SearchFields) | _values(self, AnswerFields)
        return PolicySearch(asked=asked, settings=settings, seed=seed, **how)


def _values(section: BaseModel, fields: type[BaseModel]) -> dict[str, Any]:
    """What a section says of some of its fields."""
    return {name: getattr(section, name) for name in fields.model_fields}
