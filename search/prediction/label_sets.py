"""What a bundle whose answers are sets of labels says about files, input by input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
import json
from typing import Any, ClassVar, Self

from search.prediction.answering import AnsweredInput
from trainables.export.named_labels import named_labels


_SEPARATOR = "; "


@dataclass(frozen=True)
class LabelSet:
    """Which labels one input was said to have.

    Attributes:
        input: Name of the input.
        labels: Names of the labels that were answered, the likeliest first; there may be none.
        probabilities: Probability of each label, answered or not, by its name, as the exit taken says.
        depth: Exit taken, from 1.
        milliseconds: Time of the network and its gates; in a batch, the batch's time shared out evenly.
        reason: Why the input left there: the score and the threshold.
        group: The file that the input is a piece of, as segments are of a recording; None where it is no piece.
    """

    headings: ClassVar[tuple[str, ...]] = ("labels",)
    """Of the columns of :attr:`cells`."""

    input: str
    labels: tuple[str, ...]
    probabilities: Mapping[str, float]
    depth: int
    milliseconds: float
    reason: str
    group: str | None = None

    @classmethod
    def of(cls, answered: AnsweredInput, label_names: Sequence[str]) -> Self:
        """What an answer says, given the names of the labels."""
        labels, probabilities = named_labels(
            answered.answers.answers[answered.row], answered.answers.of_labels[answered.row], label_names
        )
        return cls(
            input=answered.name,
            labels=labels,
            probabilities=probabilities,
            depth=answered.depth,
            milliseconds=round(answered.milliseconds, 4),
            reason=answered.reason,
            group=answered.group,
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """What a person reads of the labels, below :attr:`headings`: each with its probability."""
        return (", ".join(f"{name} {self.probabilities[name]:.2f}" for name in self.labels) or "none",)

    def to_json(self) -> str:
        """One line of JSON, with a group where there is one."""
        fields_of_json = asdict(self)
        if self.group is None:
            del fields_of_json["group"]
        return json.dumps(fields_of_json, ensure_ascii=False)

    def to_rows(self) -> list[dict[str, Any]]:
        """One row of a table, by the names of its columns."""
        row = {name: getattr(self, name) for name in _plain_columns()}
        named = {probability_column(name): value for name, value in self.probabilities.items()}
        return [{**row, "labels": _SEPARATOR.join(self.labels), **named}]

    @classmethod
    def columns(cls, label_names: Sequence[str]) -> tuple[str, ...]:
        """Names of the columns of a table: those of its fields, and a probability for each label."""
        return (*_plain_columns(), *(probability_column(name) for name in label_names))


def probability_column(name: str) -> str:
    """Name of the column of a label's probability."""
    return f"probability[{name}]"


def _plain_columns() -> tuple[str, ...]:
    return tuple(field.name for field in fields(LabelSet) if field.name != "probabilities")
