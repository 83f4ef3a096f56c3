"""What a goal requires of a policy, quality by quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.goals.goal import Goal
from policies.qualities import Quality, get_quality
from policies.qualities.drop import DropLimit
from policies.tables.base import Truth


@dataclass(frozen=True)
class Requirement:
    """A quality and its limit: the least value, or the largest where less is better.

    Attributes:
        quality: Quality that is limited.
        limit: Least value of the quality, or the largest where less is better.
        drop: What is lost against a reference, where that is limited; None for any other quality.
        reference: Index of the candidate's reference that a drop is counted from; None for any other quality.
    """

    quality: Quality[Any]
    limit: float
    drop: DropLimit | None = None
    reference: int | None = None

    @property
    def name(self) -> str:
        """What a person calls the quality."""
        return self.quality.name if self.drop is None else self.drop.name

    @property
    def sign(self) -> float:
        """1 where more is better, else -1."""
        return self.quality.sign

    @property
    def side(self) -> str:
        """The side of a value that is bounded, for a person."""
        return "at least" if self.quality.is_maximised else "at most"

    def against(self, references: Sequence[NDArray[Any]], truth: Truth) -> Quality[Any]:
        """The quality as it is judged on some samples.

        Args:
            references: What each reference answers about the samples, shape (N, ...) each.
            truth: What answers are judged by, of the same samples.
        """
        if self.drop is None or self.reference is None:
            return self.quality
        return self.drop.against(references[self.reference], truth)

    def excess(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much values meet the limit; negative where they miss it."""
        return np.asarray(self.sign * (values - self.limit))

    def clip(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bounds that nothing is gained by naming, put back into the range of the quality."""
        return np.clip(values, self.quality.lowest, self.quality.highest)


def requirements_of(goal: Goal, drops: Sequence[DropLimit] = ()) -> list[Requirement]:
    """What a goal requires, first what a person would name first: the target, else the first drop.

    Args:
        goal: Goal whose bounds are required, and its target, if it has one or if nothing but a budget is asked for.
        drops: The largest drop against each of the candidates' references.
    """
    lost = [Requirement(drop.against(None, None), drop.limit, drop, place) for place, drop in enumerate(drops)]
    quality = get_quality(goal.quality)
    # Any value will do where nothing but a budget is asked for.
    limit = (quality.lowest if quality.is_maximised else quality.highest) if goal.target is None else goal.target
    target = [] if lost and goal.target is None else [Requirement(quality, limit)]
    return [*target, *lost, *(Requirement(get_quality(name), limit) for name, limit in goal.bounds.items())]
