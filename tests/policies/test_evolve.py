import itertools
import random

import numpy as np
import pytest

from policies.baselines import greedy_shared_threshold
from policies.errors import ExitSearchError
from policies.evaluate import PopulationEvaluator
from policies.evolve import ConstrainedFitness, EvolveSettings, evolve_front
from policies.front import constrained_front, hypervolume, merge_fronts
from policies.metrics import policy_figures
from policies.rules import get_rule
from tests.tables import make_table


FAST = EvolveSettings(population=40, generations=30, patience=10, max_levels=64)
ONES = np.ones(3)


def full_accuracy(table):
    return float((table.logits.argmax(axis=2)[:, -1] == table.labels).mean())


@pytest.fixture(scope="module")
def table():
    return make_table(500, 3, seed=2)


@pytest.fixture(scope="module")
def front(table):
    return evolve_front(table, ONES, target=full_accuracy(table) - 0.03, settings=FAST, seed=1)


def test_front_is_feasible_sorted_and_true(table, front):
    assert front["feasible"].all()
    assert front["mean_depth"].is_monotonic_increasing
    assert front["accuracy"].is_monotonic_increasing
    for row in front.itertuples():
        figures = policy_figures(table, row.policy.decide(table))
        assert figures["accuracy"] == pytest.approx(row.accuracy)
        assert figures["mean_depth"] == pytest.approx(row.mean_depth)
        assert figures["mean_cost"] == pytest.approx(row.mean_cost)


def test_front_reaches_the_exhaustive_one(table, front):
    view = get_rule("confidence").view(table, ONES)
    evaluator = PopulationEvaluator(view, table.labels, table.cost, max_levels=FAST.max_levels)
    outcome = evaluator.evaluate(np.array(list(itertools.product(*(range(n) for n in evaluator.n_levels)))))
    target = full_accuracy(table) - 0.03
    best = outcome.mean_depth[outcome.accuracy >= target].min()
    assert front["mean_depth"].min() <= best * 1.005

    def volume(accuracy, depth):
        return hypervolume(accuracy, depth, worst_accuracy=target - 1e-9, worst_depth=4.0)

    ours = volume(front["accuracy"].to_numpy(), front["mean_depth"].to_numpy())
    assert ours >= 0.99 * volume(outcome.accuracy, outcome.mean_depth)


def test_front_is_no_worse_than_the_greedy_shared_threshold(table, front):
    target = full_accuracy(table) - 0.03
    greedy = policy_figures(table, greedy_shared_threshold(table, ONES, target=target).decide(table))
    assert greedy["accuracy"] >= target
    assert front["mean_depth"].min() <= greedy["mean_depth"]


def test_same_seed_gives_the_same_front_and_leaves_global_random_alone(table, front):
    random.seed(123)
    expected = random.random()
    random.seed(123)
    again = evolve_front(table, ONES, target=full_accuracy(table) - 0.03, settings=FAST, seed=1)
    assert random.random() == expected
    assert [policy.policy_hash for policy in again["policy"]] == [policy.policy_hash for policy in front["policy"]]


def test_target_out_of_reach_gives_the_nearest_policy_marked_infeasible(table):
    front = evolve_front(table, ONES, target=1.0, settings=FAST)
    assert len(front) == 1
    assert not front["feasible"].any()
    assert front["accuracy"].iloc[0] >= full_accuracy(table)


def test_one_exit_has_one_policy():
    table = make_table(50, 1)
    front = evolve_front(table, np.ones(1), target=0.01, settings=FAST)
    assert front["mean_depth"].tolist() == [1.0]
    assert front["policy"].iloc[0].thresholds == ()


def test_front_is_thinned_to_its_size(table):
    settings = EvolveSettings(population=40, generations=5, max_levels=64, front_size=4)
    front = evolve_front(table, ONES, target=0.5, settings=settings)
    assert len(front) == 4


def test_constrained_fitness_follows_debs_rule():
    def fitness(violation, accuracy, depth):
        one = ConstrainedFitness()
        one.violation = violation
        one.values = (accuracy, depth)
        return one

    feasible_deep, feasible_shallow = fitness(0, 0.96, 3.0), fitness(0, 0.96, 2.0)
    near, far = fitness(0.01, 0.94, 1.0), fitness(0.2, 0.75, 1.0)
    assert feasible_shallow.dominates(feasible_deep)
    assert feasible_deep.dominates(near)
    assert not near.dominates(feasible_deep)
    assert near.dominates(far)
    assert not fitness(0, 0.99, 2.5).dominates(feasible_shallow)


def test_constrained_front_without_feasible_points_is_the_nearest():
    accuracy, depth = np.array([0.5, 0.8, 0.8]), np.array([1.0, 3.0, 2.0])
    assert constrained_front(accuracy, depth, 0.9).tolist() == [2]
    assert constrained_front(accuracy, depth, 0.8).tolist() == [2]


def test_merging_keeps_the_best_of_all(front):
    worse = front.assign(mean_depth=front["mean_depth"] + 1)
    merged = merge_fronts([worse, front], target=0.5, front_size=100)
    assert merged["mean_depth"].tolist() == front["mean_depth"].tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"population": 10}, "multiple of 4 but is 10"), ({"generations": 0}, "generations must be at least 1 but is 0")],
)
def test_settings_out_of_range_are_refused(changes, message):
    with pytest.raises(ExitSearchError, match=message):
        EvolveSettings(**changes)
