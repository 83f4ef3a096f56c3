"""Fashion-MNIST: 70,000 grey images of 28x28 pixels, ten classes (Xiao et al., 2017)."""

from __future__ import annotations

from pathlib import Path
import struct
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.data.base import ImageSource, Samples
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.errors import DataError


_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_FILES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))


class FashionMnistSource(ImageSource):
    """Reads the four files as torchvision does, from ``<data_dir>/FashionMNIST/raw``."""

    name: ClassVar[str] = "fashion-mnist"

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> Samples:
        """Return both official parts; the 10,000 test images are marked as the official test.

        Raises:
            DataError: If no folder was named, a file is missing or damaged, or another image size than 28 is asked for.
        """
        options.require_size(self.name, 28)
        if data_dir is None:
            raise DataError(
                f"fashion-mnist needs the files {', '.join(_FILES)} but no folder was given; name the one that holds "
                f"FashionMNIST/raw with --data-dir DIR, or get them with "
                f"torchvision.datasets.FashionMNIST('DIR', download=True)"
            )
        folder = data_dir / "FashionMNIST" / "raw"
        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing:
            raise DataError(
                f"fashion-mnist needs {folder / missing[0]} but there is no such file; get the data where there is a "
                f"network with torchvision.datasets.FashionMNIST({str(data_dir)!r}, download=True)"
            )
        images, labels = zip(*(_read_part(data_dir, train=train) for train in (True, False)), strict=True)
        ids = [
            f"{part}-{i:05d}" for part, group in zip(("train", "test"), labels, strict=True) for i in range(len(group))
        ]
        return Samples(
            inputs=np.concatenate(images)[:, None],
            labels=np.concatenate(labels),
            ids=np.array(ids),
            class_names=_CLASSES,
            official_test=np.repeat([False, True], [len(group) for group in labels]),
        )


def _read_part(data_dir: Path, *, train: bool) -> tuple[NDArray[Any], NDArray[np.int64]]:
    # Here, since the import takes seconds and only the driver loads data.
    from torchvision.datasets import FashionMNIST

    part = "train" if train else "t10k"
    try:
        dataset = FashionMNIST(str(data_dir), train=train, download=False)
        images, labels = dataset.data.numpy(), dataset.targets.numpy().astype(np.int64)
    except (ValueError, RuntimeError, AssertionError, EOFError, OSError, KeyError, IndexError, struct.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{data_dir / 'FashionMNIST' / 'raw'}: the {part} files are damaged ({reason}); fetch them again"
        ) from None
    if images.ndim != 3 or images.shape[1:] != (28, 28) or len(images) != len(labels) or labels.max() > 9:
        raise DataError(
            f"{data_dir / 'FashionMNIST' / 'raw'}: the {part} files must hold 28x28 images and as many labels "
            f"of 0 to 9 but hold {images.shape} and {labels.shape}; fetch them again"
        )
    return images, labels
