"""Answers that a deployed policy gave, of a table or one by one, and what turned out to be true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import MonitoringError
from policies.policy import Decision
from policies.tables.classification import ClassificationTable


UNKNOWN = -1
"""Stands for a class that nobody has told."""
_DECIMALS = 5


def rounded(confidences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Confidences to five decimals: executors and batch sizes differ beyond that, and in how close to 1 they come."""
    return np.asarray(np.round(confidences, _DECIMALS))


def answer_confidences(decision: Decision) -> NDArray[np.float64]:
    """Largest probability of the distribution that each sample is answered with, shape (N,).

    Raises:
        PolicyError: If the policy answers without probabilities.
    """
    confidences = np.empty(len(decision.exits))
    for rows, probabilities in decision.blocks():
        confidences[rows] = probabilities.max(axis=1)
    return confidences


@dataclass(frozen=True)
class AnsweredSamples:
    """What was answered about ``N`` samples, in the order in which they came.

    Attributes:
        predictions: Class that was answered, shape (N,).
        exits: Index of the exit taken, shape (N,).
        confidences: Largest probability of the distribution answered with, shape (N,).
        labels: True class, shape (N,); ``UNKNOWN`` where nobody has told.
        full_predictions: Class that the full network answers, shape (N,); ``UNKNOWN`` where it was not asked.
        groups: Origin of each sample, shape (N,), or None.
    """

    predictions: NDArray[np.int64]
    exits: NDArray[np.int64]
    confidences: NDArray[np.float64]
    labels: NDArray[np.int64]
    full_predictions: NDArray[np.int64]
    groups: NDArray[np.str_] | None = None

    @classmethod
    def of(cls, table: ClassificationTable, decision: Decision) -> AnsweredSamples:
        """The answers of a policy on a table, which has the full network's too.

        Raises:
            PolicyError: If the policy answers without probabilities.
        """
        return cls(
            predictions=decision.answers,
            exits=decision.exits,
            confidences=answer_confidences(decision),
            labels=table.labels,
            full_predictions=table.exit_answers[:, -1],
            # The samples of a parent are no more independent than those of a group.
            groups=table.parents if table.groups is None else table.groups,
        )

    @classmethod
    def none(cls) -> AnsweredSamples:
        """No samples."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, np.empty(0), nothing, nothing)

    @classmethod
    def join(cls, parts: Sequence[AnsweredSamples]) -> AnsweredSamples:
        """One after the other; at least one part, and all of them have groups or none has."""
        groups = [part.groups for part in parts if part.groups is not None]
        return cls(
            predictions=np.concatenate([part.predictions for part in parts]),
            exits=np.concatenate([part.exits for part in parts]),
            confidences=np.concatenate([part.confidences for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            full_predictions=np.concatenate([part.full_predictions for part in parts]),
            groups=np.concatenate(groups) if groups else None,
        )

    @property
    def n_samples(self) -> int:
        """Number of samples, ``N``."""
        return len(self.predictions)

    def take(self, rows: slice | NDArray[Any]) -> AnsweredSamples:
        """Some of the samples."""
        return AnsweredSamples(
            predictions=self.predictions[rows],
            exits=self.exits[rows],
            confidences=self.confidences[rows],
            labels=self.labels[rows],
            full_predictions=self.full_predictions[rows],
            groups=None if self.groups is None else self.groups[rows],
        )

    def without_labels(self) -> AnsweredSamples:
        """The same where nobody has told the true classes."""
        nobody = np.full(self.n_samples, UNKNOWN)
        return AnsweredSamples(self.predictions, self.exits, self.confidences, nobody, nobody, self.groups)

    def require_known(self, *, n_exits: int, n_classes: int) -> None:
        """Refuse answers that the network of ``n_exits`` exits and ``n_classes`` classes cannot have given.

        Raises:
            MonitoringError: If there are some, with the first.
        """
        _require_within(self.exits + 1, 1, n_exits, "a depth")
        _require_within(self.predictions, 0, n_classes - 1, "a predicted class")
        _require_within(self.labels, UNKNOWN, n_classes - 1, "a label")
        _require_within(self.full_predictions, UNKNOWN, n_classes - 1, "a class that the full network answers")
        _require_within(self.confidences, 0, 1, "a confidence")


def _require_within(values: NDArray[Any], least: int, most: int, name: str) -> None:
    wrong = np.flatnonzero(~((values >= least) & (values <= most)))
    if wrong.size:
        raise MonitoringError(
            f"{name} must be {max(least, 0)} to {most} but is {values[wrong[0]]:g}, and {wrong.size} are out of range "
            f"in all; take answers of the network that was certified"
        )
