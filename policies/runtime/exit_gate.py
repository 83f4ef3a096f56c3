"""The gate of one exit: thresholds, prepared once, that scores are compared with at every call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.rules.base import Step
from policies.views.view import Combine


@dataclass(frozen=True)
class ExitGate:
    """Which samples leave at one exit; the same as :func:`policies.views.view.gate_is_open` says.

    Attributes:
        thresholds: Those that a score can reach, shape (R,).
        columns: Which of the rule's S score columns they belong to, or all.
        needs_all: Whether every column must reach its threshold.
        is_closed: Whether nothing can leave here.
    """

    thresholds: NDArray[np.float64]
    columns: NDArray[np.int64] | slice
    needs_all: bool
    is_closed: bool

    @classmethod
    def of(cls, thresholds: Sequence[float], combine: Combine) -> ExitGate:
        """The gate of an exit's thresholds, one for each score column; infinity is never reached."""
        row = np.asarray(thresholds, dtype=np.float64)
        reachable = np.flatnonzero(row < np.inf)
        has_all = len(reachable) == len(row)
        needs_all = combine is Combine.ALL
        is_closed = not len(reachable) or (needs_all and not has_all)
        return cls(row[reachable], slice(None) if has_all else reachable, needs_all, is_closed)

    def look(self, step: Step) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Compare n samples with the thresholds.

        Returns:
            Whether each leaves, shape (n,); and the least distance of its scores to thresholds that they could reach,
            shape (n,), infinite where there are none.
        """
        if self.is_closed:
            n_samples = len(step.answers)
            return np.zeros(n_samples, dtype=np.bool_), np.full(n_samples, np.inf)
        above = as_columns(step.scores)[:, self.columns] - self.thresholds
        reached = above >= 0
        if above.shape[1] == 1:
            leaves, distance = reached[:, 0], np.abs(above[:, 0])
        else:
            leaves = np.asarray(reached.all(axis=1) if self.needs_all else reached.any(axis=1))
            distance = np.abs(above).min(axis=1)
        return leaves if step.eligible is None else leaves & step.eligible, distance


def as_columns(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores of shape (n, S), from those or from one column, (n,)."""
    return scores[:, None] if scores.ndim == 1 else scores
