"""How good the boxes of each image are by themselves: means over images, which can be certified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.matching.matches import UNCOUNTED, is_crowd, match_boxes, matched_to
from policies.qualities.base import MeanQuality
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


class ImageF1(MeanQuality[TrueBoxes]):
    """Mean over images of the F1 of an image's boxes at the operating score, with an overlap of at least one half.

    An image with neither boxes nor objects counts 1. Crowds, and boxes matched to them, count nowhere. The operating
    score is what the table states, or :data:`~policies.tables.detection.OPERATING_SCORE`.
    """

    name: ClassVar[str] = "image_f1"
    task: ClassVar[str | None] = "detection"

    def of_answers(self, answers: NDArray[Any], truth: TrueBoxes) -> NDArray[np.float64]:
        """F1 of each image; arguments and result as for the base class."""
        return ImageCounts.of(answers, truth).f1


class FoundObjects(MeanQuality[TrueBoxes]):
    """Mean over images of the share of its objects that are found at the operating score: 1 - missed-object rate.

    An image without objects counts 1. Crowds are no objects; otherwise as :class:`ImageF1`.
    """

    name: ClassVar[str] = "found_objects"
    task: ClassVar[str | None] = "detection"

    def of_answers(self, answers: NDArray[Any], truth: TrueBoxes) -> NDArray[np.float64]:
        """Share of each image's objects that are found; arguments and result as for the base class."""
        return ImageCounts.of(answers, truth).recall


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.where(whole == 0, 1.0, part / np.maximum(whole, 1)))
