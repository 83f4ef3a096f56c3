"""Populations that evolve apart and exchange their best from time to time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.evolution.nsga2 import PART_EVOLVING, Evolution, Genome
from policies.evolution.settings import EvolveSettings
from policies.goals.archive import Archive
from policies.spacing import evenly_spaced


_EPOCHS = 5
_MIGRANTS = 8
_LEAST_SECONDS = 1e-3


@dataclass(frozen=True)
class IslandState:
    """One island between two epochs.

    Attributes:
        archive: The best candidates that the island has found.
        population: Genomes that the island evolves further.
        stalled: Generations since the island last found something better.
    """

    archive: Archive
    population: list[Genome]
    stalled: int


@dataclass(frozen=True)
class EpochTask:
    """What one island does in one epoch; it can run anywhere.

    Attributes:
        state: State of the island at the beginning of the epoch.
        migrants: Candidates from the neighbouring island, shape (M, 1 + G).
        seed: Seed of the island's draws in the epoch.
        settings: How hard to search; the generations are those of one epoch.
    """

    state: IslandState
    migrants: NDArray[np.int64]
    seed: int
    settings: EvolveSettings

    def run(self, space: RuleSpace) -> tuple[IslandState, int]:
        """Evolve; returns the island as it is then, and how many policies were evaluated."""
        budget = self.settings.budget()
        evolution = Evolution(space, replace(self.state.archive), self.settings, budget)
        evolution.population, evolution.stalled = self.state.population, self.state.stalled
        if len(self.migrants):
            evolution.welcome(self.migrants)
        evolution.run(self.seed, self.settings.generations)
        return IslandState(evolution.archive, evolution.population, evolution.stalled), budget.spent


EpochRunner = Callable[[RuleSpace, Sequence[EpochTask]], list[tuple[IslandState, int]]]
"""Runs the islands' tasks of one epoch and returns what they return, in their order."""


def one_after_the_other(space: RuleSpace, tasks: Sequence[EpochTask]) -> list[tuple[IslandState, int]]:
    """Run the islands in this process."""
    return [task.run(space) for task in tasks]


def evolve_islands(
    space: RuleSpace,
    archive: Archive,
    settings: EvolveSettings,
    budget: Budget,
    seed: int,
    n_islands: int,
    run_epoch: EpochRunner,
    on_epoch: Callable[[], None],
) -> Archive:
    """Evolve islands from the same archive, each with its own seed, in a ring.

    After each epoch every island sends evenly spaced members of its front, both ends among them, to the next one.
    All islands wait for each other, so that the result does not depend on where or how fast they ran.

    Returns:
        The archive of all islands together.
    """
    states = [IslandState(replace(archive), [], 0) for _ in range(n_islands)]
    nobody = np.empty((0, 1 + space.n_genes), dtype=np.int64)
    migrants = [nobody] * n_islands
    for epoch, generations in enumerate(_generations_by_epoch(settings.generations)):
        most = n_islands * (settings.population * (1 + generations) + _MIGRANTS)
        if not budget.allows(most, part=PART_EVOLVING):
            break
        seconds = max(budget.seconds_left(), _LEAST_SECONDS)
        limits = {"generations": generations, "max_evaluations": None, "max_seconds": seconds}
        own_settings = settings.model_copy(update=limits)
        seeds = np.random.SeedSequence([seed, epoch]).generate_state(n_islands)
        results = run_epoch(
            space,
            [
                EpochTask(state, guests, int(own_seed), own_settings)
                for state, guests, own_seed in zip(states, migrants, seeds, strict=True)
            ],
        )
        states = [state for state, _ in results]
        budget.spend(sum(spent for _, spent in results))
        sent = [_best_members(state.archive) for state in states]
        migrants = [sent[i - 1] for i in range(n_islands)]
        on_epoch()
    for state in states:
        archive.offer(state.archive.candidates, state.archive.assessment)
    return archive


def _best_members(archive: Archive) -> NDArray[np.int64]:
    return np.asarray(archive.candidates[evenly_spaced(len(archive), _MIGRANTS)])


def _generations_by_epoch(generations: int) -> list[int]:
    n_epochs = min(generations, _EPOCHS)
    return [generations // n_epochs + (epoch < generations % n_epochs) for epoch in range(n_epochs)]
