"""How training images may be moved: random shifts, flips and erased boxes, drawn anew for every sample of ``train``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from trainables.errors import TrainingError


if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.augmentation.moves import Moves


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

    def draw(self, n: int, generator: Generator) -> Moves:
        """Draw the moves of ``n`` images."""
        # Here, since the import takes seconds, and what a workload may do is known without it.
        from trainables.augmentation.moves import draw_moves

        return draw_moves(n, generator, shift=self.shift, flip=self.flip, erase=self.erase)

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Return moved copies of images, shape (N, channels, height, width)."""
        return images if self.is_none else self.draw(len(images), generator).apply(images)


@dataclass(frozen=True)
class Views:
    """A few fixed augmentations of every sample that epochs go through in turn, so that a teacher can see them once.

    Attributes:
        augmentation: What the views are drawn from.
        count: ``V``; epoch ``k``, counted from 0, trains on view ``k mod V``.
        seed: Seed that all views are drawn with; the same seed gives the same views.
    """

    augmentation: Augmentation
    count: int
    seed: int

    def draw(self, n_samples: int) -> list[Moves]:
        """The moves of each view, for samples in the order of the split."""
        from torch import Generator

        return [
            self.augmentation.draw(n_samples, Generator().manual_seed(self.seed * 1_000_003 + view))
            for view in range(self.count)
        ]

    def metadata(self) -> dict[str, Any]:
        """What soft labels of these views state, for JSON."""
        return {**asdict(self.augmentation), "views": self.count, "seed": self.seed}
