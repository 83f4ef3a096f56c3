"""Evolutionary search for policies: NSGA-II in DEAP under constraints, with Pareto local search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import math
import random
from typing import ClassVar

from deap import base, tools
import numpy as np
from numpy.typing import NDArray

from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.evolution.local_search import expand
from policies.evolution.randomness import seeded_global_random
from policies.evolution.settings import EvolveSettings
from policies.goals.archive import Archive
from policies.goals.pareto import hypervolume
from policies.qualities import get_quality
from policies.spacing import evenly_spaced


_DISTRIBUTION_INDEX = 15.0
_ROUNDS_BEFORE, _ROUNDS_AFTER = 2, 8
_PART_BEFORE, PART_EVOLVING = 0.25, 0.6


class ConstrainedFitness(base.Fitness):  # type: ignore[misc]
    """Quality (maximised), objective (minimised) and how far the constraints are missed.

    Feasible beats infeasible, less violation beats more, and only feasible policies are compared by
    Pareto dominance (Deb, 2000).
    """

    weights: ClassVar[tuple[float, float]] = (1.0, -1.0)

    def __init__(self) -> None:
        super().__init__()
        self.violation = 0.0

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and self.violation == getattr(other, "violation", None)

    def __hash__(self) -> int:
        return hash((self.wvalues, self.violation))

    def dominates(self, other: ConstrainedFitness, obj: slice = slice(None)) -> bool:
        """Whether this fitness is better than ``other`` under the constraints."""
        if self.violation != other.violation:
            return self.violation < other.violation
        mine, others = self.wvalues, other.wvalues
        return bool(mine[0] >= others[0] and mine[1] >= others[1] and mine != others)


class Genome(list[int]):
    """Genes of one policy, as :class:`~policies.evolution.genome.RuleSpace` has them, with their fitness."""

    def __init__(self, genes: Sequence[int]) -> None:
        super().__init__(int(gene) for gene in genes)
        self.fitness = ConstrainedFitness()


def varied(parents: Sequence[Genome], limits: Sequence[int]) -> list[Genome]:
    """Children of parents, two of each pair: simulated binary crossover and polynomial mutation (Deb et al., 2002).

    Args:
        parents: An even number of genomes.
        limits: The largest value of each gene; the smallest is 0.
    """
    children = [Genome(parent) for parent in parents]
    low = [0] * len(limits)
    for first, second in zip(children[::2], children[1::2], strict=True):
        tools.cxSimulatedBinaryBounded(first, second, eta=_DISTRIBUTION_INDEX, low=low, up=list(limits))
    for child in children:
        tools.mutPolynomialBounded(child, eta=_DISTRIBUTION_INDEX, low=low, up=list(limits), indpb=1 / len(limits))
        child[:] = [round(gene) for gene in child]
    return children


class Evolution:
    """NSGA-II (Deb et al., 2002) on the policies of one rule; everything seen goes to an archive.

    Args:
        space: Space of the rule's policies that are evolved.
        archive: What was found so far; the first population is drawn from it.
        settings: How hard to search, and how.
        budget: What may be spent in passes and seconds.
    """

    def __init__(self, space: RuleSpace, archive: Archive, settings: EvolveSettings, budget: Budget) -> None:
        self.space, self.archive, self.settings, self.budget = space, archive, settings, budget
        self.population: list[Genome] = []
        self.stalled = 0
        self._limits = space.gene_limits
        self._worst_quality = self._least_quality()
        self._worst_objective = 1.05 * float(archive.goal.objective_of_exits(space.table.cost).max())

    def run(self, seed: int, generations: int, on_generation: Callable[[], None] = lambda: None) -> None:
        """Go on for so many generations, or until nothing gets better or the budget is spent."""
        if not self._limits:
            return
        with seeded_global_random(seed):
            if not self.population and self._may_go_on():
                self._begin()
            for _ in range(generations):
                if self.stalled >= self.settings.patience or not self._may_go_on():
                    return
                before = self._progress()
                self._step()
                self.stalled = 0 if self._progress() > before else self.stalled + 1
                on_generation()

    def welcome(self, candidates: NDArray[np.int64]) -> None:
        """Take candidates from elsewhere into the archive and the population."""
        before = self._progress()
        guests = [Genome(genes) for genes in self.space.genes(candidates).tolist()]
        self._assess(guests)
        if self.population:
            self.population = tools.selNSGA2(self.population + guests, self.settings.population)
        if self._progress() > before:
            self.stalled = 0

    def _begin(self) -> None:
        size = self.settings.population
        known = self.archive.candidates[evenly_spaced(len(self.archive), size // 2)]
        first = [Genome(genes) for genes in self.space.genes(known).tolist()]
        first += [Genome([random.randint(0, top) for top in self._limits]) for _ in range(size - len(first))]
        self._assess(first)
        self.population = tools.selNSGA2(first, size)

    def _step(self) -> None:
        size = self.settings.population
        offspring = varied(tools.selTournamentDCD(self.population, size), self._limits)
        self._assess(offspring)
        self.population = tools.selNSGA2(self.population + offspring, size)

    def _assess(self, genomes: list[Genome]) -> None:
        candidates = self.space.candidates(np.array(genomes, dtype=np.int64))
        assessment = self.archive.goal.assess(self.space.evaluate(candidates))
        self.budget.spend(len(genomes))
        self.archive.offer(candidates, assessment)
        for i, genome in enumerate(genomes):
            genome.fitness.violation = float(assessment.violation[i])
            genome.fitness.values = (assessment.quality[i], assessment.objective[i])

    def _may_go_on(self) -> bool:
        return self.budget.allows(self.settings.population, part=PART_EVOLVING)

    def _least_quality(self) -> float:
        """The worst value there is, or where it is infinite the worst that the archive has."""
        quality = get_quality(self.archive.goal.quality)
        worst = quality.lowest if quality.is_maximised else -quality.highest
        return worst if math.isfinite(worst) else float(self.archive.assessment.quality.min(initial=0.0))

    def _progress(self) -> tuple[float, float]:
        """Larger is better: nearer to feasible first, then a larger front."""
        found = self.archive.assessment
        volume = hypervolume(
            found.quality, found.objective, worst_quality=self._worst_quality, worst_objective=self._worst_objective
        )
        return -float(found.violation.min()), volume


def first_archive(space: RuleSpace, starts: NDArray[np.int64], budget: Budget) -> Archive:
    """An archive that has seen the starting candidates, as many as may be, and the lines through the best of them."""
    archive = Archive.empty(space.goal, space.n_genes)
    starts = starts[evenly_spaced(len(starts), max(int(min(budget.left(part=_PART_BEFORE), len(starts))), 1))]
    archive.offer(starts, space.goal.assess(space.evaluate(starts)))
    budget.spend(len(starts))
    expand(space, archive, budget, rounds=_ROUNDS_BEFORE, part=_PART_BEFORE)
    return archive


def finish(space: RuleSpace, archive: Archive, budget: Budget) -> None:
    """Search the lines through what the generations found."""
    expand(space, archive, budget, rounds=_ROUNDS_AFTER)
