"""The search of policies that read parents until they are sure: depth and reading together."""

from dataclasses import replace
import math

import numpy as np
import pytest

from policies.baselines import BASELINES
from policies.baselines.choice import baseline_evaluator, baseline_policy
from policies.estimates.candidates import Candidate, families_of
from policies.estimates.rechoice import honest_figures
from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.evolution.islands import EpochTask, IslandState
from policies.evolution.search import search_front, search_rule, starting_candidates
from policies.evolution.settings import EvolveSettings
from policies.goals.archive import Archive
from policies.goals.figures import asked_figures
from policies.goals.goal import Goal
from policies.goals.requirements import Requirement
from policies.metrics.policy import spent_figures
from policies.pooling.answering import Answering
from policies.qualities import get_quality
from tests.recorded_tables import recordings_table


FAST = EvolveSettings(population=24, generations=10, patience=4, max_levels=64)
GOAL = Goal(target=0.92, objective="cost")
ONES = np.ones(3)


def table_at(level):
    return recordings_table([4] * 80, seed=5).answered(Answering(level=level, pooling="evidence"))


@pytest.fixture(scope="module")
def table():
    return table_at("reading")


@pytest.fixture(scope="module")
def front(table):
    return search_front(table, ONES, GOAL, settings=FAST, seed=1)


def closed(policy):
    return not np.isfinite(np.asarray(policy.thresholds)).any()


def test_policies_do_what_the_front_says(table, front):
    assert len(front) > 3
    for point in front:
        decision = point.policy.decide(table)
        found = asked_figures(GOAL, table, decision) | spent_figures(table, decision)
        for name in ("accuracy", "mean_cost", "mean_depth", "mean_read"):
            assert point.figures[name] == pytest.approx(found[name], abs=1e-12), name
        assert type(point.policy).from_dict(point.policy.to_dict()) == point.policy


def test_depth_and_reading_together_are_cheaper_than_each_alone(table, front):
    space = RuleSpace("confidence", table, ONES, GOAL, max_levels=64)
    evaluator = space.evaluator(0)
    reading = GOAL.assess(evaluator.evaluate(evaluator.at_full_depth()))
    depth = search_front(table_at("sample"), ONES, GOAL, settings=FAST).best(GOAL).figures
    assert "mean_read" not in depth
    both = front.best(GOAL).figures["mean_cost"]
    assert both < 0.9 * min(depth["mean_cost"], reading.objective[reading.violation <= 0].min())


def test_the_front_holds_the_best_of_what_it_began_with(table, front):
    space = RuleSpace("confidence", table, ONES, GOAL, max_levels=64)
    starts = starting_candidates(space, Budget(10_000, math.inf))
    read_until = [space.policy(one).answering.read_until for one in starts]
    full_depth = [until for one, until in zip(starts, read_until, strict=True) if closed(space.policy(one))]
    assert len(full_depth) >= space.evaluator(0).n_levels[-1]
    assert sum(math.isinf(until) for until in read_until) > 10
    known = GOAL.assess(space.evaluate(starts))
    assert front.best(GOAL).figures["mean_cost"] <= known.objective[known.violation <= 0].min()


def test_positions_of_genes_mean_the_same_candidates_again(table):
    space = RuleSpace("learned-gate", table, ONES, GOAL, max_levels=16)
    rng = np.random.default_rng(0)
    genes = rng.integers(0, np.array(space.gene_limits) + 1, (20, len(space.gene_limits)))
    candidates = space.candidates(genes)
    np.testing.assert_array_equal(space.candidates(space.genes(candidates)), candidates)
    outcome = space.evaluate(candidates)
    one_by_one = [space.evaluate(one[None]) for one in candidates]
    assert outcome.n_unread.tolist() == [one.n_unread[0] for one in one_by_one]
    assert outcome.qualities["accuracy"].tolist() == [one.qualities["accuracy"][0] for one in one_by_one]


def test_shared_thresholds_are_tried_with_every_sureness(table):
    space = RuleSpace("confidence", table, ONES, GOAL, max_levels=8)
    settings = EvolveSettings(max_levels=8, shared_thresholds=True)
    archive = search_rule(space, settings, settings.budget())
    thresholds = [np.unique(space.policy(one).thresholds) for one in archive.candidates]
    assert any(math.isfinite(space.policy(one).answering.read_until) for one in archive.candidates)
    assert len(thresholds) > 1


def test_islands_take_reading_along(table):
    space = RuleSpace("confidence", table, ONES, GOAL, max_levels=16)
    archive = Archive.empty(GOAL, space.n_genes)
    starts = space.evaluator(0).at_full_depth()
    candidates = np.column_stack([np.zeros(len(starts), dtype=np.int64), starts])
    archive.offer(candidates, GOAL.assess(space.evaluate(candidates)))
    task = EpochTask(IslandState(archive, [], 0), candidates[:2], 0, FAST.model_copy(update={"generations": 2}))
    state, spent = task.run(space)
    assert spent > 0
    assert len(state.archive) >= 1


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_read_too_or_say_that_they_cannot(name, table):
    evaluator = baseline_evaluator(table, ONES, GOAL, max_levels=16)
    policy = baseline_policy(name, "confidence", evaluator, ONES, GOAL, answering=table.answering, evaluations=200)
    if name == "exhaustive":
        assert policy is None
        return
    assert policy.answering.level == "reading"
    if name in ("full_network", "best_single_exit", "greedy_shared_threshold", "geometric"):
        assert math.isinf(policy.answering.read_until)
    if name in ("coordinate_descent", "hill_climbing"):
        assert spent_figures(table, policy.decide(table))["mean_read"] < 4


def test_rechoices_read_what_they_are_judged_on(table, front):
    """The honest figure of a choice that hardly chooses is that of the policy itself."""
    candidates = [Candidate(policy, table) for policy in front.policies[:3]]
    families = families_of(candidates)
    assert len(families) == 1
    goals = [GOAL, Goal(target=0.8, objective="cost")]
    wanted = [Requirement(get_quality("accuracy"), 0.0)]
    honest = honest_figures(families, goals, wanted, n_folds=3)
    assert (honest[0] > 0.7).all()
    assert honest[0, 0] > honest[0, 1]


def test_levels_are_families_of_their_own(table, front):
    whole = table_at("sample")
    others = [Candidate(policy, table) for policy in front.policies[:2]]
    depth = replace(front.policies[0], answering=whole.answering)
    assert [family.members for family in families_of([*others, Candidate(depth, table)])] == [(0, 1), (2,)]
