"""Random shifts and flips of whole batches, drawn anew for every sample. Only ever used on ``train``."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
import torch.nn.functional as F


@dataclass(frozen=True)
class Augmentation:
    """How training images may be moved.

    Attributes:
        shift: Largest shift as a share of height and width; the border is filled with zeros.
        flip: Whether half of the images are mirrored left to right.
    """

    shift: float = 0.0
    flip: bool = False

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return moved copies of images, shape (N, channels, height, width)."""
        if not self.shift and not self.flip:
            return images
        n = len(images)
        transform = torch.zeros(n, 2, 3)
        transform[:, 0, 0] = 1.0
        transform[:, 1, 1] = 1.0
        # affine_grid measures in half sides: a shift by the whole side would be 2.
        transform[:, :, 2] = (torch.rand(n, 2, generator=generator) * 2 - 1) * 2 * self.shift
        if self.flip:
            transform[:, 0, 0] -= 2.0 * (torch.rand(n, generator=generator) < 0.5)
        grid = F.affine_grid(transform.to(images.device), list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
