"""Threshold after threshold, the one that saves most per lost answer first."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.baselines.base import Baseline, closed_genome
from policies.evaluation.evaluator import Evaluator
from policies.goals.goal import Goal


_FIRST_STEP = 0.1


class QuantileHillClimbing(Baseline):
    """The greedy tuning of Apparate (Dai et al., SOSP 2024), with steps in quantiles of the scores.

    From all gates closed, each round opens the gate by a step whose saved objective per lost quality is largest. A
    gate's step doubles when it was taken and halves when it would break a constraint or save nothing.
    """

    name: ClassVar[str] = "hill_climbing"

    def visit(
        self, evaluator: Evaluator, goal: Goal, *, evaluations: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """The path that was climbed, from all gates closed."""
        here = closed_genome(evaluator)
        steps = np.maximum(_FIRST_STEP * here, 1.0)
        path, spent = [here.copy()], 0
        while (steps >= 1).any() and spent + evaluator.n_genes + 1 <= evaluations:
            trials = np.repeat(here[None], evaluator.n_genes, axis=0)
            moved = np.maximum(here - np.maximum(np.rint(steps), 1).astype(np.int64), 0)
            np.fill_diagonal(trials, moved)
            seen = goal.assess(evaluator.evaluate(np.concatenate([here[None], trials])))
            spent += evaluator.n_genes + 1
            saved, lost = seen.objective[0] - seen.objective[1:], np.maximum(seen.quality[0] - seen.quality[1:], 1e-12)
            allowed = (seen.violation[1:] <= seen.violation[0]) & (saved > 0) & (steps >= 1)
            steps = np.where(allowed, steps, steps / 2)
            if allowed.any():
                gene = int(np.where(allowed, saved / lost, -np.inf).argmax())
                here = trials[gene]
                steps[gene] *= 2
                path.append(here.copy())
        return np.stack(path)
