import itertools

import numpy as np
import pytest

from policies.evolution.search import search_front
from policies.evolution.settings import EvolveSettings
from policies.goals.goal import Goal
from policies.metrics.oracle import oracle_mean_depth
from policies.tables.classification import ClassificationTable
from tests.tables import make_table


def table_of(right):
    """Two classes, label 0; an exit is right where the matrix says so."""
    right = np.asarray(right, dtype=bool)
    logits = np.stack([right, ~right], axis=2).astype(np.float32)
    n, e = right.shape
    return ClassificationTable(
        logits, np.zeros(n, dtype=np.int64), cost=np.linspace(1 / e, 1, e), ids=np.array([str(i) for i in range(n)])
    )


def test_by_hand():
    table = table_of([[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]])
    assert oracle_mean_depth(table, 0.25) == 1.0
    assert oracle_mean_depth(table, 0.5) == pytest.approx((1 + 2 + 1 + 1) / 4)
    assert oracle_mean_depth(table, 0.75) == pytest.approx((1 + 2 + 3 + 1) / 4)
    assert oracle_mean_depth(table, 0.76) is None


def test_equals_trying_every_choice_of_exits():
    rng = np.random.default_rng(0)
    for _ in range(20):
        right = rng.random((5, 3)) < 0.5
        table = table_of(right)
        for target in (0.2, 0.4, 0.6, 0.8, 1.0):
            choices = [
                (np.mean(choice) + 1, right[np.arange(5), list(choice)].mean())
                for choice in itertools.product(range(3), repeat=5)
            ]
            feasible = [depth for depth, accuracy in choices if accuracy >= target - 1e-12]
            expected = min(feasible) if feasible else None
            assert oracle_mean_depth(table, target) == (None if expected is None else pytest.approx(expected))


def test_exact_targets_do_not_need_one_more_through_rounding():
    right = np.zeros((100, 2), dtype=bool)
    right[:95] = True
    assert oracle_mean_depth(table_of(right), 0.95) == 1.0


def test_no_policy_beats_it():
    table = make_table(300)
    settings = EvolveSettings(population=20, generations=10)
    front = search_front(table, np.ones(3), Goal(target=0.8), settings=settings)
    assert oracle_mean_depth(table, 0.8) <= front.figure("mean_depth").min()
