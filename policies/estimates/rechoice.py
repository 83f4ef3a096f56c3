"""How much a choice flatters itself: the same choice, made anew without some of the units, and seen on those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from policies.baselines.coordinate_descent import best_genome
from policies.estimates.candidates import Family
from policies.estimates.mean_bounds import unit_means
from policies.estimates.quality_bounds import quality_value
from policies.evaluation.evaluator import Evaluator
from policies.evaluation.evaluators import evaluator_for
from policies.evaluation.shared_thresholds import starting_genomes
from policies.goals.goal import Goal
from policies.goals.requirements import Requirement
from policies.qualities import CountedQuality, MeanQuality, PooledQuality, counted


N_FOLDS = 3
_MOST_LEVELS = 256
_MOST_STARTS = 64


@dataclass(frozen=True)
class _Part:
    """One family on the units of all folds but one, ready to search on, and what it sees in the fold left out."""

    family: Family
    evaluator: Evaluator
    starts: NDArray[np.int64]
    left_out: Family


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
        families: Families whose thresholds are chosen, all of the same samples.
        goals: Goals that policies are chosen for: at least one, all with the same qualities.
        wanted: Requirements whose qualities are measured on the choices.
        n_folds: Number of folds, if there are so many units.
        seed: Seed by which units are shared out among folds; the same seed gives the same figures.

    Returns:
        Each required quality over all samples, shape (R, T) for T goals.
    """
    first = families[0]
    fold_of_unit = np.random.default_rng(seed).permutation(np.arange(first.units.n) % n_folds)
    fold_of_sample = fold_of_unit[first.units.of_sample]
    told: list[_Told] = [
        (_Pooled if isinstance(one.quality, PooledQuality) else _Counted)(one, families, len(goals)) for one in wanted
    ]
    for fold in range(int(fold_of_sample.max()) + 1):
        inside = np.flatnonzero(fold_of_sample == fold)
        parts = [_part(family, np.flatnonzero(fold_of_sample != fold), inside, goals[0]) for family in families]
        for row, goal in enumerate(goals):
            which, exits = _choose(parts, goal)
            for one in told:
                one.note(row, which, parts[which].left_out, inside, exits)
    return np.array([one.values() for one in told])


class _Told(Protocol):
    """What is told of the choices for one requirement."""

    def note(self, row: int, which: int, left_out: Family, inside: NDArray[np.int64], exits: NDArray[np.int64]) -> None:
        """Note a choice.

        Args:
            row: Index of the goal that the policy was chosen for.
            which: Index of the family that the chosen policy is of.
            left_out: The family on the samples of the fold.
            inside: The samples of the fold, shape (n,).
            exits: The exits that the samples of the fold take, shape (n,).
        """

    def values(self) -> list[float]:
        """The quality over all samples, for each goal."""


class _Counted:
    """A counted quality: the marks of what is judged in all folds together."""

    def __init__(self, one: Requirement, families: Sequence[Family], n_goals: int) -> None:
        self._one, self._quality, self._first = one, counted(one.quality), families[0]
        is_by_sample = families[0].view.parents is None
        self._by_family = [self._of(own).marks(own.view, own.truth) for own in families] if is_by_sample else []
        closed = np.full(len(families[0].view.answers), families[0].view.answers.shape[1] - 1)
        self._marks = np.stack([families[0].judged.marks(self._of(families[0]), closed)] * n_goals)

    def _of(self, family: Family) -> CountedQuality[Any]:
        return counted(self._one.against(family.references, family.judged.truth))

    def note(self, row: int, which: int, left_out: Family, inside: NDArray[np.int64], exits: NDArray[np.int64]) -> None:
        """Put the marks down."""
        if self._by_family:
            self._marks[row][:, inside] = self._by_family[which][:, inside, exits]
        else:
            self._marks[row][:, self._first.places(inside)] = left_out.judged.marks(self._of(left_out), exits)

    def values(self) -> list[float]:
        """Counted over all that is judged."""
        truth, units = self._first.judged.truth, self._first.judged_units
        return [quality_value(self._quality, own, truth, units) for own in self._marks]


class _Pooled:
    """A pooled quality: of the answers of all folds put together, since that of a part may differ in kind.

    Where it may look at distributions, which differ by rule, it is the mean over the folds, weighted by how much is
    judged in each.
    """

    def __init__(self, one: Requirement, families: Sequence[Family], n_goals: int) -> None:
        self._one, self._first = one, families[0]
        self._sums, self._n = np.zeros(n_goals), np.zeros(n_goals)
        view = self._first.view
        answers = self._first.judged.answers(np.full(len(view.answers), view.answers.shape[1] - 1))
        self._answers = np.stack([answers] * n_goals)

    def note(self, row: int, which: int, left_out: Family, inside: NDArray[np.int64], exits: NDArray[np.int64]) -> None:
        """Put the answers down, or judge the fold by itself."""
        places = self._first.places(inside)
        if isinstance(self._one.quality, MeanQuality) or not left_out.view.has_distributions:
            self._answers[row, places] = left_out.judged.answers(exits)
            return
        self._sums[row] += len(places) * self._judged(left_out, exits)
        self._n[row] += len(places)

    def values(self) -> list[float]:
        """Of all answers, or the weighted means."""
        if self._n.any():
            return [float(value) for value in self._sums / self._n]
        exits = np.zeros(self._answers.shape[1], dtype=np.int64)
        return [self._judged(self._first.of_answers(own), exits) for own in self._answers]

    def _judged(self, family: Family, exits: NDArray[np.int64]) -> float:
        quality = self._one.against(family.references, family.judged.truth)
        if isinstance(quality, MeanQuality):
            return float(unit_means(quality, family, exits[None]).mean())
        return float(family.judged.values(quality, exits[None])[0])


def _part(family: Family, rows: NDArray[np.int64], left_out: NDArray[np.int64], goal: Goal) -> _Part:
    inside = family.take(rows)
    evaluator = evaluator_for(
        inside.view, inside.truth, family.cost, family.answering, max_levels=_MOST_LEVELS, qualities=goal.qualities
    )
    return _Part(family, evaluator, starting_genomes(evaluator, most_shared=_MOST_STARTS), family.take(left_out))


def _choose(parts: Sequence[_Part], goal: Goal) -> tuple[int, NDArray[np.int64]]:
    """The family of the best policy for the goal, and the exits of the samples that were left out, shape (n,)."""
    genomes = [best_genome(part.evaluator, goal, part.starts) for part in parts]
    found = [goal.assess(part.evaluator.evaluate(own[None])) for part, own in zip(parts, genomes, strict=True)]
    which = goal.best(
        type(found[0])(
            quality=np.concatenate([one.quality for one in found]),
            objective=np.concatenate([one.objective for one in found]),
            violation=np.concatenate([one.violation for one in found]),
        )
    )
    part = parts[which]
    return which, part.evaluator.decide(genomes[which], part.left_out.view)
