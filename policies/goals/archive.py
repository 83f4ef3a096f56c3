"""The best candidates that a search has seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.goals.goal import Assessment, Goal


@dataclass
class Archive:
    """The feasible non-dominated candidates seen so far, least objective first; the nearest one while none is feasible.

    Attributes:
        goal: Goal that says which candidates are better.
        candidates: Rows as :class:`~policies.evolution.genome.RuleSpace` has them, shape (A, 1 + G).
        assessment: What the goal says of each candidate.
        is_expanded: Whether the neighbours of each have been searched, shape (A,).
    """

    goal: Goal
    candidates: NDArray[np.int64]
    assessment: Assessment
    is_expanded: NDArray[np.bool_]

    @classmethod
    def empty(cls, goal: Goal, n_genes: int) -> Archive:
        """An archive that has seen nothing."""
        nothing = np.empty(0)
        return cls(
            goal,
            np.empty((0, 1 + n_genes), dtype=np.int64),
            Assessment(nothing, nothing, nothing),
            np.empty(0, dtype=bool),
        )

    def __len__(self) -> int:
        return len(self.candidates)

    def mark_expanded(self, candidate: NDArray[np.int64]) -> None:
        """Note that the neighbours of a candidate, shape (1 + G,), have been searched."""
        self.is_expanded = self.is_expanded | (self.candidates == candidate).all(axis=1)

    def offer(self, candidates: NDArray[np.int64], assessment: Assessment) -> None:
        """Take in what is better than, or beside, what is there."""
        rows = assessment.front()
        mine, other = self.assessment, assessment
        joined = Assessment(
            np.concatenate([mine.quality, other.quality[rows]]),
            np.concatenate([mine.objective, other.objective[rows]]),
            np.concatenate([mine.violation, other.violation[rows]]),
        )
        keep = joined.front()
        self.candidates = np.concatenate([self.candidates, candidates[rows]])[keep]
        self.assessment = Assessment(joined.quality[keep], joined.objective[keep], joined.violation[keep])
        self.is_expanded = np.concatenate([self.is_expanded, np.zeros(len(rows), dtype=bool)])[keep]
