"""Baselines that search, against slow and obvious references."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.baselines import BASELINES
from policies.baselines.base import closed_genome
from policies.goals.goal import Goal
from policies.goals.pareto import nondominated
from tests.policies.searching import (
    awkward_evaluators,
    evaluator_of,
    every_genome,
    full_accuracy,
    ranks,
)
from tests.tables import make_table


GOALS = st.sampled_from([Goal(), Goal(target=0.4), Goal(target=1.0), Goal(budget=1.5), Goal(target=0.4, budget=2.0)])


def visit(name, evaluator, goal, *, evaluations=10_000, seed=0):
    return BASELINES[name].visit(evaluator, goal, evaluations=evaluations, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("drop", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("objective", ["depth", "cost"])
def test_hill_climbing_goes_down_in_effort_and_stays_feasible(drop, objective):
    table = make_table(200, 4, seed=2)
    goal = Goal(target=full_accuracy(table) - drop, objective=objective)
    evaluator = evaluator_of(table, goal)
    path = visit("hill_climbing", evaluator, goal)
    np.testing.assert_array_equal(path[0], closed_genome(evaluator))
    assessment = goal.assess(evaluator.evaluate(path))
    assert len(path) > 3
    assert (assessment.violation == 0).all()
    assert (np.diff(assessment.objective) < 0).all()
    steps = path[:-1] - path[1:]
    assert ((steps > 0).sum(axis=1) == 1).all()
    assert (steps >= 0).all()


@settings(max_examples=40, deadline=None)
@given(evaluator=awkward_evaluators(), goal=GOALS)
def test_hill_climbing_moves_also_where_gates_have_few_levels(evaluator, goal):
    """And never away from feasible."""
    path = visit("hill_climbing", evaluator, goal)
    assessment = goal.assess(evaluator.evaluate(path))
    assert (np.diff(assessment.violation) <= 0).all()
    can_move = False
    for gene in np.flatnonzero(path[0] > 0):
        opened = path[0].copy()
        opened[gene] -= 1
        after = goal.assess(evaluator.evaluate(opened[None]))
        can_move |= after.violation[0] <= assessment.violation[0] and after.objective[0] < assessment.objective[0]
    assert (len(path) > 1) == can_move


def test_hill_climbing_takes_the_step_that_saves_most_per_lost_answer():
    """The first step opens each gate by a tenth of its levels."""
    table = make_table(200, 3, seed=2)
    goal = Goal(target=full_accuracy(table) - 0.1)
    evaluator = evaluator_of(table, goal)
    path = visit("hill_climbing", evaluator, goal)
    closed = path[0]
    trials = []
    for gene in range(2):
        trial = closed.copy()
        trial[gene] -= round(0.1 * closed[gene])
        trials.append(trial)
    outcome = evaluator.evaluate(np.array([closed, *trials]))
    saved = outcome.mean_depth[0] - outcome.mean_depth[1:]
    lost = np.maximum(outcome.qualities["accuracy"][0] - outcome.qualities["accuracy"][1:], 1e-12)
    assert path[1].tolist() == trials[int((saved / lost).argmax())].tolist()


@settings(max_examples=40, deadline=None)
@given(evaluator=awkward_evaluators(), goal=GOALS)
def test_coordinate_descent_ends_where_no_single_move_improves(evaluator, goal):
    start, end = visit("coordinate_descent", evaluator, goal)
    np.testing.assert_array_equal(start, closed_genome(evaluator))
    reached = ranks(goal, evaluator, end[None])[0]
    assert reached <= ranks(goal, evaluator, start[None])[0]
    for gene, size in enumerate(evaluator.n_levels):
        neighbours = np.repeat(end[None], size, axis=0)
        neighbours[:, gene] = np.arange(size)
        assert reached <= min(ranks(goal, evaluator, neighbours))


@pytest.mark.parametrize("goal", [Goal(target=0.7), Goal(target=1.0), Goal(budget=1.6)])
def test_random_search_keeps_the_best_of_those_drawn(goal):
    table = make_table(100, 4, seed=2)
    evaluator = evaluator_of(table, goal)
    drawn = np.random.default_rng(9).integers(0, evaluator.n_levels, (3000, 3))
    kept = visit("random_search", evaluator, goal, evaluations=3000, seed=9)
    assert {tuple(genome) for genome in kept} <= {tuple(genome) for genome in drawn}
    assert min(ranks(goal, evaluator, kept))[:2] == min(ranks(goal, evaluator, drawn))[:2]
    if goal.target is None or goal.target < 1:
        assert figures(goal, evaluator, kept) == front_figures(goal, evaluator, drawn)


def test_random_search_in_blocks_keeps_the_best_of_all_blocks(monkeypatch):
    goal = Goal(target=0.6)
    evaluator = evaluator_of(make_table(100, 4, seed=2), goal)
    whole = visit("random_search", evaluator, goal, evaluations=1000, seed=9)
    monkeypatch.setattr("policies.baselines.random_search._BLOCK", 90)
    np.testing.assert_array_equal(visit("random_search", evaluator, goal, evaluations=1000, seed=9), whole)


def figures(goal, evaluator, genomes):
    assessment = goal.assess(evaluator.evaluate(genomes))
    return set(zip(assessment.quality, assessment.objective, strict=True))


def front_figures(goal, evaluator, genomes):
    """Quality and objective of the feasible genomes that no other beats."""
    assessment = goal.assess(evaluator.evaluate(genomes))
    ok = np.flatnonzero(assessment.violation == 0)
    quality, objective = assessment.quality[ok], assessment.objective[ok]
    return {(quality[row], objective[row]) for row in nondominated(quality, objective)}


@pytest.mark.parametrize(
    "goal", [Goal(), Goal(target=0.6), Goal(budget=1.5), Goal(quality="macro_f1", objective="cost")]
)
@pytest.mark.parametrize("n_exits", [2, 3])
def test_exhaustive_is_the_front_of_the_whole_product(n_exits, goal):
    evaluator = evaluator_of(make_table(40, n_exits, seed=n_exits), goal)
    found = figures(goal, evaluator, visit("exhaustive", evaluator, goal))
    assert found == front_figures(goal, evaluator, every_genome(evaluator))
    assert len(found) > 1


@settings(max_examples=30, deadline=None)
@given(evaluator=awkward_evaluators(max_exits=3), goal=GOALS)
def test_exhaustive_has_the_best_of_the_whole_product(evaluator, goal):
    """Also where nothing is feasible, and with ties."""
    best = min(ranks(goal, evaluator, visit("exhaustive", evaluator, goal)))
    expected = min(ranks(goal, evaluator, every_genome(evaluator)))
    assert best[0] == expected[0]
    if expected[0] == 0:
        assert best == expected


def test_four_exits_lie_on_a_grid_with_the_last_gate_exact():
    goal = Goal(target=0.5)
    evaluator = evaluator_of(make_table(70, 4, seed=3), goal, max_levels=16)
    found = figures(goal, evaluator, visit("exhaustive", evaluator, goal))
    assert found == front_figures(goal, evaluator, every_genome(evaluator))
    finer = evaluator_of(make_table(200, 4, seed=3), goal)
    visited = visit("exhaustive", finer, goal)
    assert min(finer.n_levels) > 64
    for gene in (0, 1):
        grid = np.linspace(0, finer.n_levels[gene] - 1, 64).round().astype(int)
        assert set(visited[:, gene]) <= set(grid)
    last = set(visited[:, 2])
    assert not last <= set(np.linspace(0, finer.n_levels[2] - 1, 64).round().astype(int))
