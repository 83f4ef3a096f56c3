"""The examples of each policy: which of the kept pictures are shown, and with which words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import LABEL, SCORE, is_box
from policies.tables.detection import DetectionTable
from policies.tables.multilabel import MultiLabelTable
from search.page.front.choice import titled_groups_of
from search.page.front.details import names_of_classes
from search.page.front.examples import Examples
from search.page.front.outcomes import Outcome


_MOST_LABELS = 4


class Shown:
    """Takes pictures for policy after policy; a picture that several show is in the page once.

    Args:
        examples: The pictures that were kept.
    """

    def __init__(self, examples: Examples) -> None:
        self._examples = examples
        self._places: dict[str, int] = {}

    @property
    def urls(self) -> list[str]:
        """The pictures that policies show, in the order of their numbers."""
        return [self._examples.url(name) for name in self._places]

    def of(self, outcome: Outcome) -> dict[str, Any]:
        """The examples of a policy, as JSON values.

        Returns:
            Nothing where no picture is kept; else under ``examples`` rows of a title and its pictures, each of these
            the picture's number, the truth, the answer and the depth at which it left.
        """
        if not self._examples.pictures:
            return {}
        groups = titled_groups_of(outcome)
        return {"examples": [[title, int(own.sum()), self._rows(outcome, own, most)] for title, own, most in groups]}

    def _rows(self, outcome: Outcome, own: NDArray[np.bool_], most: int) -> list[list[Any]]:
        ids = outcome.ids
        rows = [int(row) for row in np.flatnonzero(own) if ids[row] in self._examples.pictures][:most]
        return [
            [self._place(str(ids[row])), _truth(outcome, row), _answer(outcome, row), int(outcome.exits[row]) + 1]
            for row in rows
        ]

    def _place(self, name: str) -> int:
        return self._places.setdefault(name, len(self._places))


def _truth(outcome: Outcome, row: int) -> str:
    truth: Any = outcome.truth
    if isinstance(outcome.table, MultiLabelTable):
        return _labels(truth.labels[row], outcome)
    if isinstance(outcome.table, DetectionTable):
        return _boxes(truth.boxes[row], outcome)
    return names_of_classes(outcome.table)[truth.labels[row]] if hasattr(truth, "labels") else ""


def _answer(outcome: Outcome, row: int) -> str:
    answer = outcome.answers[row]
    if isinstance(outcome.table, MultiLabelTable):
        return _labels(answer, outcome)
    if isinstance(outcome.table, DetectionTable):
        truth: Any = outcome.truth
        return _boxes(answer[answer[:, SCORE] >= truth.operating_score], outcome)
    names = names_of_classes(outcome.table)
    return names[int(answer)] if np.ndim(answer) == 0 and names else ""


def _labels(row: NDArray[Any], outcome: Outcome) -> str:
    names = [names_of_classes(outcome.table)[label] for label in np.flatnonzero(row)]
    return _some(names) if names else "no label"


def _boxes(rows: NDArray[Any], outcome: Outcome) -> str:
    labels = rows[is_box(rows)][:, LABEL].astype(int)
    names = names_of_classes(outcome.table)
    counts = [(names[label], int((labels == label).sum())) for label in dict.fromkeys(labels.tolist())]
    return _some([f"{count} {name}" for name, count in counts]) if counts else "nothing"


def _some(names: list[str]) -> str:
    return ", ".join(names[:_MOST_LABELS]) + (" ..." if len(names) > _MOST_LABELS else "")
