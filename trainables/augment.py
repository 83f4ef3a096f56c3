"""Random shifts, flips and erased boxes of whole batches, drawn anew for every sample. Only ever used on ``train``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import math
from typing import Any

import torch
from torch import Tensor
import torch.nn.functional as F

from trainables.errors import TrainingError


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


@dataclass(frozen=True)
class Augmentation:
    """How training images may be moved.

    Attributes:
        shift: Largest shift as a share of height and width; the border is filled with zeros.
        flip: Whether half of the images are mirrored left to right.
        erase: Probability that a box of an image is erased: 2 to 33 % of its area, its sides in ratios of 0.3 to 3.3,
            cut off at the image (random erasing; Zhong et al., 2020).

    Raises:
        TrainingError: If a number is out of range.
    """

    shift: float = 0.0
    flip: bool = False
    erase: float = 0.0

    def __post_init__(self) -> None:
        for name in ("shift", "erase"):
            if not 0 <= getattr(self, name) <= 1:
                raise TrainingError(f"{name} must lie in [0, 1] but is {getattr(self, name)}")

    @property
    def is_none(self) -> bool:
        """Whether images stay as they are."""
        return not (self.shift or self.flip or self.erase)

    def draw(self, n: int, generator: torch.Generator) -> Moves:
        """Draw the moves of ``n`` images."""
        return Moves(
            self._transform(n, generator) if self.shift or self.flip else None,
            self._boxes(n, generator) if self.erase else None,
        )

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return moved copies of images, shape (N, channels, height, width)."""
        return images if self.is_none else self.draw(len(images), generator).apply(images)

    def _transform(self, n: int, generator: torch.Generator) -> Tensor:
        transform = torch.zeros(n, 2, 3)
        transform[:, 0, 0] = 1.0
        transform[:, 1, 1] = 1.0
        # affine_grid measures in half sides: a shift by the whole side would be 2.
        transform[:, :, 2] = (torch.rand(n, 2, generator=generator) * 2 - 1) * 2 * self.shift
        if self.flip:
            transform[:, 0, 0] -= 2.0 * (torch.rand(n, generator=generator) < 0.5)
        return transform

    def _boxes(self, n: int, generator: torch.Generator) -> Tensor:
        drawn, share, aspect, top, left = torch.rand(5, n, generator=generator)
        low, high = _ERASED_SHARE
        area = (low + (high - low) * share) * (drawn < self.erase)
        low, high = map(math.log, _ERASED_ASPECT)
        stretch = torch.exp((low + (high - low) * aspect) / 2)
        height, width = (area.sqrt() * stretch).clamp(max=1), (area.sqrt() / stretch).clamp(max=1)
        top, left = top * (1 - height), left * (1 - width)
        return torch.stack([top, left, top + height, left + width], dim=1)


@dataclass(frozen=True)
class Views:
    """A few fixed augmentations of every sample that epochs go through in turn, so that a teacher can see them once.

    Attributes:
        augmentation: What the views are drawn from.
        count: ``V``; epoch ``k``, counted from 0, trains on view ``k mod V``.
        seed: Of the draws.
    """

    augmentation: Augmentation
    count: int
    seed: int

    def draw(self, n_samples: int) -> list[Moves]:
        """The moves of each view, for samples in the order of the split."""
        return [
            self.augmentation.draw(n_samples, torch.Generator().manual_seed(self.seed * 1_000_003 + view))
            for view in range(self.count)
        ]

    def facts(self) -> dict[str, Any]:
        """What soft labels of these views state, for JSON."""
        return {**asdict(self.augmentation), "views": self.count, "seed": self.seed}
