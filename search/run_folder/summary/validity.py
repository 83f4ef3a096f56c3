"""What a summary tells of the validity gate."""

from __future__ import annotations

from policies.registry import title_of
from search.run_folder.summary.part import SummaryPart


class ValiditySummary(SummaryPart):
    """The network without early exits that passed the validity gate, and that all trials started from.

    Attributes:
        quality: Name of what it was judged by.
        least: The least value of that.
        reached: Its value on ``search``.
        epoch: The epoch that the network is of, counted from 1.
        epochs: How many epochs it was to be trained for.
    """

    quality: str
    least: float
    reached: float
    epoch: int
    epochs: int

    @property
    def sentence(self) -> str:
        """All of it for a person."""
        return (
            f"{title_of(self.quality)} {self.reached:.4f} on search without early exits, in epoch {self.epoch} of "
            f"{self.epochs}; at least {self.least:.4f} was asked"
        )
