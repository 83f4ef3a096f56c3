"""Recounting on a grid gives what the policy itself gives, whatever its dials are turned to."""

from dataclasses import replace
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.evaluation.population import PopulationEvaluator
from policies.explorer.counting import counted
from policies.policy import Policy
from policies.rules import Combine, RuleView, get_rule
from tests.multilabel_tables import make_label_table
from tests.policies.runtime.midpoints import policy_for
from tests.tables import make_table, rule_views, with_stop_prob


RULES = ("confidence", "patience", "ensemble", "mixture", "learned-gate", "dual-threshold", "class-wise")


def random_levels(table, rng, n=200):
    return [[int(rng.integers(top + 1)) for top in table.closed_levels] for _ in range(n)]


def turned(policy, table, levels):
    return replace(policy, thresholds=table.thresholds(levels, policy.thresholds))


def require_same(policy, view, worth, cost, table, levels):
    """The table's figures are those of the policy with the same thresholds."""
    found, exits = table.evaluate(levels), turned(policy, table, levels).decide_on(view).exits
    rows = np.arange(len(exits))
    np.testing.assert_array_equal(found.exit_mix, np.bincount(exits, minlength=len(cost)) / len(exits))
    assert found.worth == pytest.approx(worth[rows, exits].mean(), abs=1e-12)
    assert found.mean_depth == pytest.approx((exits + 1).mean(), abs=1e-12)
    assert found.mean_cost == pytest.approx(cost[exits].mean(), abs=1e-12)


def tables_of(rule, n_exits):
    if get_rule(rule).task == "multi-label":
        return make_label_table(200, n_exits)
    return with_stop_prob(make_table(200, n_exits))


@pytest.mark.parametrize("n_exits", [1, 4, 60])
@pytest.mark.parametrize("rule", [*RULES, "label-margin"])
def test_recounting_is_deciding(rule, n_exits):
    table = tables_of(rule, n_exits)
    policy = policy_for(get_rule(rule), table, np.full(n_exits, 1.2))
    if n_exits > 2:
        rows = list(policy.thresholds)
        rows[1] = (math.inf,) * len(rows[1])
        policy = replace(policy, thresholds=tuple(rows))
    view = policy.view(table)
    right = table.truth.right(view.answers).astype(float)
    explorer = counted(policy, view, right, table.cost, max_levels=16)
    assert len(explorer.dials) <= 8 and bool(explorer.dials) == (n_exits > 1)
    own = turned(policy, explorer, explorer.own_levels)
    assert own.thresholds == policy.thresholds
    rng = np.random.default_rng(0)
    drawn = random_levels(explorer, rng, 200 if n_exits < 9 else 40)
    for levels in [explorer.own_levels, explorer.closed_levels, *drawn]:
        require_same(policy, view, right, table.cost, explorer, levels)


@settings(max_examples=200)
@given(rule_views(max_columns=3, max_exits=5), st.integers(0, 2**32 - 1), st.integers(0, 4), st.integers(2, 5))
def test_ties_closed_gates_and_fixed_gates(drawn, seed, most_dials, max_levels):
    view, _ = drawn
    rng = np.random.default_rng(seed)
    n_exits = view.eligible.shape[1]
    choices = np.unique(np.append(view.scores[np.isfinite(view.scores)], [0.5, math.inf]))
    thresholds = tuple(map(tuple, rng.choice(choices, (n_exits - 1, view.n_columns))))
    policy = Policy("confidence", thresholds, (1.0,) * n_exits)
    worth = rng.integers(0, 4, view.eligible.shape) / 3
    cost = np.sort(rng.random(n_exits))
    table = counted(policy, view, worth, cost, most_dials=most_dials, max_levels=max_levels)
    assert len(table.dials) <= most_dials
    for levels in [table.own_levels, *random_levels(table, rng, 5)]:
        require_same(policy, view, worth, cost, table, levels)


def test_recounting_is_evaluating():
    table = make_table(500, 4)
    policy = policy_for(get_rule("confidence"), table, np.ones(4))
    view = policy.view(table)
    explorer = counted(policy, view, table.truth.right(view.answers).astype(float), table.cost, max_levels=600)
    evaluator = PopulationEvaluator(view, table.truth, table.cost, max_levels=1000)
    levels = random_levels(explorer, np.random.default_rng(1))
    thresholds = np.array([explorer.thresholds(own, policy.thresholds) for own in levels])
    outcome = evaluator.evaluate(evaluator.nearest_genome(thresholds))
    found = [explorer.evaluate(own) for own in levels]
    assert [one.worth for one in found] == outcome.qualities["accuracy"].tolist()
    np.testing.assert_allclose([one.mean_depth for one in found], outcome.mean_depth, rtol=0, atol=1e-12)
    np.testing.assert_allclose([one.mean_cost for one in found], outcome.mean_cost, rtol=0, atol=1e-12)


def test_the_exits_that_take_most_get_the_dials():
    table = make_table(400, 6)
    policy = policy_for(get_rule("confidence"), table, np.ones(6))
    view = policy.view(table)
    taken = np.bincount(policy.decide_on(view).exits, minlength=6)[:-1]
    explorer = counted(policy, view, np.zeros((400, 6)), table.cost, most_dials=2)
    assert explorer.stations == sorted(np.argsort(-taken, kind="stable")[:2].tolist())


def test_all_columns_of_an_exit_have_dials_or_none():
    view, policy = _three_columns(Combine.ALL)
    explorer = counted(policy, view, np.zeros((50, 3)), np.arange(3.0), most_dials=4)
    assert [dial.column for dial in explorer.dials] == [0, 1, 2]


def test_closed_columns_stay_closed_where_one_is_enough():
    view, policy = _three_columns(Combine.ANY)
    explorer = counted(policy, view, np.zeros((50, 3)), np.arange(3.0))
    assert [(dial.exit_index, dial.column) for dial in explorer.dials] == [(0, 0), (0, 1), (1, 2)]


def _three_columns(combine):
    scores = np.random.default_rng(0).random((50, 3, 3))
    view = replace(_view(scores), combine=combine)
    thresholds = ((0.2, 0.7, math.inf), (math.inf, math.inf, 0.5))
    return view, Policy("confidence", thresholds, (1.0, 1.0, 1.0))


def _view(scores):
    return RuleView(scores, np.ones(scores.shape[:2], dtype=bool), np.zeros(scores.shape[:2], dtype=np.int64))


def test_equal_rows_are_counted_once():
    table = make_table(5000, 3)
    policy = policy_for(get_rule("confidence"), table, np.ones(3))
    view = policy.view(table)
    explorer = counted(policy, view, table.truth.right(view.answers).astype(float), table.cost, max_levels=4)
    assert explorer.counts.sum() == 5000 and len(explorer.counts) < 300
