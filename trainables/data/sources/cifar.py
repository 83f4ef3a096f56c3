"""CIFAR-10 and CIFAR-100: 60,000 colour images of 32x32 pixels (Krizhevsky, 2009)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.data.base import ImageSource, Samples
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.data.sources.image_folder import ImageFolderSource
from trainables.errors import DataError


_OWN_SIZE = 32
_CHUNK = 1000


class _CifarSource(ImageSource):
    """Reads the authors' files as torchvision lays them out, or else an image folder ``<data_dir>/<name>``.

    The authors' files are Python pickles, which can run code. torchvision opens them only after it found them to have
    the MD5 sums that it knows, so nothing is unpickled that anybody else has written.
    """

    torchvision_name: ClassVar[str]
    batches_folder: ClassVar[str]
    n_classes: ClassVar[int]

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> Samples:
        """Return both official parts, 32x32 pixels unless the options name another size; 10,000 are the official test.

        An image folder is read as :class:`~trainables.data.sources.image_folder.ImageFolderSource` does, official test
        or not.

        Raises:
            DataError: If no folder was named, there is neither kind of data in it, or the files are damaged.
        """
        if data_dir is None:
            raise DataError(
                f"{self.name} needs a folder but none was given; name it with --data-dir DIR, {self._how()}"
            )
        if (data_dir / self.batches_folder).is_dir():
            return self._read_batches(data_dir, options.image_size or _OWN_SIZE)
        if (data_dir / self.name).is_dir():
            return self._read_image_folder(data_dir / self.name, options)
        raise DataError(
            f"{self.name} needs {data_dir / self.batches_folder}, or an image folder {data_dir / self.name}, but there "
            f"is neither; {self._how(str(data_dir))}"
        )

    def _how(self, folder: str = "DIR") -> str:
        return (
            f"get the data where there is a network with "
            f"torchvision.datasets.{self.torchvision_name}({folder!r}, download=True)"
        )

    def _read_batches(self, data_dir: Path, size: int) -> Samples:
        parts = [self._read_part(data_dir, train=train) for train in (True, False)]
        images = np.concatenate([part.data for part in parts]).transpose(0, 3, 1, 2)
        return Samples(
            inputs=np.ascontiguousarray(images) if size == _OWN_SIZE else _resize(images, size),
            labels=np.concatenate([part.targets for part in parts]).astype(np.int64),
            ids=np.array(
                [
                    f"{name}-{i:05d}"
                    for name, part in zip(("train", "test"), parts, strict=True)
                    for i in range(len(part))
                ]
            ),
            class_names=tuple(parts[0].classes),
            official_test=np.repeat([False, True], [len(part) for part in parts]),
        )

    def _read_part(self, data_dir: Path, *, train: bool) -> Any:
        # Here, since the import takes seconds and only the driver loads data.
        from torchvision import datasets

        try:
            return getattr(datasets, self.torchvision_name)(str(data_dir), train=train, download=False)
        except OSError as error:
            raise DataError(f"{error.filename}: cannot be read ({error.strerror}); make it readable") from None
        except RuntimeError:
            raise DataError(
                f"{data_dir / self.batches_folder}: the files must have the MD5 sums that torchvision knows but have "
                f"not, so they are not used; {self._how(str(data_dir))}"
            ) from None

    def _read_image_folder(self, folder: Path, options: DataOptions) -> Samples:
        samples = ImageFolderSource().load(folder, replace(options, image_size=options.image_size or _OWN_SIZE))
        if len(samples.class_names) != self.n_classes:
            raise DataError(
                f"{folder}: {self.name} has {self.n_classes} classes but here are {len(samples.class_names)}; "
                f"complete them, or use the source image-folder"
            )
        return samples


class Cifar10Source(_CifarSource):
    """Ten classes, 6,000 images each."""

    name: ClassVar[str] = "cifar10"
    torchvision_name: ClassVar[str] = "CIFAR10"
    batches_folder: ClassVar[str] = "cifar-10-batches-py"
    n_classes: ClassVar[int] = 10


class Cifar100Source(_CifarSource):
    """A hundred classes, 600 images each."""

    name: ClassVar[str] = "cifar100"
    torchvision_name: ClassVar[str] = "CIFAR100"
    batches_folder: ClassVar[str] = "cifar-100-python"
    n_classes: ClassVar[int] = 100


def _resize(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize shape (N, 3, 32, 32) to (N, 3, size, size), bilinear with antialiasing."""
    import torch
    from torchvision.transforms.v2.functional import resize

    from trainables.data.images.decoding import empty_images

    resized = empty_images(len(images), size)
    for start in range(0, len(images), _CHUNK):
        chunk = torch.from_numpy(np.ascontiguousarray(images[start : start + _CHUNK]))
        resized[start : start + _CHUNK] = resize(chunk, [size, size], antialias=True).numpy()
    return resized
