"""The exit table of a detector: the boxes that were found at every exit, and those that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.tables.base import ExitTable, Outputs, Rows, Truth
from policies.tables.box_arrays.checks import detection_problems
from policies.tables.box_arrays.input import read_detection_input
from policies.tables.boxes import CORNERS, CROWD, LABEL, SCORE
from policies.tables.sample_arrays.facts import NO_FACTS, Facts


OPERATING_SCORE = 0.3
"""From which score on boxes are used where a table's facts do not state ``operating_score``.

Of calibrated scores, F1 is best from half of that F1 on (Lipton et al., "Optimal Thresholding of Classifiers to
Maximize F1 Measure", ECML 2014): this is the best for an F1 of .6, and near it above and below.
"""


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
        operating_score: From which score on found boxes are used, where single images are judged.
        facts: Facts about the images, such as their site.
    """

    boxes: NDArray[np.float32]
    n_classes: int
    operating_score: float = OPERATING_SCORE
    facts: Facts = field(default=NO_FACTS, compare=False)

    @property
    def n_samples(self) -> int:
        """Number of images, ``N``."""
        return int(self.boxes.shape[0])

    def take(self, rows: Rows) -> TrueBoxes:
        """The boxes of some of the images."""
        return replace(self, boxes=self.boxes[rows], facts=self.facts.take(rows))


@dataclass(frozen=True)
class DetectionTable(ExitTable):
    """What a detector with ``E`` exits found in ``N`` images.

    Every instance is valid: the constructor checks the whole contract. ``meta`` must name the classes, by which labels
    are counted, as ``class_names``; it may state the score from which on boxes are used, as ``operating_score``.

    Attributes:
        boxes: What each exit alone finds, at most D boxes, the surest first, shape (N, E, D, 6), float32; rows as in
            :mod:`policies.tables.boxes`.
        objects: What is there, at most M boxes, shape (N, M, 6), float32; rows as in :mod:`policies.tables.boxes`.

    Raises:
        ExitTableError: If any array breaks the contract; the message names every such key and its first row.

    Example:
        >>> table = DetectionTable(
        ...     boxes=np.float32([[[[0.1, 0.2, 0.5, 0.6, 1, 0.9]], [[0.1, 0.2, 0.4, 0.6, 1, 0.8]]]]),  # one image
        ...     objects=np.float32([[[0.1, 0.2, 0.4, 0.6, 1, 0]]]),
        ...     cost=np.array([0.4, 1.0]),
        ...     ids=np.array(["first"]),
        ...     meta={"class_names": ["cat", "dog"]},
        ... )
        >>> table.n_samples, table.n_exits, table.n_classes
        (1, 2, 2)
    """

    task: ClassVar[str] = "detection"

    boxes: NDArray[np.float32]
    objects: NDArray[np.float32]

    def __post_init__(self) -> None:
        problems = detection_problems(
            boxes=self.boxes,
            objects=self.objects,
            cost=self.cost,
            ids=self.ids,
            **self.origins(),
            meta=self.meta,
        )
        problems = problems or self.column_problems()
        if problems:
            raise ExitTableError("; ".join(problems))

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
        score = float(self.meta.get("operating_score", OPERATING_SCORE))
        return TrueBoxes(self.objects, self.n_classes, score, Facts(self.columns))

    @property
    def exit_answers(self) -> NDArray[np.float32]:
        """What each exit alone finds, shape (N, E, D, 6)."""
        return self.boxes

    def differing(self, answers: NDArray[Any], others: NDArray[Any]) -> NDArray[np.bool_]:
        """Refused: boxes of two exits are never the same.

        Raises:
            ExitTableError: Always.
        """
        raise ExitTableError(
            "answers that are boxes are not the same or others but more or less near, so that no share of them "
            "differs; ask for a drop of a quality, such as image_f1"
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of the table holds, by key."""
        arrays: dict[str, NDArray[Any] | None] = {
            "boxes": self.boxes[..., CORNERS],
            "scores": self.boxes[..., SCORE],
            "labels": self.boxes[..., LABEL].astype(np.int64),
            "object_boxes": self.objects[..., CORNERS],
            "object_labels": self.objects[..., LABEL].astype(np.int64),
            "object_crowd": self.objects[..., CROWD] != 0,
            "cost": self.cost,
            "ids": self.ids,
            **self.origins(),
            **self.stored_columns(),
        }
        return {key: values for key, values in arrays.items() if values is not None}

    def take(self, rows: NDArray[np.integer[Any]]) -> DetectionTable:
        """The table of some of the images, given by their row numbers."""
        return replace(self, **self.rows_of(rows, "boxes", "objects"))

    @classmethod
    def read(cls, given: Mapping[str, Any], faults: Mapping[str, str], name: str) -> Self:
        """Make a table of arrays that were read from somewhere; arguments and errors as for the base class.

        ``object_crowd``, ``cost``, ``ids``, ``groups``, ``parents`` and ``order`` may be missing; ``meta`` must have
        ``class_names``. Boxes are sorted.
        """
        return cls(**read_detection_input(given, faults).told(name))
