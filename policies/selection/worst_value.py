"""Which value of a column a policy is nearest to failing at, or misses by most, on ``search``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from policies.goals.figures import quality_of
from policies.policy import Decision
from policies.qualities import get_quality, split_where
from policies.selection.references import goal_on
from policies.selection.search_target import SearchTarget
from policies.tables.base import ExitTable


@dataclass(frozen=True)
class WorstValue:
    """What a policy does at the value of a column that is worst on ``search``, beside what is looked for there.

    Attributes:
        column: Name of the column.
        value: The value, as text.
        quality: Name of the quality that is worst; a drop is told as the quality that it leaves.
        reached: That quality on ``search``, of the samples with the value.
        asked: What must be reached there by what was asked for, without a margin.
        aimed: What is looked for there, with the margin.
    """

    column: str
    value: str
    quality: str
    reached: float
    asked: float
    aimed: float

    @property
    def sentence(self) -> str:
        """All of it, for a person."""
        is_maximised = get_quality(self.quality).is_maximised
        return (
            f"{self.column} = {self.value}: {self.quality} {self.reached:.4f} on search, where at "
            f"{'least' if is_maximised else 'most'} {self.asked:.4f} is asked for and {self.aimed:.4f} is aimed at"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the sentence."""
        return {**asdict(self), "sentence": self.sentence}


def worst_value(target: SearchTarget, search: ExitTable, decision: Decision) -> WorstValue | None:
    """The value of the claim's column where a policy has least to spare on ``search``, or lacks most.

    Args:
        target: What was asked, with its margin.
        search: The ``search`` table, answered as the policy does.
        decision: What the policy does there, as if the table were new.

    Returns:
        None where nothing is asked of every value of a column.
    """
    if target.asked.by is None:
        return None
    asked, aimed = (goal_on(request, search).bounds for request in (target.asked, target.tightened))
    found = []
    for name, limit in aimed.items():
        parts = split_where(name)
        if parts is not None and name in asked:
            quality, column, value = parts
            reached = quality_of(name, search, decision)
            found.append(WorstValue(column, value, quality, reached, asked[name], limit))
    return min(found, key=lambda one: get_quality(one.quality).sign * (one.reached - one.aimed), default=None)
