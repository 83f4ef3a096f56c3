"""SpecAugment: bands of mels and spans of frames are hidden, drawn anew for every sample and epoch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.errors import TrainingError


N_MASKS = 2


@dataclass(frozen=True)
class SpecAugment:
    """Two masks over mels and two over time (Park et al., Interspeech 2019).

    They are filled with 0, the mean of normalised features.

    Attributes:
        probability: Share of the samples that are masked at all; 0 leaves all alone.
        bands: A mask over mels is 0 to this many bands wide.
        frames: A mask over time is 0 to this many frames long.

    Raises:
        TrainingError: If a number is out of range.
    """

    probability: float = 0.0
    bands: int = 8
    frames: int = 12

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise TrainingError(f"spec_augment must lie in [0, 1] but is {self.probability}")
        if min(self.bands, self.frames) < 0:
            raise TrainingError(f"masks must not be negative but are {self.bands} bands and {self.frames} frames")

    def __call__(self, features: Tensor) -> Tensor:
        """Masked copies of features, shape (N, channels, mels, frames); draws from torch's global CPU generator."""
        if not self.probability:
            return features
        # On the CPU wherever the features are, whose random state is kept with the training's.
        hidden = torch.zeros(len(features), *features.shape[2:], dtype=torch.bool)
        for axis, width in ((1, self.bands), (2, self.frames)):
            for _ in range(N_MASKS):
                hidden |= _mask(hidden.shape, axis, width)
        hidden &= torch.rand(len(features), 1, 1) < self.probability
        return features.masked_fill(hidden[:, None].to(features.device), 0.0)


def _mask(shape: torch.Size, axis: int, width: int) -> Tensor:
    """One mask per sample, of 0 to ``width`` rows along an axis, anywhere; shape (N, mels, frames)."""
    n, size = shape[0], shape[axis]
    lengths = (torch.rand(n) * (min(width, size) + 1)).long()
    starts = (torch.rand(n) * (size - lengths + 1)).long()
    positions = torch.arange(size)
    inside = (positions >= starts[:, None]) & (positions < (starts + lengths)[:, None])
    return inside[:, :, None].expand(shape) if axis == 1 else inside[:, None, :].expand(shape)
