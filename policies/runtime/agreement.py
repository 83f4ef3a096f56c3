"""Whether two runs of one policy decided alike, and which samples are too close to a threshold to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.names import list_some
from policies.rules.scoring.scores import margin
from policies.runtime.answers import Answers
from policies.runtime.likeness import Comparison, equal_answers


ROUNDING = 1e-5
"""Logits move by some 1e-6 with the executor and the batch size; scores this close to a threshold may change sides."""


@dataclass(frozen=True)
class Agreement:
    """Answers of a runtime beside those that were expected.

    Attributes:
        n_samples: Number of samples that were compared.
        differing: Rows whose exit or answer is another one, increasing.
        unsure: Those of all rows that lie within rounding of a threshold, or of another answer, increasing.
    """

    n_samples: int
    differing: NDArray[np.int64]
    unsure: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        answers: Answers,
        exits: NDArray[np.int64],
        expected: NDArray[Any],
        *,
        rounding: float = ROUNDING,
        compare: Comparison = equal_answers,
    ) -> Agreement:
        """Compare sample by sample.

        Args:
            answers: What the runtime answered about n samples.
            exits: Index of the exits that were expected, shape (n,).
            expected: Answers that were expected, shape (n, ...).
            rounding: Distance within which scores and probabilities may change sides.
            compare: Whether answers are the same where exits are.
        """
        is_same_exit, alike = answers.exits == exits, compare(answers.answers, expected, exits)
        is_close = np.minimum(answers.closeness, _lead(answers)) <= rounding
        is_close |= is_same_exit & ~alike.is_same & alike.is_explained
        return cls(len(exits), np.flatnonzero(~(is_same_exit & alike.is_same)), np.flatnonzero(is_close))

    def with_another(self, other: Agreement) -> Agreement:
        """Of two runs of the same samples: what differs in either, and is unsure in either."""
        return Agreement(
            self.n_samples,
            np.union1d(self.differing, other.differing),
            np.union1d(self.unsure, other.unsure),
        )

    @property
    def unexplained(self) -> NDArray[np.int64]:
        """Rows that differ though they are close to nothing."""
        return np.setdiff1d(self.differing, self.unsure)

    @property
    def holds(self) -> bool:
        """Whether everything that differs is within rounding of a threshold."""
        return not self.unexplained.size

    def sentence(self, names: Sequence[str]) -> str:
        """What was found, naming samples, for a person.

        Args:
            names: Name of each of the n samples.
        """
        if self.differing.size:
            excuse = " within rounding of a threshold" if self.holds else ""
            found = f"{len(self.differing)} of {self.n_samples} samples differ{excuse}: {_named(names, self.differing)}"
        else:
            found = f"{self.n_samples} of {self.n_samples} samples take the same exit and get the same answer"
        alike = np.setdiff1d(self.unsure, self.differing)
        if not alike.size:
            return found
        return f"{found}; within rounding of a threshold or another answer, {len(alike)}: {_named(names, alike)}"


def _named(names: Sequence[str], rows: NDArray[np.int64]) -> str:
    return list_some([names[row] for row in rows])


def _lead(answers: Answers) -> NDArray[np.float64]:
    """By how much the answer is more probable than any other class, shape (n,); infinite where answers are no classes.

    How close sets of labels are to others is among what the runtime says of their closeness.
    """
    if answers.probabilities is None or answers.answers.ndim > 1:
        return np.full(answers.n_samples, np.inf)
    return margin(answers.probabilities)
