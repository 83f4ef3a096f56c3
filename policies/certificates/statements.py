"""What a claim says, quality by quality, as largest means of losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.certificates.losses import Loss
from policies.qualities.base import ACCURACY, RIGHT_OR_WRONG


@dataclass(frozen=True)
class Statement:
    """What a claim says of one quality of all that is judged.

    Attributes:
        field: Field of the claim that says it, such as ``target`` or ``bounds``.
        quality: Name of the quality that it is about.
        loss: Loss whose mean is limited.
        required: The limit as the claim has it: a least value, a largest one, or a largest loss.
    """

    field: str
    quality: str
    loss: Loss
    required: float

    @property
    def limit(self) -> float:
        """Largest mean of the loss."""
        if self.loss in (Loss.RELATIVE_DROP, Loss.SHORTFALL):
            return 0.0
        return 1 - self.required if self.loss.is_read_as_least else self.required

    @property
    def allowed(self) -> float:
        """How much may be lost: also of a relative drop and of a shortfall, whose limits are always 0."""
        return 1 - self.required if self.loss.is_read_as_least else self.required

    @property
    def name(self) -> str:
        """What a person calls the part of a certificate."""
        if self.loss is Loss.RELATIVE_DROP:
            return f"{self.quality} below {1 - self.required:g} of the full network's"
        if not self.loss.is_compared:
            return self.quality
        if self.loss is Loss.DISAGREEMENT:
            return str(self.loss)
        is_plain = self.quality == ACCURACY or (self.loss is Loss.DEGRADATION and self.quality in RIGHT_OR_WRONG)
        return str(self.loss) if is_plain else f"{self.loss} of {self.quality}"

    @property
    def phrase(self) -> str:
        """The statement, for a person."""
        own = "" if self.quality == ACCURACY else f" of {self.quality}"
        words = {
            Loss.DROP: f"the drop{own} against the full network is at most",
            Loss.RELATIVE_DROP: f"the share of the full network's {self.quality} that is lost is at most",
            Loss.DEGRADATION: "the share degraded against the full network is at most",
            Loss.DISAGREEMENT: "the share answered otherwise than by the full network is at most",
            Loss.EXCESS: f"{self.quality} is at most",
        }
        return f"{words.get(self.loss, f'{self.quality} is at least')} {self.required:g}"

    @property
    def limited(self) -> str:
        """What it limits, as a person names it: a quality, or how much less of one there is."""
        own = "" if self.quality == ACCURACY else f" of {self.quality}"
        words = {
            Loss.DROP: f"drop{own}",
            Loss.RELATIVE_DROP: f"relative drop{own}",
            Loss.DEGRADATION: "degradation",
            Loss.DISAGREEMENT: "disagreement",
        }
        return words.get(self.loss, self.quality)

    @property
    def request(self) -> str:
        """What is asked for, as a person names it where it cannot be had."""
        return (
            f"a {self.limited} of {self.required:g}" if self.loss.is_compared else f"{self.limited} {self.required:g}"
        )


def by_quality(limit: float | Mapping[str, float] | None, quality: str) -> dict[str, float]:
    """Limits by the quality that they are about: of a bare number the given one."""
    if limit is None:
        return {}
    return dict(limit) if isinstance(limit, Mapping) else {quality: limit}
