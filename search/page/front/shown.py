"""The examples of each policy: which of the kept pictures are shown, and with which words."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import CORNERS, CROWD, LABEL, SCORE, is_box
from policies.tables.detection import DetectionTable
from policies.tables.multilabel import MultiLabelTable
from search.page.front.choice import titled_groups_of
from search.page.front.details import names_of_classes
from search.page.front.examples import Examples
from search.page.front.outcomes import Outcome


_MOST_LABELS = 4
_DIGITS = 3
"""Of the sides of boxes: a picture has fewer pixels."""

Box: TypeAlias = tuple[float, float, float, float, int]
Boxes: TypeAlias = list[Box]


class Shown:
    """Takes pictures for policy after policy; a picture that several show is in the page once.

    Args:
        examples: The pictures that were kept.
    """

    def __init__(self, examples: Examples) -> None:
        self._examples = examples
        self._places: dict[str, int] = {}
        self._objects: dict[str, Boxes] = {}
        self._found: dict[tuple[Box, ...], int] = {}

    @property
    def urls(self) -> list[str]:
        """The pictures that policies show, in the order of their numbers."""
        return [self._examples.url(name) for name in self._places]

    @property
    def boxes(self) -> dict[str, Any]:
        """Of a detector the objects of each picture, and what was found in pictures; each box with its class.

        Returns:
            ``objects``, by the number of the picture, and ``found``, by the number that examples have: lists of left,
            top, right and bottom, as shares of the picture, and the number of the class. Empty of others.
        """
        if not self._objects:
            return {}
        return {"objects": [self._objects[name] for name in self._places], "found": [list(one) for one in self._found]}

    def of(self, outcome: Outcome) -> dict[str, Any]:
        """The examples of a policy, as JSON values.

        Returns:
            Nothing where no picture is kept; else under ``examples`` rows of a title and its pictures, each of these
            the picture's number, the truth, the answer and the depth at which it left, and of a detector the F1 and
            the number of what was found.
        """
        if not self._examples.pictures:
            return {}
        groups = titled_groups_of(outcome)
        return {"examples": [[title, int(own.sum()), self._rows(outcome, own, most)] for title, own, most in groups]}

    def _rows(self, outcome: Outcome, own: NDArray[np.bool_], most: int) -> list[list[Any]]:
        ids = outcome.ids
        rows = [int(row) for row in np.flatnonzero(own) if ids[row] in self._examples.pictures][:most]
        return [
            [
                self._place(str(ids[row])),
                _truth(outcome, row),
                _answer(outcome, row),
                int(outcome.exits[row]) + 1,
                *self._drawn(outcome, row),
            ]
            for row in rows
        ]

    def _drawn(self, outcome: Outcome, row: int) -> list[float]:
        if not isinstance(outcome.table, DetectionTable) or outcome.worth is None:
            return []
        self._objects.setdefault(str(outcome.ids[row]), [_box(one) for one in _objects(outcome, row)])
        found = tuple(_box(one) for one in _found(outcome, row))
        return [round(float(outcome.worth[row]), 2), self._found.setdefault(found, len(self._found))]

    def _place(self, name: str) -> int:
        return self._places.setdefault(name, len(self._places))


def _truth(outcome: Outcome, row: int) -> str:
    truth: Any = outcome.truth
    if isinstance(outcome.table, MultiLabelTable):
        return _labels(truth.labels[row], outcome)
    if isinstance(outcome.table, DetectionTable):
        return _counted(_objects(outcome, row), outcome)
    return names_of_classes(outcome.table)[truth.labels[row]] if hasattr(truth, "labels") else ""


def _answer(outcome: Outcome, row: int) -> str:
    answer = outcome.answers[row]
    if isinstance(outcome.table, MultiLabelTable):
        return _labels(answer, outcome)
    if isinstance(outcome.table, DetectionTable):
        return _counted(_found(outcome, row), outcome)
    names = names_of_classes(outcome.table)
    return names[int(answer)] if np.ndim(answer) == 0 and names else ""


def _labels(row: NDArray[Any], outcome: Outcome) -> str:
    names = [names_of_classes(outcome.table)[label] for label in np.flatnonzero(row)]
    return _some(names) if names else "no label"


def _objects(outcome: Outcome, row: int) -> NDArray[Any]:
    """What is to be found: crowds are not."""
    truth: Any = outcome.truth
    boxes: NDArray[Any] = truth.boxes[row]
    is_object = is_box(boxes) & (boxes[:, CROWD] == 0)
    return np.asarray(boxes[is_object])


def _found(outcome: Outcome, row: int) -> NDArray[Any]:
    """What was found that is sure enough to be used."""
    truth: Any = outcome.truth
    boxes: NDArray[Any] = outcome.answers[row]
    is_used = is_box(boxes) & (boxes[:, SCORE] >= np.float32(truth.operating_score))
    return np.asarray(boxes[is_used])


def _box(row: NDArray[Any]) -> Box:
    left, top, right, bottom = (round(float(side), _DIGITS) for side in row[CORNERS])
    return left, top, right, bottom, int(row[LABEL])


def _counted(rows: NDArray[Any], outcome: Outcome) -> str:
    """How many boxes there are of each class, classes in their order."""
    labels = rows[:, LABEL].astype(int)
    names = names_of_classes(outcome.table)
    counts = [(names[label], int((labels == label).sum())) for label in np.unique(labels).tolist()]
    return _some([f"{count} {name}" for name, count in counts]) if counts else "nothing"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_MOST_LABELS]) + (" ..." if len(names) > _MOST_LABELS else "")
