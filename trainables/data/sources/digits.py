"""The embedded default: scikit-learn's handwritten digits, 1,797 real grey images of 8x8 pixels."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.data.base import ImageSource, Samples
from trainables.data.options import DEFAULT_OPTIONS, DataOptions


class DigitsSource(ImageSource):
    """Needs no files: the images come with scikit-learn."""

    name: ClassVar[str] = "digits"

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> Samples:
        """Return the images scaled from 0..16 to 0..1; ``data_dir`` is not used.

        Raises:
            DataError: If another image size than 8 is asked for.
        """
        options.require_size(self.name, 8)
        images, digits = digit_images()
        return Samples(
            inputs=images[:, None],
            labels=digits,
            ids=np.array([f"digits-{i:04d}" for i in range(len(digits))]),
            class_names=tuple(map(str, range(10))),
        )


def digit_images() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The images, in 0..1, shape (1797, 8, 8), and their digits, shape (1797,)."""
    # Here, since the import takes seconds and only the driver loads data.
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return (bunch.images / 16.0).astype(np.float32), bunch.target.astype(np.int64)
