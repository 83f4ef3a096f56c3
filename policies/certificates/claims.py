"""What can be claimed of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from policies.errors import ClaimError
from policies.qualities.base import ACCURACY


class Loss(StrEnum):
    """What a policy loses on one sample."""

    ERROR = "error"
    """1 where the policy is wrong, else 0."""
    LACK = "lack"
    """1 less the figure, in [0, 1], that a quality gives the policy's answer."""
    DEGRADATION = "degradation"
    """1 where the policy is wrong and the full network is right, else 0."""
    DROP = "drop"
    """The full network's figure less the policy's, in [-1, 1]: as right or wrong answers, 1 lost and -1 gained."""
    RELATIVE_DROP = "relative_drop"
    """The share of the full network's figure that must be kept, less the policy's figure, in [-1, 1]."""

    @property
    def least(self) -> float:
        """The smallest possible loss."""
        return -1.0 if self.is_compared and self is not Loss.DEGRADATION else 0.0

    @property
    def is_compared(self) -> bool:
        """Whether it takes the full network's answers."""
        return self not in (Loss.ERROR, Loss.LACK)

    @property
    def is_binary(self) -> bool:
        """Whether it is 0 or 1 on every sample."""
        return self in (Loss.ERROR, Loss.DEGRADATION)

    @property
    def is_read_as_least(self) -> bool:
        """Whether a person reads its mean as a least accuracy or quality, one less the loss, not as a largest loss."""
        return self in (Loss.ERROR, Loss.LACK)


@dataclass(frozen=True)
class Claim:
    """What must hold on new data of the same kind, all of it together.

    The first of ``target``, ``max_drop``, ``max_relative_drop`` and ``max_degradation`` that is given is the main
    claim. With groups, every mean is one over groups of the mean within a group, so that each group counts alike.

    Attributes:
        target: Least accuracy, or least value of another ``quality``, in (0, 1].
        max_drop: Largest amount of the quality lost against the full network, gains counted against losses, in [0, 1).
        max_degradation: Largest share of samples that the full network answers rightly and the policy
            wrongly, in [0, 1).
        class_floor: Least recall of every class, in (0, 1].
        exit_floor: Least accuracy, or least value of another ``quality``, among the samples that leave at an exit, of
            every exit, in (0, 1].
        max_relative_drop: Largest share of the full network's quality that is lost, in [0, 1): the mean of what the
            policy has is at least the rest of the mean of what the full network has.
        quality: What the target, drops and exit floor are about: ``accuracy``, or the name of a
            :class:`~policies.qualities.MeanOfAnswers`.
        bounds: Least values, in (0, 1], of further qualities that are means over samples, by name.

    Raises:
        ClaimError: If there is no main claim, a number is out of range, or a class floor or a degradation is claimed
            beside another quality than accuracy: they are about right and wrong answers.

    Example:
        >>> print(Claim(target=0.95, class_floor=0.8))
        accuracy is at least 0.95, every class's recall is at least 0.8
    """

    target: float | None = None
    max_drop: float | None = None
    max_degradation: float | None = None
    class_floor: float | None = None
    exit_floor: float | None = None
    max_relative_drop: float | None = None
    quality: str = ACCURACY
    bounds: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.main_limits:
            raise ClaimError(
                "a claim needs a target, a max_drop, a max_relative_drop or a max_degradation but has none of them"
            )
        shares = {name: getattr(self, name) for name in ("target", "class_floor", "exit_floor")}
        for name, value in (shares | {f"the bound of {name}": bound for name, bound in self.bounds.items()}).items():
            if value is not None and not 0 < value <= 1:
                raise ClaimError(f"{name} must be above 0 and at most 1 but is {value:g}")
        for name in ("max_drop", "max_relative_drop", "max_degradation"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ClaimError(f"{name} must be at least 0 and below 1 but is {value:g}")
        if self.max_drop is not None and self.max_relative_drop is not None:
            raise ClaimError("max_drop and max_relative_drop are two limits of one loss; give one of them")
        for name in ("max_degradation", "class_floor"):
            if not self.is_about_accuracy and getattr(self, name) is not None:
                raise ClaimError(
                    f"{name} is about right and wrong answers but the claim is about {self.quality}; leave it out"
                )

    @property
    def is_about_accuracy(self) -> bool:
        """Whether the target, drops and floors are about right and wrong answers."""
        return self.quality == ACCURACY

    @property
    def needs_figures(self) -> tuple[str, ...]:
        """Names of the qualities, other than accuracy, that answers must be judged by."""
        return tuple(dict.fromkeys([*([] if self.is_about_accuracy else [self.quality]), *self.bounds]))

    @property
    def main_loss(self) -> Loss:
        """What an answer loses of the claim's quality by itself."""
        return Loss.ERROR if self.is_about_accuracy else Loss.LACK

    @property
    def main_limits(self) -> dict[Loss, float]:
        """Largest mean of each loss of the claim's quality that is claimed over all samples, the main one first."""
        limits = {
            self.main_loss: None if self.target is None else 1 - self.target,
            Loss.DROP: self.max_drop,
            Loss.RELATIVE_DROP: None if self.max_relative_drop is None else 0.0,
            Loss.DEGRADATION: self.max_degradation,
        }
        return {loss: limit for loss, limit in limits.items() if limit is not None}

    @classmethod
    def from_dict(cls, data: Any) -> Claim:
        """Read the JSON form, as a certificate's has it under ``claim``.

        Raises:
            ClaimError: If that is no claim.
        """
        names = [own.name for own in fields(cls)]
        if not isinstance(data, dict) or not set(data) <= set(names):
            raise ClaimError(f"a claim must be a JSON object of {', '.join(names)} but is {str(data)[:80]!r}")
        quality, bounds = data.get("quality", ACCURACY), data.get("bounds", {})
        if not (isinstance(quality, str) and isinstance(bounds, dict)):
            raise ClaimError(
                f"a claim's quality must be a name, and its bounds an object, but {str(data)[:80]!r} has others"
            )
        limits = {name: value for name, value in data.items() if name not in ("quality", "bounds")}
        for name, value in (limits | bounds).items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number and (value is not None or name in bounds):
                raise ClaimError(f"a claim's {name} must be a number but is {str(value)[:80]!r}")
        return cls(**data)

    def __str__(self) -> str:
        own = "" if self.is_about_accuracy else f" of {self.quality}"
        those = f"the {self.quality} of those that leave at each exit is at least"
        texts = {
            f"{self.quality} is at least": self.target,
            f"the drop{own} against the full network is at most": self.max_drop,
            f"the share of the full network's {self.quality} that is lost is at most": self.max_relative_drop,
            "the share degraded against the full network is at most": self.max_degradation,
            "every class's recall is at least": self.class_floor,
            those: self.exit_floor,
            **{f"{name} is at least": bound for name, bound in self.bounds.items()},
        }
        return ", ".join(f"{text} {value:g}" for text, value in texts.items() if value is not None)


def require_delta(delta: float) -> None:
    """Refuse a level outside (0, 1).

    Raises:
        ClaimError: If it is.
    """
    if not 0 < delta < 1:
        raise ClaimError(f"delta must lie strictly between 0 and 1 but is {delta:g}; usual is 0.05")
