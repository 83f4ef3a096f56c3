"""How much boxes overlap: compiled, in the very steps of pycocotools, so that both are equal to the last bit."""

from __future__ import annotations

from typing import Any

from numba import njit
import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import CROWD, LABEL, NO_BOX


_CROWD, _LABEL, _NO_BOX = CROWD, LABEL, NO_BOX


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def overlap(one: NDArray[Any], other: NDArray[Any], is_crowd: bool) -> float:
    """Intersection over union of two boxes, rows of left, top, right, bottom; 0 where they only touch.

    Args:
        one: A box that was found.
        other: A true box.
        is_crowd: Whether the true box is a crowd, of which a found box may cover any part: the intersection is then
            divided by the area of the found box alone.
    """
    # Float32 corners have exact differences as float64, so that it does not matter who subtracts.
    left, top = max(np.float64(one[0]), np.float64(other[0])), max(np.float64(one[1]), np.float64(other[1]))
    right, bottom = min(np.float64(one[2]), np.float64(other[2])), min(np.float64(one[3]), np.float64(other[3]))
    width, height = right - left, bottom - top
    if width <= 0 or height <= 0:
        return 0.0
    own = (np.float64(one[2]) - np.float64(one[0])) * (np.float64(one[3]) - np.float64(one[1]))
    its = (np.float64(other[2]) - np.float64(other[0])) * (np.float64(other[3]) - np.float64(other[1]))
    shared = width * height
    return shared / (own if is_crowd else own + its - shared)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def overlaps(found: NDArray[Any], true: NDArray[Any]) -> NDArray[np.float64]:
    """Overlap of every found box with every true one of the same image, whatever their classes, shape (n, D, M).

    Args:
        found: Found boxes, shape (n, D, 6).
        true: True boxes, shape (n, M, 6); crowds as for :func:`overlap`.

    Returns:
        0 where either is no box.
    """
    n, n_found, n_true = found.shape[0], found.shape[1], true.shape[1]
    result = np.zeros((n, n_found, n_true))
    for i in range(n):
        for d in range(n_found):
            if found[i, d, _LABEL] == _NO_BOX:
                continue
            for m in range(n_true):
                if true[i, m, _LABEL] != _NO_BOX:
                    result[i, d, m] = overlap(found[i, d], true[i, m], true[i, m, _CROWD] != 0)
    return result
