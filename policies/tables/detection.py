"""The exit table of a detector: the boxes that were found at every exit, and those that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.tables.base import ExitTable, Outputs, Rows, Truth
from policies.tables.boxes import CORNERS, CROWD, LABEL, SCORE


@dataclass(frozen=True)
class FoundBoxes(Outputs):
    """What a detector found in ``n`` images at every exit.

    Attributes:
        boxes: At most D boxes of each image and exit, the surest first, shape (n, E, D, 6), float32; rows as in
            :mod:`policies.tables.boxes`.
    """

    boxes: NDArray[np.float32]

    @property
    def n_samples(self) -> int:
        """Number of images, ``n``."""
        return int(self.boxes.shape[0])

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return int(self.boxes.shape[1])

    @property
    def row_size(self) -> int:
        """Numbers that were said about one image at one exit: six for each box."""
        return int(self.boxes.shape[2] * self.boxes.shape[3])

    def at(self, exit_index: int) -> NDArray[np.float32]:
        """The boxes of one exit, shape (n, D, 6); nothing is copied."""
        return self.boxes[:, exit_index]

    def take(self, rows: Rows) -> FoundBoxes:
        """What was found in some of the images."""
        return FoundBoxes(self.boxes[rows])


@dataclass(frozen=True)
class TrueBoxes(Truth):
    """The boxes that are in each of ``N`` images.

    Attributes:
        boxes: At most M boxes of each image, shape (N, M, 6), float32; rows as in :mod:`policies.tables.boxes`.
        n_classes: Number of classes, ``C``.
    """

    boxes: NDArray[np.float32]
    n_classes: int

    @property
    def n_samples(self) -> int:
        """Number of images, ``N``."""
        return int(self.boxes.shape[0])

    def take(self, rows: Rows) -> TrueBoxes:
        """The boxes of some of the images."""
        return TrueBoxes(self.boxes[rows], self.n_classes)


@dataclass(frozen=True)
class DetectionTable(ExitTable):
    """What a detector with ``E`` exits found in ``N`` images.

    Attributes:
        boxes: What each exit alone finds, at most D boxes, the surest first, shape (N, E, D, 6), float32; rows as in
            :mod:`policies.tables.boxes`.
        objects: What is there, at most M boxes, shape (N, M, 6), float32; rows as in :mod:`policies.tables.boxes`.
    """

    task: ClassVar[str] = "detection"

    boxes: NDArray[np.float32]
    objects: NDArray[np.float32]

    @property
    def n_classes(self) -> int:
        """Number of classes, ``C``: as many as ``meta`` names."""
        return len(self.meta["class_names"])

    @property
    def outputs(self) -> FoundBoxes:
        """What was found; nothing is copied."""
        return FoundBoxes(self.boxes)

    @property
    def truth(self) -> TrueBoxes:
        """What is there."""
        return TrueBoxes(self.objects, self.n_classes)

    @property
    def exit_answers(self) -> NDArray[np.float32]:
        """What each exit alone finds, shape (N, E, D, 6)."""
        return self.boxes

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of the table holds, by key."""
        arrays = {
            "boxes": self.boxes[..., CORNERS],
            "scores": self.boxes[..., SCORE],
            "labels": self.boxes[..., LABEL].astype(np.int64),
            "object_boxes": self.objects[..., CORNERS],
            "object_labels": self.objects[..., LABEL].astype(np.int64),
            "object_crowd": self.objects[..., CROWD] != 0,
            "cost": self.cost,
            "ids": self.ids,
        }
        return arrays if self.groups is None else arrays | {"groups": self.groups}
