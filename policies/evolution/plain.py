"""Policies with next to nothing to choose: one gate, or one threshold for all, and at most one sureness to read until.

What is chosen among few policies of one or two numbers is flattered by little. A genetic search finds policies that
save more on the data that they are chosen on, and where few losses tell policies apart, less elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.evaluator import Evaluator
from policies.evaluation.shared_thresholds import shared_threshold_genomes
from policies.evolution.genome import RuleSpace
from policies.goals.archive import Archive
from policies.spacing import evenly_spaced


_MOST_THRESHOLDS = 128
_MOST_READ = 24


def plain_archive(space: RuleSpace) -> Archive:
    """The plain policies of a rule that no other of them beats, of every variant.

    Args:
        space: Space of the rule's policies, with the goal that they are judged by.
    """
    archive = Archive.empty(space.goal, space.n_genes)
    for variant in range(space.n_variants):
        genomes = plain_genomes(space.evaluator(variant))
        candidates = np.column_stack([np.full(len(genomes), variant), genomes])
        archive.offer(candidates, space.goal.assess(space.evaluate(candidates)))
    return archive


def plain_genomes(evaluator: Evaluator) -> NDArray[np.int64]:
    """Shared thresholds, each exit's gate alone, and each of them with every sureness to read until; shape (P, G).

    At most 128 thresholds and 24 sureness levels are tried, evenly spaced ones of more.
    """
    shared = shared_threshold_genomes(evaluator)
    shared = shared[evenly_spaced(len(shared), _MOST_THRESHOLDS)]
    closed, n_early = evaluator.n_levels - 1, evaluator.n_exits - 1
    found = [shared]
    of_exit = np.arange(evaluator.n_gates) // max(evaluator.n_gates // max(n_early, 1), 1)
    for k in range(n_early if n_early > 1 else 0):
        alone = shared.copy()
        alone[:, : evaluator.n_gates][:, of_exit != k] = closed[: evaluator.n_gates][of_exit != k]
        found.append(alone)
    gates = np.unique(np.concatenate(found), axis=0)
    read = evaluator.at_full_depth()
    if len(read) == 1:
        return gates
    until = read[evenly_spaced(len(read), _MOST_READ), -1]
    both = np.repeat(gates, len(until), axis=0)
    both[:, -1] = np.tile(until, len(gates))
    return np.unique(np.concatenate([both, read]), axis=0)
