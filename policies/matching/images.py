"""How many boxes of each image are hits, how many are none, and how many objects were missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.matching.matches import UNCOUNTED, is_crowd, match_boxes, matched_to
from policies.tables.boxes import SCORE, is_box
from policies.tables.detection import TrueBoxes


_OVERLAP = np.array([0.5])


@dataclass(frozen=True)
class ImageCounts:
    """Boxes of each image at or above the score at which its detector is used, against its objects; shape (N,) each.

    Attributes:
        hits: Boxes that are matched to an object of their class with an overlap of at least one half.
        false_alarms: Boxes that are matched to none, crowds included.
        missed: Objects that no box is matched to; crowds are none.
    """

    hits: NDArray[np.int64]
    false_alarms: NDArray[np.int64]
    missed: NDArray[np.int64]

    @classmethod
    def of(cls, answers: NDArray[Any], truth: TrueBoxes) -> ImageCounts:
        """Match boxes, shape (N, D, 6), to what is there."""
        crowds = is_crowd(truth.boxes)
        matched = match_boxes(answers[:, None], truth.boxes, _OVERLAP)[:, 0, :, 0]
        is_used = (answers[..., SCORE] >= np.float32(truth.operating_score)) & (matched != UNCOUNTED)
        hits = (is_used & matched_to(~crowds, matched)).sum(axis=1)
        used = (is_used & ~matched_to(crowds, matched)).sum(axis=1)
        n_objects = (is_box(truth.boxes) & ~crowds).sum(axis=1)
        return cls(hits, used - hits, n_objects - hits)

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 of each image, shape (N,); 1 where there is neither a box nor an object."""
        return _share(2 * self.hits, 2 * self.hits + self.false_alarms + self.missed)

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of boxes that are hits, shape (N,); 1 where there is no box."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of objects that are found, shape (N,); 1 where there is no object."""
        return _share(self.hits, self.hits + self.missed)


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.where(whole == 0, 1.0, part / np.maximum(whole, 1)))
