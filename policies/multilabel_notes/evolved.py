"""The choice of an evolved version: NSGA-II over compute and drops, then the most saving policy, or a knee."""

from __future__ import annotations

from dataclasses import dataclass
import random

from deap import tools
import numpy as np
from numpy.typing import NDArray

from policies.evolution.nsga2 import Genome, varied
from policies.evolution.randomness import seeded_global_random
from policies.multilabel_notes.drops import DropJudge
from policies.multilabel_notes.kernels import first_open_exits
from policies.multilabel_notes.versions import EvolvedVersion
from policies.views.view import RuleView


_RESOLUTION = 1000
_USAGE_WEIGHT = 0.65
_LIMIT = 1.0 + 1e-9


@dataclass(frozen=True)
class Evolved:
    """What a version's search ends with: P policies, the one that never leaves early among them.

    Attributes:
        thresholds: Thresholds of each policy, shape (P, E - 1, 3 + L).
        saved: Part of the full network's compute that each saves, shape (P,).
        usage: Largest part of its limit that any drop of each is, shape (P,), as the version counts drops.
    """

    thresholds: NDArray[np.float64]
    saved: NDArray[np.float64]
    usage: NDArray[np.float64]

    def choice(self, most_usage: float | None) -> int:
        """Index of the chosen policy.

        Args:
            most_usage: Largest usage of a knee, or None for the most saving policy within the limits.
        """
        within = self.usage <= (_LIMIT if most_usage is None else most_usage)
        worth = self.saved if most_usage is None else knee_score(self.saved, self.usage, within)
        return int(np.where(within, worth, -np.inf).argmax())


def knee_score(
    saved: NDArray[np.float64], usage: NDArray[np.float64], within: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Scaled saving less .65 of the usage, shape (P,), maximised.

    Savings are scaled by the largest of those policies that may be chosen, so that it counts as 1: the results log does
    not say by what.

    Args:
        saved: Saved part of each policy, shape (P,).
        usage: Largest part of any limit, shape (P,).
        within: Which policies may be chosen, shape (P,).
    """
    most = saved[within].max(initial=0.0)
    return np.asarray((saved / most if most > 0 else np.zeros_like(saved)) - _USAGE_WEIGHT * usage)


def evolve(
    version: EvolvedVersion, view: RuleView, judge: DropJudge, risks: NDArray[np.float64], *, seed: int = 0
) -> Evolved:
    """NSGA-II over the usage of the limits and the compute, with the limits as a constraint.

    Args:
        version: Size of the search, and what genes mean.
        view: What the rule ``notes-gate`` sees in the table.
        judge: Judge of policies on the same table.
        risks: Risk of each label at each exit but the last, shape (E - 1, L).
        seed: Seed of the search; the same seed gives the same result.
    """
    limits = [_RESOLUTION] * version.n_genes(len(risks) + 1, risks.shape[1])

    def assess(genomes: list[Genome]) -> Evolved:
        thresholds = version.thresholds(np.array(genomes) / _RESOLUTION, risks)
        found = _judged(thresholds, view, judge, is_bounded=version.most_usage is not None)
        for genome, saved, usage in zip(genomes, found.saved.tolist(), found.usage.tolist(), strict=True):
            genome.fitness.violation = max(usage - _LIMIT, 0.0)
            genome.fitness.values = (-usage, 1 - saved)
        return found

    with seeded_global_random(seed):
        drawn = [Genome([random.randint(0, top) for top in limits]) for _ in range(version.population)]
        assess(drawn)
        population = tools.selNSGA2(drawn, version.population)
        for _ in range(version.generations):
            offspring = varied(tools.selTournamentDCD(population, version.population), limits)
            assess(offspring)
            population = tools.selNSGA2(population + offspring, version.population)
    return _with_full_network(assess(population))


def _judged(thresholds: NDArray[np.float64], view: RuleView, judge: DropJudge, *, is_bounded: bool) -> Evolved:
    drops = judge.drops(first_open_exits(view.scores, view.eligible, thresholds))
    return Evolved(thresholds, drops.saved, drops.usage(is_bounded=is_bounded))


def _with_full_network(found: Evolved) -> Evolved:
    """What never leaves early saves nothing and loses nothing, and can always be chosen."""
    closed = np.full((1, *found.thresholds.shape[1:]), np.inf)
    return Evolved(np.concatenate([found.thresholds, closed]), np.append(found.saved, 0.0), np.append(found.usage, 0.0))
