"""The policy search: every rule, merged into one front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from policies.baselines import get_baseline
from policies.errors import ExitSearchError
from policies.evaluation.shared_thresholds import shared_threshold_genomes, starting_genomes
from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.evolution.islands import EpochRunner, evolve_islands, one_after_the_other
from policies.evolution.local_search import offer_line
from policies.evolution.nsga2 import Evolution, finish, first_archive
from policies.evolution.settings import EvolveSettings
from policies.goals.archive import Archive
from policies.goals.front import Front, FrontPoint
from policies.goals.goal import Goal
from policies.tables.base import ExitTable


_MOST_SHARED_THRESHOLDS = 256
_WARM_START_EVALUATIONS, _WARM_START_PART = 500, 0.1
_WARM_STARTS = ("full_network", "best_single_exit", "geometric", "hill_climbing")


def search_front(
    table: ExitTable,
    temperatures: NDArray[np.float64],
    goal: Goal,
    *,
    rules: Sequence[str] = ("confidence",),
    settings: EvolveSettings | None = None,
    seed: int = 0,
    islands: int = 1,
    run_epoch: EpochRunner = one_after_the_other,
    on_generation: Callable[[str], None] = lambda rule: None,
    on_space: Callable[[RuleSpace], None] = lambda space: None,
) -> Front:
    """Search the policies of several rules and merge them into one front.

    Args:
        table: Exit table of the ``search`` split, on which policies are searched.
        temperatures: Temperature of each exit, shape (E,).
        goal: What is maximised, minimised and required.
        rules: Names of the rules whose policies are searched.
        settings: How hard to search each rule.
        seed: Seed of the search; same seed, same front.
        islands: Populations that evolve apart and exchange their best.
        run_epoch: Runs the islands, such as over a cluster; the front does not depend on it.
        on_generation: Told the rule after each generation (of islands: after each epoch).
        on_space: Told the space of each rule's policies once it is searched.

    Returns:
        The front, least objective first, with the figures ``accuracy``, ``mean_depth``, ``mean_cost``, the goal's other
        qualities and its objective, and where parents are read until they are sure ``mean_read``, the samples that are
        read of one on average. Where no policy is feasible: the nearest alone.

    Raises:
        ExitSearchError: If there is no rule or no island.
        PolicyError: If a rule cannot be used on the table.

    Example:
        >>> front = search_front(search, fit_temperatures(search), Goal(target=0.95), rules=["confidence", "ensemble"])
        >>> first = next(iter(front))
        >>> first.rule, round(first.figures["accuracy"], 3), round(first.figures["mean_depth"], 3)
        ('ensemble', 0.95, 2.06)
    """
    if not rules:
        raise ExitSearchError("rules must name at least one rule but is empty")
    if islands < 1:
        raise ExitSearchError(f"islands must be at least 1 but is {islands}")
    settings = settings or EvolveSettings()
    fronts = []
    for rule in rules:
        space = RuleSpace(rule, table, temperatures, goal, max_levels=settings.max_levels, seed=seed)
        archive = search_rule(
            space,
            settings,
            settings.budget(),
            seed=seed,
            islands=islands,
            run_epoch=run_epoch,
            on_generation=partial(on_generation, rule),
        )
        on_space(space)
        fronts.append(front_of(space, archive))
    return Front.merged(fronts, goal, front_size=settings.front_size)


def search_rule(
    space: RuleSpace,
    settings: EvolveSettings,
    budget: Budget,
    *,
    seed: int = 0,
    islands: int = 1,
    run_epoch: EpochRunner = one_after_the_other,
    on_generation: Callable[[], None] = lambda: None,
) -> Archive:
    """Search the policies of one rule: warm start and local search, generations, local search.

    Args:
        space: Space of the rule's policies that are searched.
        settings: How hard to search, and how.
        budget: What may be spent; tells afterwards what was.
        seed: Seed of the search; same seed, same archive.
        islands: Number of populations that evolve apart and exchange their best; 1 is a single population.
        run_epoch: Runs the islands, such as over a cluster; the archive does not depend on it.
        on_generation: Told each generation, or each epoch of islands.
    """
    if settings.shared_thresholds:
        return _shared_archive(space, budget)
    archive = first_archive(space, starting_candidates(space, budget), budget)
    if islands > 1:
        archive = evolve_islands(space, archive, settings, budget, seed, islands, run_epoch, on_generation)
    else:
        Evolution(space, archive, settings, budget).run(seed, settings.generations, on_generation)
    finish(space, archive, budget)
    return archive


def _shared_archive(space: RuleSpace, budget: Budget) -> Archive:
    """Every policy that shares its thresholds over all exits, of every variant of the rule, with all ways to read."""
    archive = Archive.empty(space.goal, space.n_genes)
    for variant in range(space.n_variants):
        evaluator = space.evaluator(variant)
        shared = shared_threshold_genomes(evaluator)
        candidates = np.column_stack([np.full(len(shared), variant), shared])
        archive.offer(candidates, space.goal.assess(space.evaluate(candidates)))
        budget.spend(len(shared))
        for gene in range(evaluator.n_gates, evaluator.n_genes):
            for candidate in candidates:
                offer_line(space, archive, budget, candidate, gene)
    return archive


def starting_candidates(space: RuleSpace, budget: Budget) -> NDArray[np.int64]:
    """Policies with shared thresholds, and what the baselines consider, for every variant of the rule."""
    share = _WARM_START_PART * budget.left() / space.n_variants
    evaluations = int(min(share, _WARM_START_EVALUATIONS))
    starts = []
    for variant in range(space.n_variants):
        evaluator = space.evaluator(variant)
        found = [starting_genomes(evaluator, most_shared=_MOST_SHARED_THRESHOLDS)]
        if evaluator.view.n_columns == 1 and evaluator.n_genes:
            rng = np.random.default_rng(0)
            for name in _WARM_STARTS:
                found.append(get_baseline(name).visit(evaluator, space.goal, evaluations=evaluations, rng=rng))
            budget.spend(evaluations)
        genomes = np.unique(np.concatenate(found), axis=0)
        starts.append(np.column_stack([np.full(len(genomes), variant), genomes]))
    return np.concatenate(starts)


def front_of(space: RuleSpace, archive: Archive) -> Front:
    """The policies of an archive, with their figures.

    Args:
        space: Space that the archive's candidates are from.
        archive: The candidates.
    """
    outcome = space.evaluate(archive.candidates)
    figures = {
        **outcome.qualities,
        "mean_depth": outcome.mean_depth,
        "mean_cost": outcome.mean_cost,
        space.goal.objective_column: archive.assessment.objective,
    }
    if outcome.n_unread is not None:
        figures["mean_read"] = space.mean_read(outcome)
    return Front(
        tuple(
            FrontPoint(
                policy=space.policy(candidate),
                figures={name: float(values[row]) for name, values in figures.items()},
                violation=float(archive.assessment.violation[row]),
            )
            for row, candidate in enumerate(archive.candidates)
        )
    )
