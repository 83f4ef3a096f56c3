"""What can be claimed of a policy, and what a search should aim at so that the claim can be certified."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from policies.bounds import ClaimError, certifiable_accuracy, certifiable_mean, require_delta


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

    def __str__(self) -> str:
        texts = {
            "accuracy is at least": self.target,
            "the drop against the full network is at most": self.max_drop,
            "the share degraded against the full network is at most": self.max_degradation,
            "every class's recall is at least": self.class_floor,
            "the accuracy of those that leave at each exit is at least": self.exit_floor,
        }
        return ", ".join(f"{text} {value:g}" for text, value in texts.items() if value is not None)


def aim_of(
    claim: Claim, *, n_units: int, delta: float, grouped: bool = False, smallest_class: int | None = None
) -> Claim | None:
    """What policies should reach where they are searched for, so that the claim can be certified.

    Exact for the target, the degradation and the class floor on samples: seen on ``certify``, the aim just
    certifies. With groups of several samples it is an approximation on the safe side, as though recordings were right
    or wrong as a whole; for the drop on samples it is an approximation as though the policy never corrected the full
    network, and it leaves too little where it often does. The exit floor is left as it is: nobody knows beforehand
    how many will leave where.

    Args:
        claim: What is to be certified.
        n_units: Samples of ``certify``, or its groups.
        delta: Largest probability of certifying what does not hold.
        grouped: Whether some unit is a group of several samples.
        smallest_class: Units of the smallest class; where left out, the class floor is left as it is.

    Returns:
        The claim with tighter limits, or None where even a policy without loss could not be certified.
    """
    require_delta(delta)
    limits = {
        loss: _aimed_limit(limit, n_units, delta, least=loss.least, exact=not grouped and loss is not Loss.DROP)
        for loss, limit in claim.main_limits.items()
    }
    floor = claim.class_floor
    if floor is not None and smallest_class is not None:
        lost = _aimed_limit(1 - floor, smallest_class, delta, least=0.0, exact=not grouped)
        floor = None if lost is None else 1 - lost
    if None in limits.values() or (floor is None) != (claim.class_floor is None):
        return None
    error = limits.get(Loss.ERROR)
    return replace(
        claim,
        target=None if error is None else 1 - error,
        max_drop=limits.get(Loss.DROP),
        max_degradation=limits.get(Loss.DEGRADATION),
        class_floor=floor,
    )


def _aimed_limit(limit: float, n: int, delta: float, *, least: float, exact: bool) -> float | None:
    """The largest mean loss to aim at, or None."""
    if n < 1:
        return None
    if not exact:
        return certifiable_mean(n, limit=limit, delta=delta, least=least)
    accuracy = certifiable_accuracy(n, target=1 - limit, delta=delta)
    return None if accuracy is None else 1 - accuracy
