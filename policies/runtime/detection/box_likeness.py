"""Whether two runs found the same boxes, and where they did not, whether rounding has tipped a balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.calibration.box_temperature import tempered_scores
from policies.runtime.detection.post_processing import PostProcessing
from policies.runtime.likeness import Likeness
from policies.tables.boxes import CORNERS, LABEL, SCORE, is_box


ROUNDING = 1e-4
"""Corners, as shares of the image, and scores of the same box differ by less, whatever runs the network."""
OVERLAP_ROUNDING = 1e-3
"""IoU of two boxes moves by less, since small boxes divide small numbers."""
TIE = 1e-5
"""Two boxes whose scores are this close may be taken in either order."""


@dataclass(frozen=True)
class BoxLikeness:
    """Compares boxes as a :data:`~policies.runtime.likeness.Comparison`.

    Boxes are the same if each has one of its class within :data:`ROUNDING` in the other run. Boxes are kept from the
    surest on, so what comes after the first difference may be its consequence; that one alone must be explained: by a
    score that is as good as the least one that is kept, or as good as that of the last box of a full list, by an
    overlap as good as that which is suppressed, or by a rival that is as sure. A box that has only moved, with the very
    same score, cannot be told from such a rival.

    Attributes:
        settings: How boxes were kept.
        temperatures: Divisor of the logits of scores at each exit, which scores were divided by after that, length E.
    """

    settings: PostProcessing
    temperatures: Sequence[float]

    def __call__(self, found: NDArray[Any], expected: NDArray[Any], exits: NDArray[np.int64]) -> Likeness:
        """Compare boxes, shape (n, D, 6) each, of images that took these exits, shape (n,)."""
        is_same, is_explained = np.ones(len(exits), dtype=np.bool_), np.zeros(len(exits), dtype=np.bool_)
        for row, exit_index in enumerate(exits):
            mine, theirs = found[row][is_box(found[row])], expected[row][is_box(expected[row])]
            strange = [one[~_has_pair(one, other)] for one, other in ((mine, theirs), (theirs, mine))]
            is_same[row] = not any(len(boxes) for boxes in strange)
            if not is_same[row]:
                is_explained[row] = self._is_explained(strange, (theirs, mine), int(exit_index))
        return Likeness(is_same, is_explained)

    def least_score(self, exit_index: int) -> float:
        """The score that boxes must be above at an exit, once divided by its temperature."""
        return float(tempered_scores(np.array(self.settings.score_threshold), self.temperatures[exit_index]))

    def _is_explained(self, strange: Sequence[NDArray[Any]], others: Sequence[NDArray[Any]], exit_index: int) -> bool:
        """Whether the surest box that only one run has can be explained.

        Args:
            strange: Of each of the two runs the boxes that the other has not.
            others: The boxes of the run that has them not.
            exit_index: Index of the exit that the boxes are of.
        """
        side = int(np.argmax([boxes[:, SCORE].max(initial=-1.0) for boxes in strange]))
        box = strange[side][strange[side][:, SCORE].argmax()]
        return self._is_near_cut(box, others[side], exit_index) or self._has_rival(box, np.concatenate(others))

    def _is_near_cut(self, box: NDArray[Any], others: NDArray[Any], exit_index: int) -> bool:
        """Whether it is as unsure as what is dropped for that."""
        is_full = len(others) >= self.settings.n_boxes
        least = max(self.least_score(exit_index), others[-1, SCORE] if is_full else 0.0)
        return bool(box[SCORE] <= least + ROUNDING)

    def _has_rival(self, box: NDArray[Any], others: NDArray[Any]) -> bool:
        """Whether a box that is about as sure, or surer, suppresses it or is suppressed by it only just."""
        own = others[(others[:, LABEL] == box[LABEL]) & (others[:, SCORE] >= box[SCORE] - ROUNDING)]
        shared, limit = _overlaps(box, own), self.settings.nms_threshold
        is_tied = np.abs(own[:, SCORE] - box[SCORE]) <= TIE
        is_itself = (np.abs(own - box).max(axis=1, initial=0.0)) == 0
        is_only_just = np.abs(shared - limit) <= OVERLAP_ROUNDING
        return bool(((is_only_just | (is_tied & (shared > limit))) & ~is_itself).any())


def _overlaps(box: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """IoU of one box with m others, shape (m,)."""
    # Here, since the import takes seconds, and runs hardly ever differ.
    import torch
    from torchvision.ops import box_iou

    corners = (torch.from_numpy(rows[:, CORNERS].astype(np.float64)) for rows in (box[None], others))
    found: NDArray[np.float64] = box_iou(*corners)[0].numpy()
    return found


def _has_pair(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of m boxes have one of their class within rounding among others, shape (m,)."""
    is_near = np.abs(one[:, None] - other[None]).max(axis=2, initial=0.0) <= ROUNDING
    return np.asarray(is_near.any(axis=1))
