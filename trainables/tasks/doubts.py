"""Reasons why a training may have come to nothing: what was measured, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Certainty(IntEnum):
    """How sure it is that a reason holds and that it is one."""

    POSSIBLE = 1
    """Seen in good trainings too."""
    LIKELY = 2
    """Measured, and seldom without consequence."""
    CERTAIN = 3
    """Nothing can be learned like that."""


@dataclass(frozen=True)
class Doubt:
    """One reason.

    Attributes:
        reason: What was measured, with its figures, as a sentence without a full stop.
        advice: What to try, as a sentence without a full stop that begins with a verb.
        certainty: How sure it is.
        ends: Whether training is pointless, so that it need not be begun.
    """

    reason: str
    advice: str
    certainty: Certainty = Certainty.LIKELY
    ends: bool = False


def most_certain_first(doubts: Iterable[Doubt]) -> list[Doubt]:
    """In order of certainty; equal ones stay in their order."""
    return sorted(doubts, key=lambda doubt: -doubt.certainty)
