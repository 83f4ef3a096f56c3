"""From boxes as they are written to rows of shares of the image's sides; what cannot be is told by its kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import N_COLUMNS, no_boxes
from trainables.data.boxes.annotations import NO_IMAGE, Annotations, WrittenBoxes


NO_PIXELS = "with shares of the image's sides instead of pixels"
OUTSIDE = "outside the image"
KINDS = (
    "in an image that is not told of",
    "of an unknown class",
    "with coordinates that are no numbers",
    NO_PIXELS,
    "without area",
    OUTSIDE,
)
"""Why a box cannot be used, in the order in which it is asked."""
_FINE = len(KINDS)
# Annotators round, and tools count pixels from 0 or from 1.
_PIXEL = 1.0
_SAME_PROPORTIONS = 0.02


@dataclass(frozen=True)
class CleanBoxes:
    """The boxes of N images, and what became of those that were written.

    Attributes:
        objects: Boxes that can be used, shape (N, M, 6), float32, rows as in :mod:`policies.tables.boxes`.
        kinds: Of each box of a wanted class the place of its kind in :data:`KINDS`, or their number where it can be
            used, shape (B,), int64.
        written: The boxes of wanted classes, as they are written.
        clipped: Which of them reach out of their image by more than a pixel, and were clipped, shape (B,), bool.
        swapped: Which lie inside their image once x and y are swapped, shape (B,), bool.
        left_out: How many boxes there are of each class that is not wanted.
        other_sizes: Images whose annotation states a size of other proportions; their own counts.
    """

    objects: NDArray[np.float32]
    kinds: NDArray[np.int64]
    written: WrittenBoxes
    clipped: NDArray[np.bool_]
    swapped: NDArray[np.bool_]
    left_out: Mapping[str, int]
    other_sizes: tuple[str, ...]

    @property
    def is_fine(self) -> NDArray[np.bool_]:
        """Which boxes can be used, shape (B,)."""
        return np.asarray(self.kinds == _FINE)

    @property
    def reach_out(self) -> NDArray[np.bool_]:
        """Which boxes lie outside their image, wholly or by more than a pixel, shape (B,)."""
        return np.asarray(self.clipped | (self.kinds == KINDS.index(OUTSIDE)))


def clean_boxes(annotations: Annotations, sizes: NDArray[np.int64], class_names: Sequence[str]) -> CleanBoxes:
    """Clean the boxes of images that were decoded.

    Coordinates are pixels of the size that the annotation states, so that images may have been resized since; where it
    states none, or one of other proportions than the image has, of the image's own. What reaches out of the image is
    clipped.

    Args:
        annotations: All images, with their boxes.
        sizes: Width and height of each image in its file, shape (N, 2).
        class_names: The wanted classes, in the order of their numbers.
    """
    written, left_out = _wanted(annotations, class_names)
    used, other = _used_sizes(annotations.sizes, sizes)
    # One row more, which -1 finds, for the boxes whose image is not told of.
    size = np.concatenate([used, np.ones((1, 2))])[written.images]
    shares = _shares(written.corners, size)
    kinds = _kinds(written, shares)
    inside = _inside(written.corners, size)
    labels = np.array([class_names.index(name) if name else 0 for name in written.names.tolist()], dtype=np.int64)
    fine = kinds == _FINE
    return CleanBoxes(
        objects=_objects(len(sizes), written, shares, labels, fine),
        kinds=kinds,
        written=written,
        clipped=fine & ~inside,
        swapped=_inside(written.corners[:, [1, 0, 3, 2]], size),
        left_out=left_out,
        other_sizes=tuple(annotations.files.paths[row] for row in np.flatnonzero(other)),
    )


def _wanted(annotations: Annotations, class_names: Sequence[str]) -> tuple[WrittenBoxes, Mapping[str, int]]:
    boxes = annotations.boxes
    unwanted = sorted({*annotations.class_names} - {*class_names})
    dropped = np.isin(boxes.names, unwanted)
    kept = WrittenBoxes(boxes.images[~dropped], boxes.names[~dropped], boxes.corners[~dropped], boxes.crowds[~dropped])
    return kept, dict(Counter(boxes.names[dropped].tolist()))


def _used_sizes(stated: NDArray[np.float64], own: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Width and height that coordinates are counted in, shape (N, 2), and which images' own differ in proportions."""
    is_stated = np.asarray((np.isfinite(stated) & (stated > 0)).all(axis=1))
    ratio = np.divide(stated, own, out=np.ones_like(stated), where=is_stated[:, None])
    with np.errstate(over="ignore", invalid="ignore"):
        alike = np.asarray(np.abs(ratio[:, 0] / ratio[:, 1] - 1) <= _SAME_PROPORTIONS)
    return np.where((is_stated & alike)[:, None], stated, own), np.asarray(is_stated & ~alike)


def _shares(corners: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float32]:
    """Corners as shares of the image's sides, clipped to it, shape (B, 4)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray((corners / np.tile(size, 2)).clip(0, 1), dtype=np.float32)


def _inside(corners: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which boxes lie inside an image but for a pixel, shape (B,)."""
    with np.errstate(invalid="ignore"):
        return np.asarray((corners >= -_PIXEL).all(axis=1) & (corners[:, 2:] <= size + _PIXEL).all(axis=1))


def _kinds(written: WrittenBoxes, shares: NDArray[np.float32]) -> NDArray[np.int64]:
    left, top, right, bottom = written.corners.T
    known = np.isfinite(written.corners).all(axis=1)
    with np.errstate(invalid="ignore"):
        tests = (
            written.images == NO_IMAGE,
            written.names == "",
            ~known,
            ((written.corners >= 0) & (written.corners <= 1)).all(axis=1) & (left < right) & (top < bottom),
            (left >= right) | (top >= bottom),
            (shares[:, 0] >= shares[:, 2]) | (shares[:, 1] >= shares[:, 3]),
        )
    return np.asarray(np.select(tests, range(_FINE), default=_FINE), dtype=np.int64)


def _objects(
    n_images: int,
    written: WrittenBoxes,
    shares: NDArray[np.float32],
    labels: NDArray[np.int64],
    fine: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """The boxes that can be used by image, in the order in which they are written."""
    rows = np.column_stack([shares, labels, written.crowds])[fine].astype(np.float32).reshape(-1, N_COLUMNS)
    images = written.images[fine]
    order = np.argsort(images, kind="stable")
    images, rows = images[order], rows[order]
    counts = np.bincount(images, minlength=n_images)
    objects = no_boxes(n_images, max(1, int(counts.max(initial=0))))
    places = np.arange(len(images)) - np.repeat(np.cumsum(counts) - counts, counts)
    objects[images, places] = rows
    return objects
