"""What rules for detectors read from the scores of an image's boxes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibration.box_temperature import tempered_boxes
from policies.rules.base import Gate, Rule, State, Step
from policies.tables.boxes import SCORE, is_box
from policies.tables.detection import DetectionTable


def scores_of(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """The score of each box, shape (n, D), of boxes of shape (n, D, 6); 0 of rows that are none."""
    return np.where(is_box(boxes), boxes[..., SCORE], 0.0).astype(np.float64)


def mean_of_best(boxes: NDArray[np.float32], k: int) -> NDArray[np.float64]:
    """Mean score of the ``k`` surest boxes of each image, of all where there are fewer, 0 without any; shape (n,).

    Args:
        boxes: Boxes of n images, the surest first, shape (n, D, 6).
        k: Number of boxes, at least 1.
    """
    best = boxes[:, :k]
    # Sums of a few float32 scores are exact in float64, so that they do not depend on the number of images.
    return np.asarray(scores_of(best).sum(axis=1) / np.maximum(is_box(best).sum(axis=1), 1))


@dataclass(frozen=True)
class BoxScoreGate(Gate):
    """A score of the boxes of the exit itself; what is answered are its boxes with tempered scores.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
    """

    temperatures: NDArray[np.float64]

    def step(self, state: State, exit_index: int, outputs: NDArray[np.float32]) -> Step:
        """Temper the boxes of an exit, shape (n, D, 6), and score them."""
        boxes = tempered_boxes(outputs, float(self.temperatures[exit_index]))
        return Step(self.score(boxes), boxes)

    @abstractmethod
    def score(self, boxes: NDArray[np.float32]) -> NDArray[np.float64]:
        """Higher means safer to leave: tempered boxes, (n, D, 6), to (n,)."""


class BoxRule(Rule[DetectionTable]):
    """A rule that looks at the boxes of an image."""

    task: ClassVar[str] = DetectionTable.task
    least_classes: ClassVar[int] = 1
