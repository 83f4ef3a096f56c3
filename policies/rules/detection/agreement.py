"""How much the boxes of one exit agree with those of another."""

from __future__ import annotations

from typing import Any

from numba import njit
import numpy as np
from numpy.typing import NDArray

from policies.matching.overlap import overlap
from policies.tables.boxes import LABEL, NO_BOX, SCORE


OVERLAP = 0.5
"""Least intersection over union of boxes that are the same."""
_LABEL, _SCORE, _NO_BOX = LABEL, SCORE, NO_BOX


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def agreement(boxes: NDArray[Any], others: NDArray[Any], least_score: float) -> NDArray[np.float64]:
    """F1 of matched boxes, as though the others were true, shape (n,); 1 where neither has any.

    Boxes are matched greedily, the surest first, each to the box of its class that it overlaps most of those that are
    left, if by at least one half. It is compiled, and quick on a single image.

    Args:
        boxes: Boxes of n images, the surest first, shape (n, D, 6).
        others: Other boxes of the same images, shape (n, D', 6).
        least_score: Score that a box of either needs to be looked at.
    """
    result = np.empty(len(boxes))
    is_left = np.empty(others.shape[1], dtype=np.bool_)
    for i in range(len(boxes)):
        number, n_matched = 0, 0
        for m in range(others.shape[1]):
            is_left[m] = others[i, m, _LABEL] != _NO_BOX and others[i, m, _SCORE] >= least_score
            number += is_left[m]
        for d in range(boxes.shape[1]):
            if boxes[i, d, _LABEL] == _NO_BOX or boxes[i, d, _SCORE] < least_score:
                continue
            number += 1
            best, at = OVERLAP, -1
            for m in range(others.shape[1]):
                if is_left[m] and others[i, m, _LABEL] == boxes[i, d, _LABEL]:
                    own = overlap(boxes[i, d], others[i, m], False)
                    if own >= best:
                        best, at = own, m
            if at >= 0:
                is_left[at] = False
                n_matched += 1
        result[i] = 2 * n_matched / number if number else 1.0
    return result
