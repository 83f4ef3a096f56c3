"""Pareto local search over exact lines: all levels of one gate, from the members of an archive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.goals.archive import Archive
from policies.spacing import evenly_spaced


MEMBERS_PER_ROUND = 48


def expand(space: RuleSpace, archive: Archive, budget: Budget, *, rounds: int, part: float = 1.0) -> None:
    """Search the lines through members of the archive until none brings anything new.

    A line has every level of one gate while the others stay; all of its policies are offered to the archive
    (Pareto local search, Paquete et al., 2004, with exact coordinate moves as neighbourhood).

    Args:
        space: Space that the candidates are from.
        archive: Archive that is improved in place.
        budget: Budget that ends the search when it is spent.
        rounds: Most passes; in each, evenly spaced members that were not searched from yet, both ends among them (the
            goal's best is one of the archive's ends).
        part: The part of the budget that may be spent when this ends.
    """
    for _ in range(rounds):
        waiting = np.flatnonzero(~archive.is_expanded)
        if not waiting.size:
            return
        for candidate in archive.candidates[waiting[evenly_spaced(len(waiting), MEMBERS_PER_ROUND)]]:
            if not _search_lines(space, archive, budget, candidate, part):
                return
            archive.mark_expanded(candidate)


def _search_lines(
    space: RuleSpace, archive: Archive, budget: Budget, candidate: NDArray[np.int64], part: float
) -> bool:
    """Offer all lines through a candidate; False where the budget ends it."""
    evaluator = space.evaluator(int(candidate[0]))
    for gene in range(evaluator.n_genes):
        if not budget.allows(part=part):
            return False
        offer_line(space, archive, budget, candidate, gene)
    return True


def offer_line(space: RuleSpace, archive: Archive, budget: Budget, candidate: NDArray[np.int64], gene: int) -> None:
    """Offer every level of one gene of a candidate, shape (1 + G,), while its others stay."""
    evaluator = space.evaluator(int(candidate[0]))
    budget.spend(1)
    assessment = archive.goal.assess(evaluator.line(candidate[1:], gene))
    neighbours = np.repeat(candidate[None], evaluator.n_levels[gene], axis=0)
    neighbours[:, 1 + gene] = np.arange(len(neighbours))
    archive.offer(neighbours, assessment)
