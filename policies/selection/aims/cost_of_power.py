"""What it costs to aim at being certified with a stated probability, over aiming at one half."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from policies.goals.request import Request
from policies.registry import title_of
from policies.selection.aims.front_on_search import FrontOnSearch
from policies.selection.search_target import SearchTarget, tightened_request


HALF = 0.5
LEAST_TOLD = 0.005
"""The smallest difference of means that two digits tell from nothing."""
_UNITS = {"depth": " exits", "cost": " of the full network's cost", "latency": " ms"}


@dataclass(frozen=True)
class CostOfPower:
    """The most wanted policies of a front that reach two aims on ``search``, of which one is certified more often.

    Attributes:
        power: How probably a policy that is just at the aim is certified.
        aim: What is looked for at that power, in words.
        aim_at_half: What would be looked for at a power of one half, in words.
        objective: Name of what is minimised.
        mean: Mean objective on ``search`` of the most wanted policy of the front that reaches the aim; None where none
            does.
        mean_at_half: The same of the aim at one half.
    """

    power: float
    aim: str
    aim_at_half: str
    objective: str
    mean: float | None
    mean_at_half: float | None

    @property
    def cost(self) -> float | None:
        """The one mean less the other; None where no policy of the front reaches an aim."""
        return None if self.mean is None or self.mean_at_half is None else self.mean - self.mean_at_half

    @property
    def sentence(self) -> str:
        """Both aims and what lies between them, for a person."""
        often, unit = in_times(self.power), _UNITS.get(self.objective, "")
        named = title_of(self.objective)
        aimed = f"{self.aim}; to be certified {often}"
        if self.aim == self.aim_at_half:
            if self.mean is None:
                return f"{aimed}; on search no policy of the front reaches it"
            most_wanted = f"the most wanted policy of the front that reaches it has mean {named} {self.mean:.3f}"
            return f"{aimed}; on search {most_wanted}"
        if self.mean_at_half is None:
            return f"{aimed}; on search no policy of the front reaches it, nor {self.aim_at_half}, the aim at half"
        half = f"{self.mean_at_half:.3f} at {self.aim_at_half}"
        if self.mean is None or self.cost is None:
            return f"{aimed}; on search no policy of the front reaches it; the most wanted has mean {named} {half}"
        amount = "nothing" if not self.cost else f"{_amount(self.cost)}{unit}"
        costs = "saves" if self.cost < 0 else "costs"
        return (
            f"{self.aim}; aiming to be certified {often} {costs} {amount} over aiming at half: on search "
            f"the most wanted policy of the front that reaches it has mean {named} {self.mean:.3f}, and {half}"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the sentence."""
        return {**asdict(self), "cost": self.cost, "sentence": self.sentence}


def cost_of_power(target: SearchTarget, front: FrontOnSearch) -> CostOfPower | None:
    """Compare the most wanted policies of a front that reach the aim, and the aim at a power of one half.

    A front is searched for what was asked, without a margin, so that it holds policies beyond both aims.

    Args:
        target: What was asked, with its margin.
        front: Policies of which none beats another, of one network or several.

    Returns:
        None where the margin is not that of a certificate.
    """
    if not target.is_certifiable or target.claim is None or target.certify is None:
        return None
    asked = target.asked
    at_half = tightened_request(asked, target.claim, target.certify, power=HALF)
    if at_half is None:
        return None
    found = [front.most_wanted(one) for one in (target.tightened, at_half)]
    means = [None if point is None else point.figures[asked.objective_column] for point in found]
    aim, half = str(target.tightened), str(at_half)
    return CostOfPower(asked.power, aim, half if half == aim else in_short(at_half), asked.objective, *means)


def _amount(cost: float) -> str:
    """How large a difference of means is, whatever its sign, to two digits."""
    return f"{abs(cost):.2f}" if abs(cost) >= LEAST_TOLD else "less than 0.01"


def in_short(aim: Request) -> str:
    """An aim in words, with the range of its numbers for the values of a column in place of those of each value."""
    overall = str(aim.model_copy(update={"of_values": {}}))
    of_values = [[one.required for one in own.statements] for own in aim.of_values.values()]
    ranges = [_range(numbers) for numbers in zip(*of_values, strict=True)]
    return f"{overall} ({', '.join(ranges)})" if ranges else overall


def _range(numbers: Sequence[float]) -> str:
    least, largest = f"{min(numbers):.4g}", f"{max(numbers):.4g}"
    return least if least == largest else f"{least} to {largest}"


def in_times(power: float) -> str:
    """A probability in words, such as "4 times of 5"."""
    share = Fraction(power).limit_denominator(20)
    if abs(float(share) - power) > 1e-9:
        return f"with probability {power:g}"
    return f"{share.numerator} time{'' if share.numerator == 1 else 's'} of {share.denominator}"
