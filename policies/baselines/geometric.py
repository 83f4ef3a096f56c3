"""Exit shares that fall or rise by a constant factor."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline
from policies.evaluation.evaluator import Evaluator
from policies.goals.goal import Goal


_FACTORS = np.geomspace(0.02, 50.0, 101)


class GeometricBudget(Baseline):
    """The budgeted batch policy of MSDNet (Huang et al., ICLR 2018).

    For a factor q, the share of samples that leaves at exit k is proportional to q^k; each threshold is the score that
    lets just this share of all samples go, among those that are still there.
    """

    name: ClassVar[str] = "geometric"

    def visit(
        self, evaluator: Evaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """One genome per factor."""
        thresholds = np.stack([_thresholds(evaluator, factor) for factor in _FACTORS])
        return np.unique(evaluator.nearest_genome(thresholds), axis=0)


def _thresholds(evaluator: Evaluator, factor: float) -> NDArray[np.float64]:
    """Thresholds, shape (E - 1, 1)."""
    shares = factor ** np.arange(evaluator.n_exits)
    n_leaving = np.rint(np.cumsum(shares) / shares.sum() * evaluator.n_samples).astype(int)
    is_there = np.ones(evaluator.n_samples, dtype=bool)
    thresholds = np.full((evaluator.n_exits - 1, 1), np.inf)
    for k in range(evaluator.n_exits - 1):
        scores = evaluator.view.scores[:, k, 0]
        can_leave = is_there & evaluator.view.eligible[:, k]
        n_here = min(n_leaving[k] - int((~is_there).sum()), int(can_leave.sum()))
        if n_here > 0:
            thresholds[k] = np.sort(scores[can_leave])[-n_here]
            is_there &= ~(can_leave & (scores >= thresholds[k]))
    return thresholds
