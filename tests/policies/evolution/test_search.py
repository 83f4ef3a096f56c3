from dataclasses import replace
import random

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from policies.baselines import BASELINES
from policies.errors import ExitSearchError, PolicyError
from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.evolution.search import search_front, search_rule, starting_candidates
from policies.evolution.settings import EvolveSettings
from policies.goals.goal import Goal
from policies.metrics.policy import policy_figures
from tests.policies.searching import (
    counted_evaluations,
    feasible_volume,
    full_accuracy,
    rank,
    with_stop_probabilities,
)
from tests.tables import CLASSIFIER_RULES, make_table


FAST = EvolveSettings(population=24, generations=20, patience=8, max_levels=64)
EXACT = EvolveSettings(max_levels=500)
ONES = np.ones(3)


@pytest.fixture(scope="module")
def table():
    return make_table(300, 3, seed=2)


@pytest.fixture(scope="module")
def front(table):
    return search_front(table, ONES, Goal(target=full_accuracy(table) - 0.06), settings=FAST, seed=1)


def hashes(front):
    return [policy.policy_hash for policy in front.policies]


def test_front_is_feasible_and_sorted(table, front):
    assert len(front) > 3
    assert all(point.feasible for point in front)
    assert (front.violation == 0).all()
    assert (front.figure("accuracy") >= full_accuracy(table) - 0.06).all()
    assert (np.diff(front.figure("mean_depth")) > 0).all()
    assert (np.diff(front.figure("accuracy")) > 0).all()
    assert {point.rule for point in front} == {"confidence"}


@pytest.mark.parametrize("rule", sorted(name for name, rule in CLASSIFIER_RULES.items() if not rule.is_fitted))
def test_policies_do_what_the_front_says(rule):
    table = with_stop_probabilities(make_table(150, 3, seed=8))
    temperatures = np.array([1.2, 1.0, 0.8])
    goal = Goal(target=full_accuracy(table) - 0.2, quality="macro_f1", bounds={"flip_rate_to_exit": 0.6})
    front = search_front(table, temperatures, goal, rules=(rule,), settings=FAST)
    assert len(front) > 1
    for point in front:
        assert point.policy.rule == point.rule == rule
        assert point.policy.temperatures == (1.2, 1.0, 0.8)
        figures = policy_figures(table, point.policy.decide(table))
        for name in ("accuracy", "mean_depth", "mean_cost", "macro_f1"):
            assert figures[name] == pytest.approx(point.figures[name])


GOALS = {
    "tight": lambda table: Goal(target=full_accuracy(table) - 0.04),
    "loose": lambda table: Goal(target=0.3),
    "cost": lambda table: Goal(target=0.5, objective="cost"),
    "budget": lambda table: Goal(target=0.2, budget=1.6),
    "macro_f1": lambda table: Goal(target=0.6, quality="macro_f1", bounds={"worst_class_recall": 0.6}),
}


@pytest.mark.parametrize("kind", GOALS)
@pytest.mark.parametrize("seed", [11, 12])
def test_three_exits_reach_the_exhaustive_front(kind, seed):
    table = make_table(100, 3, seed=seed)
    goal = GOALS[kind](table)
    space = RuleSpace("confidence", table, ONES, goal, max_levels=EXACT.max_levels)
    found = search_rule(space, EXACT, Budget()).assessment
    evaluator = space.evaluator(0)
    visited = BASELINES["exhaustive"].visit(evaluator, goal, evaluations=1, rng=np.random.default_rng(0))
    exact = goal.assess(evaluator.evaluate(visited))
    assert (exact.violation == 0).all()
    assert volume(goal, found, 3) >= 0.999 * volume(goal, exact, 3)
    assert volume(goal, found, 3) <= volume(goal, exact, 3) + 1e-12
    best = rank(goal, found, goal.best(found))
    optimum = rank(goal, exact, goal.best(exact))
    assert best[0] == optimum[0] == 0
    assert best[1] <= optimum[1] + 0.005 * abs(optimum[1])


def volume(goal, assessment, n_exits):
    return feasible_volume(goal, assessment.quality, assessment.objective, assessment.violation, n_exits)


@pytest.mark.parametrize("kind", ["tight", "loose", "macro_f1"])
@pytest.mark.parametrize("n_exits", [3, 4, 5, 6])
def test_no_baseline_is_better_with_as_many_policies(monkeypatch, n_exits, kind):
    """Every level of a line counts as one policy here, which is generous to the baselines."""
    table = make_table(150, n_exits, seed=20 + n_exits)
    goal = GOALS[kind](table)
    space = RuleSpace("confidence", table, np.ones(n_exits), goal, max_levels=EXACT.max_levels)
    with counted_evaluations(monkeypatch, by_level=True) as calls:
        found = search_rule(space, EXACT, Budget()).assessment
    evaluator = space.evaluator(0)
    for name, baseline in BASELINES.items():
        if name == "exhaustive":
            continue
        visited = baseline.visit(evaluator, goal, evaluations=sum(calls), rng=np.random.default_rng(5))
        theirs = goal.assess(evaluator.evaluate(visited))
        assert volume(goal, found, n_exits) >= volume(goal, theirs, n_exits) - 1e-12, name
        assert rank(goal, found, goal.best(found)) <= rank(goal, theirs, goal.best(theirs)), name


@pytest.mark.parametrize("islands", [1, 2])
def test_no_line_is_left_to_search(islands):
    table = make_table(300, 5, seed=2)
    space = RuleSpace("confidence", table, np.ones(5), Goal(target=full_accuracy(table) - 0.2), max_levels=64)
    assert search_rule(space, FAST, Budget(), islands=islands).is_expanded.all()


@pytest.mark.parametrize("islands", [1, 3])
@pytest.mark.parametrize("rule", ["confidence", "evidence", "mixture"])
@pytest.mark.parametrize("evaluations", [1, 50, 1000, 4000])
def test_evaluations_are_kept_to(monkeypatch, table, evaluations, rule, islands):
    settings = EvolveSettings(population=24, generations=20, max_levels=64, max_evaluations=evaluations)
    space = RuleSpace(rule, table, ONES, Goal(target=0.5), max_levels=64)
    budget = settings.budget()
    with counted_evaluations(monkeypatch) as calls:
        archive = search_rule(space, settings, budget, islands=islands)
    assert sum(calls) <= budget.spent <= evaluations
    assert len(archive) >= 1


def test_a_larger_budget_is_used_and_finds_no_less(table):
    goal = Goal(target=full_accuracy(table) - 0.04)
    space = RuleSpace("confidence", table, ONES, goal, max_levels=300)
    volumes, spent = [], []
    for evaluations in (300, 3000, 30_000):
        budget = Budget(evaluations=evaluations)
        volumes.append(volume(goal, search_rule(space, EXACT, budget).assessment, 3))
        spent.append(budget.spent)
    assert volumes == sorted(volumes)
    assert spent == sorted(set(spent))


def test_seconds_end_it_and_leave_a_front(table):
    settings = EvolveSettings(generations=10**9, patience=10**9, max_levels=64, max_seconds=0.2)
    assert len(search_front(table, ONES, Goal(target=0.5), settings=settings)) >= 1
    assert len(search_front(table, ONES, Goal(target=0.5), settings=settings, islands=2)) >= 1


def test_same_seed_gives_the_same_front_and_leaves_global_random_alone(table, front):
    random.seed(123)
    np.random.seed(123)
    expected = random.random(), np.random.random()
    random.seed(123)
    np.random.seed(123)
    again = search_front(table, ONES, Goal(target=full_accuracy(table) - 0.06), settings=FAST, seed=1)
    assert (random.random(), np.random.random()) == expected
    assert hashes(again) == hashes(front)


def test_target_out_of_reach_gives_the_nearest_policy_marked_infeasible(table):
    front = search_front(table, ONES, Goal(target=1.0), rules=("confidence", "margin"), settings=FAST)
    assert len(front) == 1
    assert not front.is_feasible
    assert front.violation[0] == pytest.approx(1.0 - front.figure("accuracy")[0])
    best = search_front(table, ONES, Goal(), rules=("confidence", "margin"), settings=FAST).figure("accuracy").max()
    assert front.figure("accuracy")[0] == pytest.approx(best)


def test_one_exit_has_one_policy():
    front = search_front(make_table(50, 1), np.ones(1), Goal(target=0.01), settings=FAST, rules=("confidence",))
    assert front.figure("mean_depth").tolist() == [1.0]
    assert front.policies[0].thresholds == ()
    assert front.is_feasible


def test_several_rules_are_at_least_as_good_as_each(table):
    goal = Goal(target=full_accuracy(table) - 0.06)
    rules = ("confidence", "evidence", "mixture")
    fronts = {rule: search_front(table, ONES, goal, rules=(rule,), settings=FAST, seed=4) for rule in rules}
    merged = search_front(table, ONES, goal, rules=rules, settings=FAST, seed=4)
    volumes = {name: front_volume(goal, front) for name, front in fronts.items()}
    assert front_volume(goal, merged) >= max(volumes.values())
    assert len({round(value, 9) for value in volumes.values()}) == 3
    assert merged.figure("mean_depth").min() == min(front.figure("mean_depth").min() for front in fronts.values())
    assert merged.figure("accuracy").max() == max(front.figure("accuracy").max() for front in fronts.values())


def front_volume(goal, front):
    return feasible_volume(goal, front.figure("accuracy"), front.figure("mean_depth"), front.violation, 3)


def test_bounds_on_classes_hold_on_the_policies_found(table):
    bounds = {"macro_f1": full_accuracy(table) - 0.1, "worst_class_recall": full_accuracy(table) - 0.15}
    front = search_front(table, ONES, Goal(bounds=bounds), rules=("confidence", "class-wise"), settings=FAST)
    assert all(point.feasible for point in front)
    for point in front:
        answers = point.policy.decide(table).answers
        macro_f1 = f1_score(table.labels, answers, average="macro")
        worst = recall_score(table.labels, answers, average=None).min()
        assert point.figures["macro_f1"] == pytest.approx(macro_f1)
        assert point.figures["worst_class_recall"] == pytest.approx(worst)
        assert macro_f1 >= bounds["macro_f1"] - 1e-12
        assert worst >= bounds["worst_class_recall"] - 1e-12
    free = search_front(table, ONES, Goal(), rules=("confidence", "class-wise"), settings=FAST)
    assert free.figure("mean_depth").min() < front.figure("mean_depth").min()


def test_within_a_budget_the_best_quality_is_found(table):
    """As the documents' strategy: best macro-F1 with a mean latency of at most 4 ms."""
    goal = Goal(quality="macro_f1", objective="latency", budget=4.0, latency_ms=(2.0, 4.5, 9.0))
    settings = EvolveSettings(population=24, generations=20, max_levels=300)
    front = search_front(table, ONES, goal, settings=settings)
    best = front.best(goal)
    assert best.figures["mean_latency_ms"] <= 4.0
    assert best.figures["macro_f1"] == front.figure("macro_f1").max()
    times = np.array(goal.latency_ms)[best.policy.decide(table).exits]
    assert times.mean() == pytest.approx(best.figures["mean_latency_ms"])
    rng = np.random.default_rng(0)
    space = RuleSpace("confidence", table, ONES, goal, max_levels=300)
    drawn = rng.integers(0, space.evaluator(0).n_levels, (20_000, 2))
    assessment = goal.assess(space.evaluator(0).evaluate(drawn))
    within = assessment.objective <= 4.0
    assert within.any()
    assert best.figures["macro_f1"] >= assessment.quality[within].max()


@pytest.mark.parametrize("goal", [Goal(target=0.5), Goal(budget=2.5)])
@pytest.mark.parametrize("front_size", [1, 4])
def test_front_is_thinned_to_its_size_and_keeps_the_goals_best(table, goal, front_size):
    whole = search_front(table, ONES, goal, settings=EvolveSettings(population=24, generations=5, max_levels=64))
    settings = EvolveSettings(population=24, generations=5, max_levels=64, front_size=front_size)
    front = search_front(table, ONES, goal, settings=settings)
    assert len(front) == front_size < len(whole)
    assert whole.best(goal).policy.policy_hash in hashes(front)


def test_progress_is_told_for_each_rule(table):
    told = []
    search_front(
        table,
        ONES,
        Goal(target=0.5),
        rules=("confidence", "margin"),
        settings=EvolveSettings(population=8, generations=3, patience=3, max_levels=16),
        on_generation=told.append,
    )
    assert told == ["confidence"] * 3 + ["margin"] * 3


def test_starting_candidates_hold_what_the_warm_starts_consider():
    table = make_table(60, 3, seed=4)
    space = RuleSpace("evidence", table, ONES, Goal(target=0.5), max_levels=100)
    starts = {tuple(row) for row in starting_candidates(space, Budget()).tolist()}
    assert {variant for variant, *_ in starts} == set(range(space.n_variants))
    for variant in range(space.n_variants):
        evaluator = space.evaluator(variant)
        for name in ("full_network", "best_single_exit", "geometric", "greedy_shared_threshold"):
            visited = BASELINES[name].visit(evaluator, space.goal, evaluations=1, rng=np.random.default_rng(0))
            assert {(variant, *row) for row in visited.tolist()} <= starts


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"rules": ()}, ExitSearchError, "rules must name at least one rule"),
        ({"islands": 0}, ExitSearchError, "islands must be at least 1 but is 0"),
        ({"rules": ("nothing",)}, PolicyError, "there is no rule 'nothing'"),
        ({"rules": ("dual-threshold",)}, PolicyError, "'dual-threshold' cannot be used on this table"),
    ],
)
def test_wrong_options_are_refused(table, options, error, message):
    with pytest.raises(error, match=message):
        search_front(table, ONES, Goal(), **options)


@pytest.mark.parametrize("rule", ["confidence", "evidence", "class-wise"])
def test_shared_thresholds_are_the_same_at_all_exits_and_the_best_of_them(table, rule):
    goal = Goal(target=full_accuracy(table) - 0.05)
    settings = EvolveSettings(max_levels=1000, shared_thresholds=True)
    front = search_front(table, ONES, goal, rules=[rule], settings=settings)
    shared = [policy.thresholds[0] for policy in front.policies]
    for policy, thresholds in zip(front.policies, shared, strict=True):
        # Levels lie between scores, so equal decisions can be written with slightly different numbers.
        same = replace(policy, thresholds=(thresholds,) * 2)
        assert abs(same.decide(table).exits.mean() - policy.decide(table).exits.mean()) < 0.05
    for tau in np.linspace(0, 1, 200):
        width = len(shared[0])
        other = replace(front.policies[0], thresholds=((tau,) * width,) * 2)
        figures = policy_figures(table, other.decide(table))
        if figures["accuracy"] >= goal.target:
            assert figures["mean_depth"] >= front.figure("mean_depth").min() - 1e-9
