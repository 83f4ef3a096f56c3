"""A rule, two qualities, an objective and a baseline from outside the packages."""

from typing import ClassVar

import numpy as np

from policies.baselines.base import Baseline, closed_genome
from policies.goals.objectives import Objective
from policies.qualities import NOWHERE, CountedQuality, PooledQuality
from policies.rules.scoring.single_exit import SingleExitRule


class Gini(SingleExitRule):
    """One less the Gini impurity."""

    name: ClassVar[str] = "tests.toys.parts:GINI"

    @staticmethod
    def score(probabilities):
        return (probabilities**2).sum(axis=1)


class FirstClassRecall(CountedQuality):
    """Share of the first class that is answered rightly."""

    name: ClassVar[str] = "first_class_recall"
    is_share: ClassVar[bool] = False

    def marks(self, view, truth):
        return np.where((view.answers == 0) & (truth.labels[:, None] == 0), 0, NOWHERE)[None]

    def value(self, tallies, strata):
        return tallies[:, 0] / strata[0]


class Agreement(PooledQuality):
    """Correlation of answered and true class shares, brought to [0, 1]: it needs all answers at once."""

    name: ClassVar[str] = "agreement"

    def judge(self, view, truth):
        true_shares = np.bincount(truth.labels, minlength=truth.n_classes) / truth.n_samples

        def of_exits(exits):
            answers = view.answers[np.arange(truth.n_samples), exits]
            shares = np.stack([np.bincount(own, minlength=truth.n_classes) for own in answers]) / truth.n_samples
            return 1 - np.abs(shares - true_shares).sum(axis=1) / 2

        return of_exits


class Energy(Objective):
    """Half of the energy is spent on waking up."""

    name: ClassVar[str] = "energy"
    column: ClassVar[str] = "mean_energy"
    axis: ClassVar[str] = "mean energy (1 = full network)"

    def of_exits(self, cost, latency_ms):
        return 0.5 + 0.5 * cost


class Halfway(Baseline):
    """All gates at the middle of their levels."""

    name: ClassVar[str] = "halfway"

    def visit(self, evaluator, goal, *, evaluations, rng):
        closed = closed_genome(evaluator)
        return np.stack([closed, closed // 2])


GINI, FIRST_CLASS, AGREEMENT, ENERGY, HALFWAY = Gini(), FirstClassRecall(), Agreement(), Energy(), Halfway()
