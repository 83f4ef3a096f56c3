"""Every policy there is: exact for two and three exits, on a fine grid for four."""

from __future__ import annotations

from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline
from policies.evaluation.evaluator import Evaluator
from policies.goals.archive import Archive
from policies.goals.goal import Goal
from policies.spacing import evenly_spaced


_MOST_EXITS = 4
_GRID = 64


class Exhaustive(Baseline):
    """The front of all threshold vectors.

    The last threshold is always exact; for four exits the first two lie on a grid. It does not keep to the budget:
    it is the reference that the search is measured by.
    """

    name: ClassVar[str] = "exhaustive"

    def fits(self, evaluator: Evaluator) -> bool:
        """Up to four exits."""
        return bool(evaluator.n_genes == evaluator.n_exits - 1 and evaluator.n_exits <= _MOST_EXITS)

    def visit(
        self, evaluator: Evaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """The front."""
        last = evaluator.n_genes - 1
        archive = Archive.empty(goal, evaluator.n_genes)
        if last < 0:
            return np.zeros((1, 0), dtype=np.int64)
        limit = _GRID if evaluator.n_exits == _MOST_EXITS else int(evaluator.n_levels.max())
        axes = [evenly_spaced(int(n), limit) for n in evaluator.n_levels[:last]]
        lines = np.zeros((int(evaluator.n_levels[last]), 1 + evaluator.n_genes), dtype=np.int64)
        lines[:, -1] = np.arange(len(lines))
        for levels in product(*axes):
            lines[:, 1:-1] = levels
            archive.offer(lines, goal.assess(evaluator.line(lines[0, 1:], last)))
        return archive.candidates[:, 1:]
