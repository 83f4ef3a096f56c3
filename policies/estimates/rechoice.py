"""How much a choice flatters itself: the same choice, made anew without some of the units, and seen on those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.baselines.coordinate_descent import best_genome
from policies.estimates.candidates import Family
from policies.estimates.quality_bounds import quality_value
from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.shared_thresholds import ladder_genomes
from policies.goals.goal import Goal
from policies.goals.requirements import Requirement
from policies.policy import first_open_exit
from policies.rules import RuleView
from policies.spacing import evenly_spaced


N_FOLDS = 3
_MOST_LEVELS = 256
_MOST_STARTS = 64


@dataclass(frozen=True)
class _Part:
    """One family on the units of all folds but one, ready to search on, and what it sees in the fold left out."""

    family: Family
    evaluator: PopulationEvaluator
    starts: NDArray[np.int64]
    left_out: RuleView


def honest_figures(
    families: Sequence[Family],
    goals: Sequence[Goal],
    wanted: Sequence[Requirement],
    *,
    n_folds: int = N_FOLDS,
    seed: int = 0,
) -> NDArray[np.float64]:
    """What policies do that are chosen for each goal without the samples that they are judged on.

    The units are shared out among folds. For each fold the best policy is searched on all others, quickly: shared
    thresholds, then exact coordinate moves, for every family; the samples of the fold go by it.

    Args:
        families: Whose thresholds are chosen; all of the same samples.
        goals: What is chosen for: at least one, all with the same qualities.
        wanted: What is told of the choices.
        n_folds: How many folds, if there are so many units.
        seed: Of the folds.

    Returns:
        Each required quality over all samples, shape (R, T) for T goals.
    """
    first = families[0]
    fold_of_unit = np.random.default_rng(seed).permutation(np.arange(first.units.n) % n_folds)
    fold_of_sample = fold_of_unit[first.units.of_sample]
    by_family = [[family.marks(one) for family in families] for one in wanted]
    marks = [np.empty((len(goals), *own[0].shape[:2]), dtype=own[0].dtype) for own in by_family]
    for fold in range(int(fold_of_sample.max()) + 1):
        inside = np.flatnonzero(fold_of_sample == fold)
        parts = [_part(family, np.flatnonzero(fold_of_sample != fold), inside, goals[0]) for family in families]
        for row, goal in enumerate(goals):
            which, exits = _choose(parts, goal)
            for told, own in zip(marks, by_family, strict=True):
                told[row][:, inside] = own[which][:, inside, exits]
    return np.array(
        [
            [quality_value(one.quality, seen, first.labels, first.units, n_classes=first.n_classes) for seen in own]
            for one, own in zip(wanted, marks, strict=True)
        ]
    )


def _part(family: Family, rows: NDArray[np.int64], left_out: NDArray[np.int64], goal: Goal) -> _Part:
    evaluator = PopulationEvaluator(
        family.view.take(rows), family.labels[rows], family.cost, max_levels=_MOST_LEVELS, qualities=goal.qualities
    )
    ladder = ladder_genomes(evaluator)
    return _Part(family, evaluator, ladder[evenly_spaced(len(ladder), _MOST_STARTS)], family.view.take(left_out))


def _choose(parts: Sequence[_Part], goal: Goal) -> tuple[int, NDArray[np.int64]]:
    """The family of the best policy for the goal, and the exits of the samples that were left out, shape (n,)."""
    genomes = [best_genome(part.evaluator, goal, part.starts) for part in parts]
    found = [goal.assess(part.evaluator.evaluate(own[None])) for part, own in zip(parts, genomes, strict=True)]
    which = goal.best(
        type(found[0])(
            quality=np.concatenate([one.quality for one in found]),
            effort=np.concatenate([one.effort for one in found]),
            violation=np.concatenate([one.violation for one in found]),
        )
    )
    part = parts[which]
    thresholds = np.asarray(part.evaluator.thresholds(genomes[which])).reshape(-1, part.left_out.n_columns)
    return which, first_open_exit(part.left_out, thresholds)
