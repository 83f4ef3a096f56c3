"""How training images may be changed together with the boxes in them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NoReturn

from trainables.augmentation.images import Augmentation
from trainables.errors import TrainingError


if TYPE_CHECKING:
    from torch import Generator, Tensor


_SHARES = ("scale", "crop", "photometric")
_LARGEST_ZOOM = 8.0


@dataclass(frozen=True)
class BoxAugmentation(Augmentation):
    """How training images may be changed together with the boxes in them, by transforms of torchvision.

    Beside shift, flip and erased boxes, as of :class:`~trainables.augmentation.images.Augmentation`, these are the
    changes of SSD (Liu et al., 2016) and mirroring top to bottom. Other than in SSD, colours are not exchanged for one
    another: where they tell classes apart, as those of stained cells do, what is learned would be wrong. Of a box that
    a border cuts, a quarter must be left, else it is no box any more.

    Attributes:
        vertical_flip: Whether half of the images are mirrored top to bottom.
        scale: Images are made smaller or larger by up to this share.
        zoom_out: Largest factor by which half of the images are made smaller in a grey frame; 1 leaves them.
        crop: Probability that an image is cropped so that it keeps enough of an object, and made large again.
        photometric: Probability of each change of brightness (by up to an eighth), contrast and saturation (by up to
            half) and hue (by up to a twentieth of the circle).

    Raises:
        TrainingError: If a number is out of range.
    """

    vertical_flip: bool = False
    scale: float = 0.0
    zoom_out: float = 1.0
    crop: float = 0.0
    photometric: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise TrainingError(f"{name} must lie in [0, 1] but is {getattr(self, name)}")
        if self.scale == 1:
            raise TrainingError("scale must be below 1, where images have no size left, but is 1")
        if not 1 <= self.zoom_out <= _LARGEST_ZOOM:
            raise TrainingError(f"zoom_out must lie in [1, {_LARGEST_ZOOM:g}] but is {self.zoom_out}")

    @property
    def is_none(self) -> bool:
        """Whether images stay as they are."""
        return super().is_none and not (
            self.vertical_flip or self.scale or self.zoom_out > 1 or self.crop or self.photometric
        )

    def with_boxes(self, images: Tensor, objects: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Changed copies of images with their boxes.

        Args:
            images: Shape (N, channels, height, width), floats in 0..1.
            objects: True boxes, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`.
            generator: One number is drawn of it, which seeds all draws; torch's global generator is left as it was.

        Returns:
            Both in their shapes. Boxes that are cut away are rows without a box, which come last.
        """
        if self.is_none:
            return images, objects
        # Here, since the import takes seconds, and what a workload may do is known without it.
        from trainables.augmentation.box_transforms import transformed

        numbers = {one.name: getattr(self, one.name) for one in fields(BoxAugmentation)}
        return transformed(images, objects, generator, **numbers)

    def draw(self, n: int, generator: Generator) -> NoReturn:
        """Refused, since fixed views that a teacher sees once have no boxes.

        Raises:
            TrainingError: Always.
        """
        raise TrainingError("fixed views of images do not tell where boxes in them go; train without views")

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Return changed copies of images without boxes, shape (N, channels, height, width)."""
        return self.with_boxes(images, images.new_zeros(len(images), 0, 6), generator)[0]
