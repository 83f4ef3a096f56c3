"""What a policy loses on one of those that are judged, and which of these losses tells of a quality."""

from __future__ import annotations

from enum import StrEnum

from policies.certificates.label_ratios import LabelRatio
from policies.qualities.base import RIGHT_OR_WRONG


HAMMING = "hamming"
"""Name of the share of labels that are answered wrongly: of qualities of which less is better the one certified."""


class Loss(StrEnum):
    """What a policy loses on one of those that are judged."""

    ERROR = "error"
    """1 where the policy is wrong, else 0."""
    LACK = "lack"
    """1 less the figure, in [0, 1], that a quality gives the policy's answer."""
    EXCESS = "excess"
    """The figure itself, in [0, 1], that a quality of which less is better gives the policy's answer."""
    SHORTFALL = "shortfall"
    """What the counts of labels behind an F1, a recall or a precision lack of a least value of it, at most 1."""
    DEGRADATION = "degradation"
    """1 where the policy is wrong and the full network is right, else 0."""
    DISAGREEMENT = "disagreement"
    """1 where the policy answers otherwise than the full network, whatever is right, else 0: it needs no labels."""
    DROP = "drop"
    """The full network's figure less the policy's, in [-1, 1]: as right or wrong answers, 1 lost and -1 gained."""
    RELATIVE_DROP = "relative_drop"
    """The share of the full network's figure that must be kept, less the policy's figure, in [-1, 1]."""

    @property
    def least(self) -> float:
        """The smallest possible loss; of a shortfall it depends on the value."""
        return -1.0 if self in (Loss.DROP, Loss.RELATIVE_DROP) else 0.0

    @property
    def is_compared(self) -> bool:
        """Whether it takes the full network's answers."""
        return self in (Loss.DEGRADATION, Loss.DISAGREEMENT, Loss.DROP, Loss.RELATIVE_DROP)

    @property
    def needs_labels(self) -> bool:
        """Whether it takes the truth."""
        return self is not Loss.DISAGREEMENT

    @property
    def is_binary(self) -> bool:
        """Whether it is always 0 or 1."""
        return self in (Loss.ERROR, Loss.DEGRADATION, Loss.DISAGREEMENT)

    @property
    def is_read_as_least(self) -> bool:
        """Whether a person reads its mean as a least accuracy or quality, not as a largest loss."""
        return self in (Loss.ERROR, Loss.LACK, Loss.SHORTFALL)


def bounds_what_is_claimed(loss: str | None) -> bool:
    """Whether a bound on a loss may be told in the place of what was claimed.

    Not of a relative drop: what is bounded there is how far the quality lies below its share of the full network's,
    which would be read as the share that is lost.

    Args:
        loss: Name of the loss, as certificates state it.
    """
    return loss != Loss.RELATIVE_DROP


def own_loss(quality: str) -> Loss:
    """What an answer loses of a quality by itself; a lack where nothing else is known of the quality."""
    if quality in RIGHT_OR_WRONG:
        return Loss.ERROR
    if quality == HAMMING:
        return Loss.EXCESS
    return Loss.LACK if LabelRatio.named(quality) is None else Loss.SHORTFALL
