"""Evolutionary search for policies: NSGA-II in DEAP under "accuracy >= target"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
import random
from typing import Any, ClassVar

from deap import base, tools
import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.coordinate import coordinate_moves
from policies.errors import ExitSearchError
from policies.evaluate import PopulationEvaluator
from policies.exit_table import ExitTable
from policies.front import constrained_front, hypervolume, thin
from policies.ladder import ladder_genomes
from policies.policy import Policy
from policies.randomness import seeded_global_random
from policies.rules import get_rule


_DISTRIBUTION_INDEX = 15.0
_WARM_START_SHARE = 0.5


@dataclass(frozen=True)
class EvolveSettings:
    """How hard to search.

    Attributes:
        population: Policies per generation; a multiple of 4.
        generations: Most generations.
        patience: Stop after so many generations without a larger hypervolume.
        front_size: Most policies of the front that is returned.
        max_levels: Most thresholds per exit.

    Raises:
        ExitSearchError: If a number is out of range.
    """

    population: int = 96
    generations: int = 100
    patience: int = 20
    front_size: int = 60
    max_levels: int = 1024

    def __post_init__(self) -> None:
        if self.population < 4 or self.population % 4:
            raise ExitSearchError(f"population must be a positive multiple of 4 but is {self.population}")
        for name in ("generations", "patience", "front_size"):
            if getattr(self, name) < 1:
                raise ExitSearchError(f"{name} must be at least 1 but is {getattr(self, name)}")


class ConstrainedFitness(base.Fitness):  # type: ignore[misc]
    """Accuracy (maximised), mean depth (minimised) and how far the target is missed.

    Feasible beats infeasible, less violation beats more, and only feasible policies are compared by
    Pareto dominance (Deb, 2000).
    """

    weights: ClassVar[tuple[float, float]] = (1.0, -1.0)

    def __init__(self) -> None:
        super().__init__()
        self.violation = 0.0

    def dominates(self, other: ConstrainedFitness, obj: slice = slice(None)) -> bool:
        """Whether this fitness is better than ``other`` under the constraint."""
        if self.violation != other.violation:
            return self.violation < other.violation
        return bool(super().dominates(other, obj))


class Genome(list[int]):
    """Level indices of one policy, one per exit but the last, with their fitness."""

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__(int(level) for level in levels)
        self.fitness = ConstrainedFitness()


@dataclass
class _Archive:
    """The non-dominated feasible policies seen so far, or the nearest ones while none is feasible."""

    target: float
    genomes: NDArray[np.int64]
    accuracy: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    depth: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def offer(self, genomes: NDArray[np.int64], accuracy: NDArray[np.float64], depth: NDArray[np.float64]) -> None:
        all_genomes = np.concatenate([self.genomes, genomes])
        all_accuracy = np.concatenate([self.accuracy, accuracy])
        all_depth = np.concatenate([self.depth, depth])
        keep = constrained_front(all_accuracy, all_depth, self.target)
        self.genomes, self.accuracy, self.depth = all_genomes[keep], all_accuracy[keep], all_depth[keep]


def evolve_front(
    table: ExitTable,
    temperatures: NDArray[np.float64],
    *,
    target: float,
    rule: str = "confidence",
    settings: EvolveSettings | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Search the thresholds of one rule for the front of accuracy against mean depth.

    NSGA-II (Deb et al., 2002) with constraint domination, seeded with the shared-threshold ladder,
    finished by exact coordinate moves from every policy of the front.

    Args:
        table: The ``search`` table.
        temperatures: One per exit, shape (E,).
        target: Least accuracy, in (0, 1].
        rule: Name of the rule.
        settings: How hard to search.
        seed: Same seed, same front.

    Returns:
        The front, shallowest policy first: ``accuracy``, ``mean_depth``, ``mean_cost``, ``feasible``, ``rule``
        and ``policy``. Where the target is out of reach: one row, the nearest policy, infeasible.
    """
    settings = settings or EvolveSettings()
    view = get_rule(rule).view(table, temperatures)
    evaluator = PopulationEvaluator(view, table.labels, table.cost, max_levels=settings.max_levels)
    archive = _Archive(target=target, genomes=np.empty((0, table.n_exits - 1), dtype=np.int64))
    ladder = ladder_genomes(evaluator)
    _assess(evaluator, archive, ladder)
    if table.n_exits > 1:
        with seeded_global_random(seed):
            _run_generations(evaluator, archive, ladder, settings)
        _polish(evaluator, archive)
    return _frame(evaluator, archive, rule, temperatures, settings.front_size)


def _assess(evaluator: PopulationEvaluator, archive: _Archive, genomes: NDArray[np.int64]) -> Any:
    outcome = evaluator.evaluate(genomes)
    archive.offer(genomes, outcome.accuracy, outcome.mean_depth)
    return outcome


def _run_generations(
    evaluator: PopulationEvaluator, archive: _Archive, ladder: NDArray[np.int64], settings: EvolveSettings
) -> None:
    upper = (evaluator.n_levels - 1).tolist()
    population = _first_population(archive, ladder, upper, settings.population)
    _assign_fitness(evaluator, archive, population)
    population = tools.selNSGA2(population, settings.population)
    best, stalled = -1.0, 0
    for _ in range(settings.generations):
        offspring = _vary(tools.selTournamentDCD(population, settings.population), upper)
        _assign_fitness(evaluator, archive, offspring)
        population = tools.selNSGA2(population + offspring, settings.population)
        volume = hypervolume(
            archive.accuracy, archive.depth, worst_accuracy=0.0, worst_depth=float(evaluator.n_exits + 1)
        )
        stalled = 0 if volume > best else stalled + 1
        best = max(best, volume)
        if stalled >= settings.patience:
            break


def _first_population(archive: _Archive, ladder: NDArray[np.int64], upper: list[int], size: int) -> list[Genome]:
    n_warm = int(size * _WARM_START_SHARE)
    warm = np.concatenate([archive.genomes, ladder])
    warm = warm[thin(len(warm), n_warm)]
    n_random = size - len(warm)
    return [Genome(row) for row in warm.tolist()] + [
        Genome([random.randint(0, top) for top in upper]) for _ in range(n_random)
    ]


def _vary(parents: list[Genome], upper: list[int]) -> list[Genome]:
    children = [Genome(parent) for parent in parents]
    for first, second in zip(children[::2], children[1::2], strict=True):
        tools.cxSimulatedBinaryBounded(first, second, eta=_DISTRIBUTION_INDEX, low=[0] * len(upper), up=upper)
    for child in children:
        tools.mutPolynomialBounded(child, eta=_DISTRIBUTION_INDEX, low=0, up=upper, indpb=1 / len(upper))
        child[:] = [round(level) for level in child]
    return children


def _assign_fitness(evaluator: PopulationEvaluator, archive: _Archive, population: list[Genome]) -> None:
    outcome = _assess(evaluator, archive, np.array(population, dtype=np.int64))
    accuracy, depth = outcome.accuracy, outcome.mean_depth
    for i, genome in enumerate(population):
        genome.fitness.violation = max(archive.target - accuracy[i], 0.0)
        genome.fitness.values = (accuracy[i], depth[i])


def _polish(evaluator: PopulationEvaluator, archive: _Archive) -> None:
    starts = archive.genomes
    moved = coordinate_moves(evaluator, starts, np.maximum(archive.accuracy, archive.target))
    _assess(evaluator, archive, moved)


def _frame(
    evaluator: PopulationEvaluator,
    archive: _Archive,
    rule: str,
    temperatures: NDArray[np.float64],
    front_size: int,
) -> pd.DataFrame:
    genomes = archive.genomes[thin(len(archive.genomes), front_size)]
    outcome = evaluator.evaluate(genomes)
    return pd.DataFrame(
        {
            "accuracy": outcome.accuracy,
            "mean_depth": outcome.mean_depth,
            "mean_cost": outcome.mean_cost,
            "feasible": outcome.accuracy >= archive.target,
            "rule": rule,
            "policy": [Policy(rule, evaluator.thresholds(genome), tuple(temperatures.tolist())) for genome in genomes],
        }
    )
