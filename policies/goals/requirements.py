"""What a goal requires of a policy, quality by quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.goals.goal import Goal
from policies.qualities.drop import Drop
from policies.qualities.quality import Quality, get_quality


@dataclass(frozen=True)
class Requirement:
    """A quality and its limit: the least value, or the largest where less is better.

    Attributes:
        quality: Which.
        limit: The limit.
        reference: Of a drop, which of a candidate's references it is against; else None.
    """

    quality: Quality
    limit: float
    reference: int | None = None

    @property
    def sign(self) -> float:
        """1 where more is better, else -1."""
        return 1.0 if self.quality.is_maximised else -1.0

    @property
    def side(self) -> str:
        """The side of a value that is bounded, for a person."""
        return "at least" if self.quality.is_maximised else "at most"

    def counted_against(self, references_are_right: NDArray[np.bool_]) -> Quality:
        """The quality as it is counted on some samples.

        Args:
            references_are_right: Whether each reference answers each sample rightly, shape (R, N).
        """
        return self.quality if self.reference is None else Drop(references_are_right[self.reference])

    def excess(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much values meet the limit; negative where they miss it."""
        return np.asarray(self.sign * (values - self.limit))

    def clip(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bounds that nothing is gained by naming, put back into the range of the quality."""
        return np.clip(values, 0.0 if self.reference is None else -1.0, 1.0)


def requirements_of(goal: Goal, drops: Sequence[float] = ()) -> list[Requirement]:
    """What a goal requires, first what a person would name first: the target, else the first drop.

    Args:
        goal: Its target, if it has one or if nothing but a budget is asked for, and its bounds.
        drops: Largest drop of accuracy against each of the candidates' references.
    """
    lost = [Requirement(Drop(), limit, reference) for reference, limit in enumerate(drops)]
    target = [] if lost and not goal.target else [Requirement(get_quality(goal.quality), goal.target)]
    return [*target, *lost, *(Requirement(get_quality(name), limit) for name, limit in goal.bounds.items())]
