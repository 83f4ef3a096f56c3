"""What a network answered that really left early, and why it left where it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError


@dataclass(frozen=True)
class Answers:
    """What was answered about ``n`` samples.

    Attributes:
        exits: Index of the exit taken, shape (n,), int64.
        answers: What was answered there, shape (n,) for classes, else (n, ...).
        probabilities: The distribution that was answered with, shape (n, C), of sets of labels the probability of each;
            None where there is no such thing.
        scores: Scores of the rule at the exit taken, shape (n, S); higher means safer to leave.
        thresholds: Thresholds of the exit taken, shape (n, S); infinite where a gate is closed, and minus infinite at
            the last exit, which is always open.
        closeness: Least distance of a score to its threshold at any exit that was asked, and of a label's probability
            to the one from which on it is answered, shape (n,); infinite where no gate could be open. Where it is about
            as small as rounding, another executor may take another exit.
    """

    exits: NDArray[np.int64]
    answers: NDArray[Any]
    probabilities: NDArray[np.float64] | None
    scores: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    closeness: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Answers:
        """Answers about samples that were run in parts, in their order, as one."""
        probabilities = [part.probabilities for part in parts if part.probabilities is not None]
        return cls(
            np.concatenate([part.exits for part in parts]),
            np.concatenate([part.answers for part in parts]),
            np.concatenate(probabilities) if probabilities else None,
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.thresholds for part in parts]),
            np.concatenate([part.closeness for part in parts]),
        )

    @property
    def n_samples(self) -> int:
        """Number of samples, ``n``."""
        return len(self.exits)

    @property
    def depths(self) -> NDArray[np.int64]:
        """Depth of the exit taken, from 1, shape (n,)."""
        return self.exits + 1

    @property
    def confidences(self) -> NDArray[np.float64]:
        """The largest probability of each answer, shape (n,); not a number where answers have no probabilities."""
        if self.probabilities is None:
            return np.full(self.n_samples, np.nan)
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def of_labels(self) -> NDArray[np.float64]:
        """The probability of each label, shape (n, L).

        Raises:
            PolicyError: If answers are no sets of labels.
        """
        if self.probabilities is None or self.answers.ndim != 2:
            raise PolicyError("answers have probabilities of labels where they are sets of labels, but these are none")
        return self.probabilities

    def reason(self, row: int) -> str:
        """Why a sample left where it did, as a clause for a person: the score and the threshold that it reached."""
        if np.isneginf(self.thresholds[row]).all():
            return f"exit {self.depths[row]} is the last"
        pairs = zip(self.scores[row], self.thresholds[row], strict=True)
        reached = [f"{score:.4g} >= {limit:.4g}" for score, limit in pairs if score >= limit and math.isfinite(limit)]
        return f"score{'s' if len(reached) > 1 else ''} {' and '.join(reached)}"
