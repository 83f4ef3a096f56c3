"""What a detector's bundle says about images, box by box, in pixels of the images as they are in their files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
from typing import Any, ClassVar, Self

from policies.tables.detection import OPERATING_SCORE
from search.prediction.answering import AnsweredInput
from trainables.export.named_boxes import NamedBox, named_boxes


MIN_SCORE = OPERATING_SCORE
"""Boxes of a lower score are left out unless somebody says otherwise."""


@dataclass(frozen=True)
class Detection:
    """What was found in one image.

    Attributes:
        input: Name of the input.
        width: Of the image in its file, in pixels.
        height: Of the image in its file, in pixels.
        depth: Exit taken, from 1.
        milliseconds: Time of the network, of keeping boxes and of the gates; in a batch shared out evenly.
        reason: Why the image left there: the score and the threshold.
        boxes: What was found, in pixels, the surest first.
        group: The file that the input is a piece of; None where it is no piece.
    """

    headings: ClassVar[tuple[str, ...]] = ("found",)
    """Of the columns of :attr:`cells`."""

    input: str
    width: int
    height: int
    depth: int
    milliseconds: float
    reason: str
    boxes: tuple[NamedBox, ...]
    group: str | None = None

    @classmethod
    def of(cls, answered: AnsweredInput, class_names: Sequence[str], *, min_score: float = MIN_SCORE) -> Self:
        """The boxes of an answer.

        Args:
            answered: Of a detector.
            class_names: Of the classes by their numbers.
            min_score: Boxes with a lower score are left out.
        """
        width, height = answered.size
        return cls(
            input=answered.name,
            width=width,
            height=height,
            depth=answered.depth,
            milliseconds=round(answered.milliseconds, 4),
            reason=answered.reason,
            boxes=named_boxes(
                answered.answers.answers[answered.row], class_names, size=answered.size, min_score=min_score
            ),
            group=answered.group,
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """What a person reads of the boxes, below :attr:`headings`: how many there are of each class."""
        counted = Counter(box.label for box in self.boxes)
        return (", ".join(f"{number} {label}" for label, number in counted.most_common()) or "nothing",)

    def to_json(self) -> str:
        """One line of JSON, with a group where there is one."""
        return json.dumps({**self._fields(), "boxes": [asdict(box) for box in self.boxes]}, ensure_ascii=False)

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each box, by the names of a table's columns; one without a box where nothing was found."""
        return [{**self._fields(), **asdict(box)} for box in self.boxes] or [self._fields()]

    def _fields(self) -> dict[str, Any]:
        names = ("input", "width", "height", "depth", "milliseconds", "reason", "group")
        return {name: getattr(self, name) for name in names if name != "group" or self.group is not None}
