"""The stages of a detector: a part of the backbone, and the maps that it hands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from trainables.models.detection.blocks import Context


Features = tuple[Tensor, ...]
"""The newest map of each size from stride 8 on, the finest first, (N, C, H, W) each; from the second stage on also the
context, (N, N_CONTEXT)."""


@dataclass(frozen=True)
class MapShape:
    """One of the maps that a stage hands on.

    Attributes:
        channels: Number of channels.
        size: Rows and columns.
    """

    channels: int
    size: tuple[int, int]


class Trunk(nn.Module):
    """The part of a backbone between two exits, in pieces that end where a map is kept.

    Args:
        pieces: Each takes what the one before gives.
        levels: For each piece: which of the maps it ends with, 0 for the finest; None for one that is not kept.
    """

    def __init__(self, pieces: Sequence[nn.Module], levels: Sequence[int | None]) -> None:
        super().__init__()
        self.pieces = nn.ModuleList(pieces)
        self.levels = tuple(levels)

    def forward(self, newest: Tensor, maps: Sequence[Tensor]) -> list[Tensor]:
        """The newest map of each size.

        Args:
            newest: What the first piece takes.
            maps: Those of the stage before.
        """
        kept = dict(enumerate(maps))
        for piece, level in zip(self.pieces, self.levels, strict=True):
            newest = piece(newest)
            if level is not None:
                kept[level] = newest
        return [kept[level] for level in sorted(kept)]


class FirstDetectorStage(nn.Module):
    """The backbone up to the first exit.

    Args:
        trunk: It takes standardised inputs.
    """

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, inputs: Tensor) -> Features:
        """Maps, for standardised inputs, shape (N, channels, height, width)."""
        return tuple(self.trunk(inputs, ()))


class DetectorStage(nn.Module):
    """The backbone from one exit to the next.

    What the exit before has pooled is computed only here, since nobody needs it where all samples have left.

    Args:
        trunk: It takes the newest map of the stage before.
        context: Of the exit before.
        is_second: Whether the stage before is the first, which hands on maps alone.
    """

    def __init__(self, trunk: Trunk, context: Context, *, is_second: bool) -> None:
        super().__init__()
        self.trunk = trunk
        self.context = context
        self.is_second = is_second

    def forward(self, features: Features) -> Features:
        """From the features of the stage before to its own."""
        maps, told = (features, None) if self.is_second else (features[:-1], features[-1])
        return (*self.trunk(maps[-1], maps), self.context(maps[-1], told))
