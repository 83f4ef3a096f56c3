"""What annotations of images say, as it is written: nothing is cleaned yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_id
from trainables.data.files.class_folders import require_one_name_each
from trainables.data.files.found import FoundFiles
from trainables.data.images.files import IMAGES
from trainables.errors import DataError


NO_IMAGE = -1
"""Place of the image of a box whose image nobody has told of."""
Lost = tuple[str, str]
"""Path of an image or of its annotation, and why it cannot be used."""


@dataclass(frozen=True)
class WrittenBoxes:
    """Boxes as they are written, in pixels.

    Attributes:
        images: The place of each box's image, or :data:`NO_IMAGE`, shape (B,), int64.
        names: The class of each, or empty where it is unknown, shape (B,), str.
        corners: Left, top, right and bottom edge, from 0; NaN where it is no number, shape (B, 4), float64.
        crowds: Which are regions of many objects, or not asked for, shape (B,), bool.
    """

    images: NDArray[np.int64]
    names: NDArray[np.str_]
    corners: NDArray[np.float64]
    crowds: NDArray[np.bool_]

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[int, str, Sequence[float], bool]]) -> WrittenBoxes:
        """From image, class, corners and mark of a crowd of each box."""
        images, names, corners, crowds = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(
            images=np.array(images, dtype=np.int64),
            names=np.array(names, dtype=np.str_),
            corners=np.array(corners, dtype=np.float64).reshape(-1, 4),
            crowds=np.array(crowds, dtype=np.bool_),
        )


@dataclass(frozen=True)
class AnnotatedImage:
    """One image with what is written of it.

    Attributes:
        path: Of the image, relative to the data folder, with slashes.
        size: Width and height in pixels that the annotation states; NaN where it does not.
        boxes: Class, corners and mark of a crowd of each box, as in :class:`WrittenBoxes`.
        is_official_test: Whether the image is set aside for testing.
    """

    path: str
    size: tuple[float, float]
    boxes: Sequence[tuple[str, Sequence[float], bool]]
    is_official_test: bool = False


@dataclass(frozen=True)
class Annotations:
    """The annotated images of a folder.

    Attributes:
        files: N images that are there, ordered by id.
        sizes: Width and height that annotations state, in pixels; NaN where none is, shape (N, 2), float64.
        boxes: The boxes in them.
        class_names: Names of all classes that are known, in the order of their numbers.
        official_test: The images that are set aside for testing, shape (N,), bool; None where none are.
        lost: Images that are missing, and annotations that are missing or damaged.
    """

    files: FoundFiles
    sizes: NDArray[np.float64]
    boxes: WrittenBoxes
    class_names: tuple[str, ...]
    official_test: NDArray[np.bool_] | None
    lost: tuple[Lost, ...]

    @classmethod
    def gather(
        cls,
        folder: Path,
        images: Sequence[AnnotatedImage],
        *,
        class_names: Sequence[str],
        has_official_test: bool,
        lost: Sequence[Lost] = (),
        strays: Sequence[tuple[str, Sequence[float], bool]] = (),
    ) -> Annotations:
        """Order images by id, and their boxes with them.

        Args:
            folder: The data folder.
            images: Those that are there, in any order.
            class_names: Names of all classes, in the order of their numbers.
            has_official_test: Whether some images are set aside for testing.
            lost: What cannot be used, with the reasons.
            strays: Boxes of images that nobody has told of.

        Raises:
            DataError: If there is no image and nothing lost, or two have names that are one to a person.
        """
        if not images and not lost:
            raise DataError(f"{folder}: there must be annotated images but there are none; name another --data-dir")
        ordered = sorted(images, key=lambda image: (clean_id(image.path), image.path))
        paths = tuple(image.path for image in ordered)
        require_one_name_each(folder, paths)
        rows = [(place, *box) for place, image in enumerate(ordered) for box in image.boxes]
        official = np.array([image.is_official_test for image in ordered], dtype=np.bool_)
        return cls(
            files=FoundFiles(kind=IMAGES, folder=folder, paths=paths),
            sizes=np.array([image.size for image in ordered], dtype=np.float64).reshape(-1, 2),
            boxes=WrittenBoxes.of_rows([*rows, *((NO_IMAGE, *box) for box in strays)]),
            class_names=tuple(class_names),
            official_test=official if has_official_test else None,
            lost=tuple((_printable(path), reason) for path, reason in lost),
        )


def _printable(path: str) -> str:
    """What lists can be written with; names on disks, and in JSON, may hold halves of characters."""
    return path.encode(errors="replace").decode()
