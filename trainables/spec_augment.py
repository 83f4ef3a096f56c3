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
        """Masked copies of features, shape (N, channels, mels, frames); draws from torch's global generator."""
        if not self.probability:
            return features
        # Here, since the import takes seconds and most trainings have no sound.
        from torchaudio.functional import mask_along_axis_iid

        masked = features
        for axis, width in ((2, self.bands), (3, self.frames)):
            # Widths are drawn below the limit.
            limit = min(width, features.shape[axis]) + 1
            for _ in range(N_MASKS):
                masked = mask_along_axis_iid(masked, limit, 0.0, axis)
        is_masked = torch.rand(len(features), 1, 1, 1) < self.probability
        return torch.where(is_masked.to(features.device), masked, features)
