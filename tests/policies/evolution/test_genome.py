import numpy as np
import pytest

from policies.errors import PolicyError
from policies.evolution.genome import RuleSpace
from policies.goals.goal import Goal
from policies.metrics.policy import policy_figures
from policies.rules import get_rule
from tests.policies.searching import with_stop_probabilities
from tests.tables import CLASSIFIER_RULES, make_table


TEMPERATURES = np.array([1.3, 1.1, 0.9])
GOAL = Goal(quality="macro_f1", bounds={"worst_class_recall": 0.5})
NOT_FITTED = sorted(name for name, rule in CLASSIFIER_RULES.items() if not rule.is_fitted)


@pytest.fixture(scope="module")
def table():
    return with_stop_probabilities(make_table(130, 3, seed=6))


@pytest.fixture(scope="module", params=[*NOT_FITTED, "conformal-gate"])
def space(request, table):
    return RuleSpace(request.param, table, TEMPERATURES, GOAL, max_levels=48)


def some_candidates(space, size=60, seed=0):
    """Of all variants in mixed order, the boldest and the most careful of each among them."""
    rng = np.random.default_rng(seed)
    rows = []
    for variant in rng.permutation(np.arange(size) % space.n_variants):
        top = space.evaluator(variant).n_levels - 1
        rows.append([variant, *rng.integers(0, top + 1)])
    for variant in range(space.n_variants):
        top = space.evaluator(variant).n_levels - 1
        rows += [[variant, *np.zeros_like(top)], [variant, *top]]
    return np.array(rows)


def test_genes_mean_their_candidates_again(space):
    candidates = some_candidates(space, 300)
    np.testing.assert_array_equal(space.candidates(space.genes(candidates)), candidates)


def test_every_level_has_a_gene(space):
    for variant in range(space.n_variants):
        n_levels = space.evaluator(variant).n_levels
        for gene, size in enumerate(n_levels):
            line = np.zeros((size, 1 + space.n_genes), dtype=np.int64)
            line[:, 0], line[:, 1 + gene] = variant, np.arange(size)
            np.testing.assert_array_equal(space.candidates(space.genes(line)), line)


def test_genes_within_their_limits_are_candidates_and_the_limits_are_reached(space):
    rng = np.random.default_rng(2)
    limits = np.array(space.gene_limits)
    genes = np.concatenate([rng.integers(0, limits + 1, (200, len(limits))), [limits, 0 * limits]])
    candidates = space.candidates(genes)
    assert candidates.min() >= 0
    for variant, *levels in candidates:
        assert (levels < space.evaluator(variant).n_levels).all()
    assert candidates[-2, 0] == space.n_variants - 1
    np.testing.assert_array_equal(candidates[-2, 1:], space.evaluator(space.n_variants - 1).n_levels - 1)
    assert (candidates[-1] == 0).all()
    found = space.genes(some_candidates(space))
    assert (found >= 0).all()
    assert (found <= limits).all()


def test_variants_are_all_combinations_of_the_rules_choices(space, table):
    choices = get_rule(space.rule).choices(table)
    assert space.n_variants == np.prod([len(values) for values in choices.values()], dtype=int)
    seen = set()
    for variant in range(space.n_variants):
        params = space.policy(np.array([variant, *np.zeros(space.n_genes, dtype=int)])).params
        assert all(params[name] in values for name, values in choices.items())
        seen.add(tuple(params[name] for name in choices))
    assert len(seen) == space.n_variants


@pytest.mark.parametrize("rule", NOT_FITTED)
def test_mixed_variants_come_back_in_order(rule, table):
    space = RuleSpace(rule, table, TEMPERATURES, GOAL, max_levels=48)
    candidates = some_candidates(space, 24)
    outcome = space.evaluate(candidates)
    for row, candidate in enumerate(candidates):
        policy = space.policy(candidate)
        assert policy.rule == rule
        figures = policy_figures(table, policy.decide(table))
        assert outcome.qualities["accuracy"][row] == pytest.approx(figures["accuracy"])
        assert outcome.mean_depth[row] == pytest.approx(figures["mean_depth"])
        assert outcome.mean_cost[row] == pytest.approx(figures["mean_cost"])
        assert outcome.qualities["macro_f1"][row] == pytest.approx(figures["macro_f1"])
        assert outcome.qualities["worst_class_recall"][row] == pytest.approx(figures["worst_class_recall"])


def test_fitted_rules_are_cross_fitted_and_keep_what_all_samples_taught(table):
    space = RuleSpace("ensemble", table, TEMPERATURES, GOAL)
    learnt = get_rule("ensemble").fit(table, TEMPERATURES)
    policy = space.policy(np.array([0, 0, 0]))
    assert policy.params == learnt
    view = get_rule("ensemble").view(table, TEMPERATURES, **learnt)
    assert not np.array_equal(space.evaluator(0).view.scores, view.scores)


def test_one_exit_leaves_only_the_rules_own_parameters():
    space = RuleSpace("evidence", make_table(20, 1), np.ones(1), Goal())
    assert space.n_genes == 0
    candidates = np.arange(space.n_variants)[:, None]
    np.testing.assert_array_equal(space.candidates(space.genes(candidates)), candidates)
    assert space.policy(candidates[0]).thresholds == ()


def test_a_rule_that_needs_what_the_table_has_not_is_refused():
    with pytest.raises(PolicyError, match="rule 'dual-threshold' cannot be used on this table"):
        RuleSpace("dual-threshold", make_table(20, 3), np.ones(3), Goal())
