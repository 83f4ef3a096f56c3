"""What the tests of choices with a margin share: candidates as a search finds them."""

from dataclasses import replace

import numpy as np

from policies.baselines.full_network import full_network
from policies.estimates.candidates import Candidate
from policies.evolution.search import search_front
from policies.evolution.settings import EvolveSettings
from policies.goals.goal import Goal


QUICK = EvolveSettings(population=8, generations=2, max_levels=64, front_size=20)


def candidates_of(table, certify=None, *, goal=None, rules=("confidence", "mixture")):
    """The front of a table for a goal, and its full network, with temperatures of 1."""
    temperatures = np.ones(table.n_exits)
    front = search_front(table, temperatures, goal or Goal(), rules=rules, settings=QUICK)
    policies = [*front.policies, full_network(table, temperatures)]
    return [Candidate(policy, table, certify) for policy in policies]


def grouped(table, size):
    """The table with so many neighbours in each group."""
    groups = np.array([f"g{i // size:04d}" for i in range(table.n_samples)])
    return replace(table, groups=groups)


def permuted(table, seed=0):
    """The table with its rows in another order."""
    return table.take(np.random.default_rng(seed).permutation(table.n_samples))
