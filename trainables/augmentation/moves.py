"""Random moves of whole batches of images: their draws, and the moved images."""

from __future__ import annotations

from dataclasses import dataclass
import math

import torch
from torch import Tensor
import torch.nn.functional as F


_ERASED_SHARE = (0.02, 0.33)
_ERASED_ASPECT = (0.3, 3.3)


@dataclass(frozen=True)
class Moves:
    """How each of ``N`` images is moved.

    Attributes:
        transform: Affine, shape (N, 2, 3), as :func:`torch.nn.functional.affine_grid` takes it; None leaves all alone.
        boxes: What is erased: top, left, bottom and right as shares of height and width, shape (N, 4); None erases
            nothing.
    """

    transform: Tensor | None
    boxes: Tensor | None

    def __getitem__(self, rows: Tensor) -> Moves:
        """The moves of some of the images."""
        return Moves(*(None if part is None else part[rows.to(part.device)] for part in (self.transform, self.boxes)))

    def apply(self, images: Tensor) -> Tensor:
        """Moved copies of images, shape (N, channels, height, width); borders and boxes are filled with zeros."""
        if self.transform is not None:
            grid = F.affine_grid(self.transform.to(images.device), list(images.shape), align_corners=False)
            images = F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
        if self.boxes is not None:
            images = images * ~self._erased(images.shape[-2:]).to(images.device)
        return images

    def _erased(self, size: torch.Size) -> Tensor:
        """Which pixels lie in a box, shape (N, 1, height, width)."""
        if self.boxes is None:
            raise ValueError("there are no boxes")
        top, left, bottom, right = self.boxes[:, :, None].unbind(dim=1)
        rows, columns = ((torch.arange(side) + 0.5)[None] / side for side in size)
        inside_rows, inside_columns = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
        return (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None]


def draw_moves(n: int, generator: torch.Generator, *, shift: float, flip: bool, erase: float) -> Moves:
    """Draw the moves of ``n`` images; the numbers are those of an ``Augmentation``."""
    return Moves(
        _transform(n, generator, shift, flip) if shift or flip else None,
        _boxes(erase, n, generator) if erase else None,
    )


def _transform(n: int, generator: torch.Generator, shift: float, flip: bool) -> Tensor:
    transform = torch.zeros(n, 2, 3)
    transform[:, 0, 0] = 1.0
    transform[:, 1, 1] = 1.0
    # affine_grid measures in half sides: a shift by the whole side would be 2.
    transform[:, :, 2] = (torch.rand(n, 2, generator=generator) * 2 - 1) * 2 * shift
    if flip:
        transform[:, 0, 0] -= 2.0 * (torch.rand(n, generator=generator) < 0.5)
    return transform


def _boxes(probability: float, n: int, generator: torch.Generator) -> Tensor:
    drawn, share, aspect, top, left = torch.rand(5, n, generator=generator)
    low, high = _ERASED_SHARE
    area = (low + (high - low) * share) * (drawn < probability)
    low, high = map(math.log, _ERASED_ASPECT)
    stretch = torch.exp((low + (high - low) * aspect) / 2)
    height, width = (area.sqrt() * stretch).clamp(max=1), (area.sqrt() / stretch).clamp(max=1)
    top, left = top * (1 - height), left * (1 - width)
    return torch.stack([top, left, top + height, left + width], dim=1)
