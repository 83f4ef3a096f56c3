"""What a classifier's bundle says about files, input by input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
from typing import Any, ClassVar, Self

from search.prediction.answering import AnsweredInput


@dataclass(frozen=True)
class Prediction:
    """What was said about one input.

    Attributes:
        input: Name of the input.
        label: Name of the class that was answered.
        probability: Probability of that class, as the exit taken says.
        depth: Exit taken, from 1.
        milliseconds: Time of the network and its gates; in a batch, the batch's time shared out evenly.
        reason: Why the input left there: the score and the threshold.
        group: The file that the input is a piece of, as segments are of a recording; None where it is no piece.
    """

    headings: ClassVar[tuple[str, ...]] = ("label", "probability")
    """Of the columns of :attr:`cells`."""

    input: str
    label: str
    probability: float
    depth: int
    milliseconds: float
    reason: str
    group: str | None = None

    @classmethod
    def of(cls, answered: AnsweredInput, class_names: Sequence[str]) -> Self:
        """What an answer says, given the names of the classes."""
        answers, row = answered.answers, answered.row
        return cls(
            input=answered.name,
            label=class_names[int(answers.answers[row])],
            probability=round(float(answers.confidences[row]), 6),
            depth=answered.depth,
            milliseconds=round(answered.milliseconds, 4),
            reason=answered.reason,
            group=answered.group,
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """What a person reads of the answer, below :attr:`headings`."""
        return (self.label, f"{self.probability:.4f}")

    def to_json(self) -> str:
        """One line of JSON, with a group where there is one."""
        return json.dumps(self._fields(), ensure_ascii=False)

    def to_rows(self) -> list[dict[str, Any]]:
        """One row of a table, by the names of its columns."""
        return [self._fields()]

    def _fields(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "group" or value is not None}
