"""Boxes as rows of six numbers: what was found in an image, and what is in it.

The first four columns are left, top, right and bottom as shares of the image's width and height, in 0..1. Then comes
the class, in ``0..C-1``, or :data:`NO_BOX` in a row that only fills up the array, as the rows after an image's last box
do. The last column is the score of what was found, in 0..1, or of what is there whether it is a crowd, 0 or 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


N_COLUMNS = 6
CORNERS = slice(0, 4)
"""Columns of left, top, right and bottom."""
LABEL = 4
"""Column of the class."""
SCORE = 5
"""Column of the score of a found box."""
CROWD = 5
"""Column that is 1 where a true box is a region of many objects, or of one that is not asked for."""
NO_BOX = -1
"""Class of a row that is no box."""


def is_box(rows: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows are boxes, shape (..., n), of rows of shape (..., n, 6)."""
    return np.asarray(rows[..., LABEL] != NO_BOX)


def n_boxes(rows: NDArray[Any]) -> NDArray[np.int64]:
    """How many boxes there are, shape (...), of rows of shape (..., n, 6)."""
    return np.asarray(is_box(rows).sum(axis=-1))


def no_boxes(*shape: int) -> NDArray[np.float32]:
    """Rows that are no boxes, shape (*shape, 6)."""
    rows = np.zeros((*shape, N_COLUMNS), dtype=np.float32)
    rows[..., LABEL] = NO_BOX
    return rows
