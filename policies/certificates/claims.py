"""What can be claimed of a policy."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from policies.errors import ClaimError


class Loss(StrEnum):
    """What a policy loses on one sample."""

    ERROR = "error"
    """1 where the policy is wrong, else 0."""
    DEGRADATION = "degradation"
    """1 where the policy is wrong and the full network is right, else 0."""
    DROP = "drop"
    """1 as for ``DEGRADATION``, -1 where the policy is right and the full network is wrong, else 0."""

    @property
    def least(self) -> float:
        """The smallest possible loss."""
        return -1.0 if self is Loss.DROP else 0.0


@dataclass(frozen=True)
class Claim:
    """What must hold on new data of the same kind, all of it together.

    The first of ``target``, ``max_drop`` and ``max_degradation`` that is given is the main claim. With groups,
    every mean is one over groups of the mean within a group, so that each group counts alike.

    Attributes:
        target: Least accuracy, in (0, 1].
        max_drop: Largest accuracy lost against the full network, gains counted against losses, in [0, 1).
        max_degradation: Largest share of samples that the full network answers rightly and the policy
            wrongly, in [0, 1).
        class_floor: Least recall of every class, in (0, 1].
        exit_floor: Least accuracy among the samples that leave at an exit, of every exit, in (0, 1].

    Raises:
        ClaimError: If there is no main claim or a number is out of range.

    Example:
        >>> print(Claim(target=0.95, class_floor=0.8))
        accuracy is at least 0.95, every class's recall is at least 0.8
    """

    target: float | None = None
    max_drop: float | None = None
    max_degradation: float | None = None
    class_floor: float | None = None
    exit_floor: float | None = None

    def __post_init__(self) -> None:
        if not self.main_limits:
            raise ClaimError("a claim needs a target, a max_drop or a max_degradation but has none of them")
        for name in ("target", "class_floor", "exit_floor"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise ClaimError(f"{name} must be above 0 and at most 1 but is {value:g}")
        for name in ("max_drop", "max_degradation"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ClaimError(f"{name} must be at least 0 and below 1 but is {value:g}")

    @property
    def main_limits(self) -> dict[Loss, float]:
        """Largest mean of each loss that is claimed over all samples, the main one first."""
        limits = {
            Loss.ERROR: None if self.target is None else 1 - self.target,
            Loss.DROP: self.max_drop,
            Loss.DEGRADATION: self.max_degradation,
        }
        return {loss: limit for loss, limit in limits.items() if limit is not None}

    @classmethod
    def from_dict(cls, data: Any) -> Claim:
        """Read the JSON form, as a certificate's has it under ``claim``.

        Raises:
            ClaimError: If that is no claim.
        """
        names = [field.name for field in fields(cls)]
        if not isinstance(data, dict) or not set(data) <= set(names):
            raise ClaimError(f"a claim must be a JSON object of {', '.join(names)} but is {str(data)[:80]!r}")
        for name, value in data.items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise ClaimError(f"a claim's {name} must be a number but is {str(value)[:80]!r}")
        return cls(**data)

    def __str__(self) -> str:
        texts = {
            "accuracy is at least": self.target,
            "the drop against the full network is at most": self.max_drop,
            "the share degraded against the full network is at most": self.max_degradation,
            "every class's recall is at least": self.class_floor,
            "the accuracy of those that leave at each exit is at least": self.exit_floor,
        }
        return ", ".join(f"{text} {value:g}" for text, value in texts.items() if value is not None)


def require_delta(delta: float) -> None:
    """Refuse a level outside (0, 1).

    Raises:
        ClaimError: If it is.
    """
    if not 0 < delta < 1:
        raise ClaimError(f"delta must lie strictly between 0 and 1 but is {delta:g}; usual is 0.05")
