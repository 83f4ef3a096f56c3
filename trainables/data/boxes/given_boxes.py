"""Boxes of images that a data source hands over: padded to one array where it is plain what is meant, else refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import CORNERS, CROWD, LABEL, N_COLUMNS, is_box, no_boxes
from trainables.data.given_arrays import as_array, described
from trainables.errors import SamplesError


_ROUNDING = 1e-5


def as_boxes(given: Any, class_names: Sequence[str], n: int) -> NDArray[np.float32]:
    """True boxes of ``n`` images, shape (n, M, 6), rows as in :mod:`policies.tables.boxes`, those that are no box last.

    A list of boxes for each image is padded. Without a sixth column nothing is a crowd.

    Args:
        given: For each image its boxes, shape (boxes, 6) or (boxes, 5), or an array of all, shape (n, M, 6).
        class_names: One name per class.
        n: How many images there are.

    Raises:
        SamplesError: If there are not ``n``, or a row is no box: its corners are no shares of the image's sides, it has
            no area, or its class or its mark of a crowd cannot be.
    """
    rows = _padded(given, n)
    there = is_box(rows)
    image_of, boxes = np.nonzero(there)[0], rows[there]
    # As they are kept: what rounding leaves without area has none.
    left, top, right, bottom = boxes[:, CORNERS].clip(0, 1).astype(np.float32).T
    whole = boxes[:, LABEL] == np.round(boxes[:, LABEL])
    last = len(class_names) - 1
    # In this order: what is no number has no place, and pixels have a negative class just as little as shares.
    rules = (
        (np.isfinite(boxes).all(axis=1), "must be finite numbers", "correct it"),
        (
            ((boxes[:, CORNERS] >= -_ROUNDING) & (boxes[:, CORNERS] <= 1 + _ROUNDING)).all(axis=1),
            "must have corners as shares of the image's width and height, in 0..1",
            "divide left and right by the width in pixels, top and bottom by the height, and clip them",
        ),
        (
            (left < right) & (top < bottom),
            "must have left < right and top < bottom",
            "the columns are left, top, right, bottom, class and crowd; leave boxes without area out",
        ),
        (
            whole & (boxes[:, LABEL] >= 0) & (boxes[:, LABEL] <= last),
            f"must have a class in 0..{last} in the fifth column, for {len(class_names)} class_names",
            "number classes from 0",
        ),
        (np.isin(boxes[:, CROWD], (0, 1)), "must have 0 or 1 in the sixth column, 1 for a crowd", "correct it"),
    )
    for holds, rule, remedy in rules:
        bad = np.flatnonzero(~holds)
        if bad.size:
            raise SamplesError(
                f"labels of boxes {rule} but image {image_of[bad[0]]} has {_shown(boxes[bad[0]])} ({bad.size} such "
                f"boxes); {remedy}"
            )
    rows[..., CORNERS] = np.where(there[..., None], rows[..., CORNERS].clip(0, 1), 0)
    rows[~there, CROWD] = 0
    order = np.argsort(~there, axis=1, kind="stable")
    return np.take_along_axis(rows, order[..., None], axis=1).astype(np.float32)


def _padded(given: Any, n: int) -> NDArray[np.float64]:
    """One row of numbers for each box, and rows that are none, shape (n, M, 6), M at least 1."""
    if not isinstance(given, Iterable) or isinstance(given, str | bytes):
        raise SamplesError(f"labels must be boxes for each image but {described(given)} was given")
    images = [*given]
    if len(images) != n:
        raise SamplesError(f"labels must be boxes for each of {n} images but are for {len(images)}")
    each = [_rows_of(image, boxes) for image, boxes in enumerate(images)]
    padded = no_boxes(n, max(1, *map(len, each))).astype(np.float64)
    for row, boxes in zip(padded, each, strict=True):
        row[: len(boxes), : boxes.shape[1]] = boxes
    return padded


def _rows_of(image: int, given: Any) -> NDArray[Any]:
    """Boxes of one image, shape (boxes, 5 or 6)."""
    array = as_array(f"labels of image {image}", given)
    if not array.size:
        return np.empty((0, N_COLUMNS))
    if array.dtype.kind not in "buif" or array.ndim != 2 or array.shape[1] not in (N_COLUMNS - 1, N_COLUMNS):
        raise SamplesError(
            f"labels of each image must be numbers of shape (boxes, 6): left, top, right, bottom, class, crowd, but "
            f"those of image {image} are {array.dtype} of shape {array.shape}"
        )
    return array


def _shown(box: NDArray[Any]) -> str:
    return f"({', '.join(f'{value:g}' for value in box)})"
