from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.baselines.coordinate_descent import best_genome, coordinate_move
from policies.evaluation.shared_thresholds import shared_threshold_genomes
from policies.goals.goal import Goal
from tests.policies.searching import awkward_evaluators, evaluator_of, every_genome, full_accuracy, ranks
from tests.tables import make_table


GOALS = st.sampled_from([Goal(), Goal(target=0.4), Goal(target=1.0), Goal(budget=1.7), Goal(target=0.4, budget=2.0)])


@settings(max_examples=80, deadline=None)
@given(evaluator=awkward_evaluators(), goal=GOALS, seed=st.integers(0, 99))
def test_no_single_move_improves_the_result(evaluator, goal, seed):
    start = np.random.default_rng(seed).integers(0, evaluator.n_levels)
    moved = coordinate_move(evaluator, goal, start)
    reached = ranks(goal, evaluator, moved[None])[0]
    assert reached <= ranks(goal, evaluator, start[None])[0]
    for gene, size in enumerate(evaluator.n_levels):
        neighbours = np.repeat(moved[None], size, axis=0)
        neighbours[:, gene] = np.arange(size)
        assert reached <= min(ranks(goal, evaluator, neighbours))


def test_the_starting_point_is_left_alone_and_no_round_is_no_move():
    evaluator = evaluator_of(make_table(100, 3), Goal())
    start = evaluator.n_levels - 1
    kept = start.copy()
    assert coordinate_move(evaluator, Goal(), start, max_rounds=0).tolist() == kept.tolist()
    assert coordinate_move(evaluator, Goal(), start).tolist() != kept.tolist()
    assert start.tolist() == kept.tolist()


@pytest.mark.parametrize("drop", [0.02, 0.05])
@pytest.mark.parametrize("seed", [5, 6])
def test_best_genome_is_near_the_exhaustive_optimum(seed, drop):
    table = make_table(200, 3, seed=seed)
    goal = Goal(target=full_accuracy(table) - drop)
    evaluator = evaluator_of(table, goal, max_levels=60)
    genome = best_genome(evaluator, goal, shared_threshold_genomes(evaluator))
    optimum = min(ranks(goal, evaluator, every_genome(evaluator)))
    violation, depth, _ = ranks(goal, evaluator, genome[None])[0]
    assert violation == optimum[0] == 0
    assert depth <= optimum[1] * 1.02


def test_best_genome_within_a_budget_is_near_the_best_quality():
    table = make_table(200, 3, seed=7)
    goal = Goal(budget=1.6)
    evaluator = evaluator_of(table, goal, max_levels=60)
    genome = best_genome(evaluator, goal, shared_threshold_genomes(evaluator))
    optimum = min(ranks(goal, evaluator, every_genome(evaluator)))
    violation, lost_quality, _ = ranks(goal, evaluator, genome[None])[0]
    assert violation == optimum[0] == 0
    assert lost_quality <= optimum[1] + 0.01


def test_best_genome_is_no_worse_than_any_start():
    table = make_table(150, 4, seed=8)
    goal = Goal(target=full_accuracy(table) - 0.02)
    evaluator = evaluator_of(table, goal)
    starts = np.random.default_rng(0).integers(0, evaluator.n_levels, (30, 3))
    best = ranks(goal, evaluator, best_genome(evaluator, goal, starts)[None])[0]
    assert best <= min(ranks(goal, evaluator, starts))
