"""How much the boxes of one exit agree with those of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.matching.matches import match_boxes
from policies.tables.boxes import CROWD, LABEL, NO_BOX, SCORE, is_box


OVERLAP = np.array([0.5])
"""Least intersection over union of boxes that are the same."""


def agreement(boxes: NDArray[np.float32], others: NDArray[np.float32], least_score: float) -> NDArray[np.float64]:
    """F1 of matched boxes, as though the others were true, shape (n,); 1 where both have none.

    Boxes are matched greedily, the surest first, each to the box of its class that it overlaps most, if by at least one
    half (:func:`~policies.matching.matches.match_boxes`). Which of both is called the other matters little.

    Args:
        boxes: Boxes of n images, shape (n, D, 6).
        others: Other boxes of the same images, shape (n, D', 6).
        least_score: Score that a box needs to be looked at.
    """
    own, true = _surer(boxes, least_score), _surer(others, least_score)
    # In true boxes the column tells crowds, and there are none.
    true[..., CROWD] = 0
    matched = match_boxes(own[:, None], true, OVERLAP)[:, 0, :, 0]
    number = is_box(own).sum(axis=1) + is_box(true).sum(axis=1)
    return np.asarray(np.where(number == 0, 1.0, 2 * (matched >= 0).sum(axis=1) / np.maximum(number, 1)))


def _surer(boxes: NDArray[np.float32], least_score: float) -> NDArray[np.float32]:
    """The boxes without those of a lower score; a copy."""
    kept = boxes.copy()
    kept[..., LABEL][boxes[..., SCORE] < least_score] = NO_BOX
    return kept
