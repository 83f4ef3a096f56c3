"""Image files, as folders of images are read for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.data.images.files import IMAGES
from trainables.data.readers.base import InputReader, ReadInputs, absolute, without_rows


# ITU-R BT.601, which Pillow takes too where it makes colours grey.
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class ImageReader(InputReader):
    """Decodes images to uint8 of one size, as :func:`~trainables.data.images.decoding.decode_images` does.

    Attributes:
        channels: 3 for colours, 1 for grey.
        size: Height and width in pixels.
    """

    kind: ClassVar[str] = "image"
    suffixes: ClassVar[tuple[str, ...]] = IMAGES.suffixes
    plural: ClassVar[str] = IMAGES.plural

    channels: int
    size: int

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(channels, height, width) of an input."""
        return (self.channels, self.size, self.size)

    def read(self, paths: Sequence[Path]) -> ReadInputs:
        """Decode files; those that are damaged, or whose pixels are of no kind that is read, are told."""
        # Here, since the import takes its time, and bundles are told about without it.
        from trainables.data.images.decoding import decode_images

        decoded = decode_images(Path("/"), absolute(paths), size=self.size)
        names = [str(path) for path in paths]
        images = _grey(decoded.images) if self.channels == 1 else decoded.images
        kept = without_rows(names, decoded.damaged_rows)
        return ReadInputs(kept, images, kept, tuple(decoded.damaged(names)), sizes=decoded.sizes)


def _grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.tensordot(images, _LUMA, axes=(1, 0)).round().astype(np.uint8)[:, None]
