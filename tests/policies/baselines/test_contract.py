"""What every registered baseline must hold to."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.baselines import BASELINES
from policies.baselines.choice import baseline_evaluator, baseline_policy
from policies.goals.goal import Goal
from policies.metrics.policy import policy_figures
from tests.policies.searching import awkward_evaluators, counted_evaluations, evaluator_of, full_accuracy, ranks
from tests.tables import make_table


KEEPS_TO_ITS_BUDGET = {"hill_climbing", "coordinate_descent", "random_search"}
GOALS = st.sampled_from([Goal(), Goal(target=0.4), Goal(target=1.0), Goal(budget=1.5)])


@pytest.fixture(params=sorted(BASELINES))
def baseline(request):
    return BASELINES[request.param]


def visit(baseline, evaluator, goal, *, evaluations=2000, seed=0):
    return baseline.visit(evaluator, goal, evaluations=evaluations, rng=np.random.default_rng(seed))


@settings(max_examples=40, deadline=None)
@given(evaluator=awkward_evaluators(max_exits=3), goal=GOALS, evaluations=st.integers(0, 300))
def test_genomes_are_valid_on_awkward_tables_and_small_budgets(evaluator, goal, evaluations):
    for baseline in BASELINES.values():
        visited = visit(baseline, evaluator, goal, evaluations=evaluations)
        assert visited.dtype == np.int64
        assert visited.shape == (len(visited), evaluator.n_genes)
        assert len(visited) >= 1
        assert (visited >= 0).all()
        assert (visited < evaluator.n_levels).all()


def test_same_generator_same_genomes(baseline):
    goal = Goal(target=0.6)
    evaluator = evaluator_of(make_table(80, 3, seed=1), goal)
    np.testing.assert_array_equal(visit(baseline, evaluator, goal, seed=7), visit(baseline, evaluator, goal, seed=7))


def test_only_random_search_depends_on_the_generator(baseline):
    goal = Goal(target=0.6)
    evaluator = evaluator_of(make_table(80, 3, seed=1), goal)
    first, second = (visit(baseline, evaluator, goal, evaluations=200, seed=seed).tolist() for seed in (1, 2))
    assert (first == second) == (baseline.name != "random_search")


@pytest.mark.parametrize("name", sorted(KEEPS_TO_ITS_BUDGET))
@pytest.mark.parametrize("evaluations", [1, 2, 3, 10, 11, 300, 2000])
def test_searching_baselines_keep_to_their_evaluations(monkeypatch, name, evaluations):
    goal = Goal(target=0.6)
    evaluator = evaluator_of(make_table(80, 4, seed=1), goal)
    with counted_evaluations(monkeypatch) as calls:
        visit(BASELINES[name], evaluator, goal, evaluations=evaluations)
    assert sum(calls) <= evaluations


@pytest.mark.parametrize(
    "goal",
    [Goal(target=0.75), Goal(target=1.0), Goal(budget=1.6), Goal(target=0.5, objective="cost", quality="macro_f1")],
)
def test_the_policy_chosen_is_the_goals_best_of_those_visited(baseline, goal):
    table, temperatures = make_table(80, 3, seed=1), np.array([1.4, 1.2, 1.0])
    evaluator = baseline_evaluator(table, temperatures, goal)
    policy = baseline_policy(baseline.name, "confidence", evaluator, temperatures, goal, evaluations=500, seed=3)
    visited = visit(baseline, evaluator, goal, evaluations=500, seed=3)
    expected = min(ranks(goal, evaluator, visited))
    chosen = evaluator.nearest_genome(np.asarray(policy.thresholds))
    assert ranks(goal, evaluator, chosen[None])[0] == expected
    figures = policy_figures(table, policy.decide(table))
    objective = figures["mean_cost" if goal.objective == "cost" else "mean_depth"]
    pair = (objective, -figures[goal.quality])
    assert (pair[::-1] if goal.budget else pair) == pytest.approx(expected[1:])
    assert policy.rule == "confidence"
    assert policy.temperatures == (1.4, 1.2, 1.0)


def test_registered_under_its_own_name(baseline):
    assert BASELINES[baseline.name] is baseline


def test_too_many_exits_for_the_exhaustive_one_are_said():
    table, goal = make_table(30, 5), Goal(target=0.5)
    evaluator = baseline_evaluator(table, np.ones(5), goal)
    for name in BASELINES:
        policy = baseline_policy(name, "confidence", evaluator, np.ones(5), goal, evaluations=200)
        assert (policy is None) == (name == "exhaustive")


def test_baselines_see_every_distinct_score_unless_told_otherwise():
    table, goal = make_table(200, 3), Goal(bounds={"macro_f1": 0.5})
    evaluator = baseline_evaluator(table, np.ones(3), goal)
    distinct = [len(np.unique(evaluator.view.scores[:, k, 0])) for k in range(2)]
    assert evaluator.n_levels.tolist() == [n + 1 for n in distinct]
    assert baseline_evaluator(table, np.ones(3), goal, max_levels=20).n_levels.tolist() == [21, 21]
    assert len(evaluator.evaluate(np.zeros((1, 2), dtype=int)).qualities["macro_f1"]) == 1


def test_the_full_network_is_feasible_where_anything_is_expected_of_it():
    table = make_table(80, 3, seed=1)
    goal = Goal(target=full_accuracy(table))
    evaluator = baseline_evaluator(table, np.ones(3), goal)
    for name in BASELINES:
        visited = visit(BASELINES[name], evaluator, goal)
        if name not in ("random_search", "geometric"):
            assert min(ranks(goal, evaluator, visited))[0] == 0, name
