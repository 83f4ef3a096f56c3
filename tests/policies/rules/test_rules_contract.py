"""What every registered rule must hold to."""

from dataclasses import replace
from itertools import product
import json

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import PolicyError
from policies.evaluation.population import PopulationEvaluator
from policies.policy import Policy
from policies.rules import DEFAULT_RULES, RULES, Combine, get_rule
from tests.tables import CLASSIFIER_QUALITIES, make_table, tied_tables, with_stop_prob


CLOSE = {"rtol": 1e-10, "atol": 1e-12}
SHAPES = {"plain": (50, 3, 4), "one exit": (30, 1, 3), "two classes": (30, 3, 2), "one sample": (1, 2, 2)}


@pytest.fixture(params=sorted(RULES))
def rule(request):
    return get_rule(request.param)


@pytest.fixture(params=SHAPES)
def table(request):
    return with_stop_prob(make_table(*SHAPES[request.param]))


def temperatures_for(table):
    return np.array([1.0, 1.5, 2.0, 0.8])[: table.n_exits]


def defaults(rule, table):
    return {name: values[0] for name, values in rule.choices(table).items()}


def complete(rule, table, params=None):
    """All parameters of a rule, learnt ones among them."""
    params = defaults(rule, table) if params is None else params
    return {**params, **rule.fit(table, temperatures_for(table), **params)}


def view_of(rule, table, params):
    return rule.view(table, temperatures_for(table), **params)


def test_view_has_the_contracts_shapes_and_values(rule, table):
    params = complete(rule, table)
    view = view_of(rule, table, params)
    n_columns = view.scores.shape[2]
    assert n_columns >= 1
    assert view.scores.shape == (table.n_samples, table.n_exits, n_columns)
    assert view.eligible.shape == (table.n_samples, table.n_exits)
    assert view.probabilities.shape == table.logits.shape
    assert (view.scores.dtype, view.eligible.dtype, view.probabilities.dtype) == (np.float64, bool, np.float64)
    assert isinstance(view.combine, Combine)
    assert not np.isnan(view.scores).any()
    assert not np.isposinf(view.scores).any()
    assert (view.probabilities >= 0).all()
    np.testing.assert_allclose(view.probabilities.sum(axis=2), 1.0)
    np.testing.assert_array_equal(view.answers, view.probabilities.argmax(axis=2))


def test_huge_logits_give_no_nan(rule):
    table = with_stop_prob(make_table(60))
    params = complete(rule, table)
    rng = np.random.default_rng(0)
    logits = rng.choice(np.array([-3e38, -1.0, 0.0, 1e4, 3e38], dtype=np.float32), table.logits.shape)
    view = view_of(rule, replace(table, logits=logits), params)
    assert not np.isnan(view.scores).any()
    np.testing.assert_allclose(view.probabilities.sum(axis=2), 1.0)


def test_view_depends_on_each_sample_alone(rule, table):
    params = complete(rule, table)
    whole = view_of(rule, table, params)
    for i in range(0, table.n_samples, 9):
        alone = view_of(rule, table.take(np.array([i])), params)
        np.testing.assert_allclose(alone.scores[0], whole.scores[i], **CLOSE)
        np.testing.assert_allclose(alone.probabilities[0], whole.probabilities[i], **CLOSE)
        np.testing.assert_array_equal(alone.eligible[0], whole.eligible[i])


def test_view_does_not_read_the_labels(rule):
    table = with_stop_prob(make_table(60))
    params = complete(rule, table)
    relabelled = replace(table, labels=(table.labels + 1) % 4)
    before, after = view_of(rule, table, params), view_of(rule, relabelled, params)
    np.testing.assert_array_equal(before.scores, after.scores)
    np.testing.assert_array_equal(before.probabilities, after.probabilities)


def with_other_exits_after(table, k, scale):
    rng = np.random.default_rng(1)
    logits, stop_prob = table.logits.copy(), table.stop_prob.copy()
    logits[:, k + 1 :] = rng.normal(0, scale, logits[:, k + 1 :].shape)
    stop_prob[:, k + 1 :] = 1 - stop_prob[:, k + 1 :]
    return replace(table, logits=logits, stop_prob=stop_prob)


def test_view_is_causal(rule):
    """What is said at an exit does not depend on later exits: they have not been computed yet."""
    table = with_stop_prob(make_table(40, 4, 3))
    for values in product(*rule.choices(table).values()):
        params = complete(rule, table, dict(zip(rule.choices(table), values, strict=True)))
        before = view_of(rule, table, params)
        for k, scale in product(range(3), (5.0, 1e30)):
            after = view_of(rule, with_other_exits_after(table, k, scale), params)
            seen = slice(0, k + 1)
            np.testing.assert_allclose(after.scores[:, seen], before.scores[:, seen], **CLOSE)
            np.testing.assert_allclose(after.probabilities[:, seen], before.probabilities[:, seen], **CLOSE)
            np.testing.assert_array_equal(after.eligible[:, seen], before.eligible[:, seen])


def test_every_choice_is_valid(rule, table):
    choices = rule.choices(table)
    for values in product(*choices.values()):
        params = complete(rule, table, dict(zip(choices, values, strict=True)))
        rule.parse(params)
        assert not np.isnan(view_of(rule, table, params).scores).any()
    for name, values in choices.items():
        assert name in rule.params_type.model_fields
        assert len(set(values)) == len(values) >= 1


def test_unfitted_rules_learn_nothing_and_work_on_their_defaults(rule):
    table = with_stop_prob(make_table(30))
    if rule.is_fitted:
        assert rule.fit(table, temperatures_for(table))
        with pytest.raises(PolicyError, match="Field required"):
            rule.parse({})
    else:
        assert rule.fit(table, temperatures_for(table)) == {}
        np.testing.assert_array_equal(
            view_of(rule, table, {}).scores, view_of(rule, table, defaults(rule, table)).scores
        )


def test_unknown_parameters_are_refused_by_name(rule):
    table = with_stop_prob(make_table(30))
    with pytest.raises(PolicyError, match=f"rule '{rule.name}': parameter 'magic'") as caught:
        view_of(rule, table, complete(rule, table) | {"magic": 1})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["magic", {"a": 1}, float("nan"), -1, None])
def test_wrong_values_are_refused_by_name(rule, wrong):
    table = with_stop_prob(make_table(30))
    params = complete(rule, table)
    for name in rule.params_type.model_fields:
        with pytest.raises(PolicyError, match=f"rule '{rule.name}': parameter '{name}[.']?") as caught:
            rule.parse(params | {name: wrong})
        assert "\n" not in str(caught.value)


def test_policies_survive_json(rule, table):
    params = complete(rule, table)
    view = view_of(rule, table, params)
    evaluator = PopulationEvaluator(view, table.truth, table.cost)
    genome = evaluator.n_levels // 3
    policy = Policy(rule.name, evaluator.thresholds(genome), tuple(temperatures_for(table)), params)
    again = Policy.from_dict(json.loads(json.dumps(policy.to_dict(), allow_nan=False)))
    assert again == policy
    assert again.policy_hash == policy.policy_hash
    before, after = policy.decide(table), again.decide(table)
    np.testing.assert_array_equal(before.exits, after.exits)
    np.testing.assert_array_equal(before.answers, after.answers)
    np.testing.assert_array_equal(before.probabilities, after.probabilities)


@settings(max_examples=12, deadline=None)
@given(table=tied_tables(max_samples=30), seed=st.integers(0, 1000), data=st.data())
@pytest.mark.parametrize("name", sorted(RULES))
def test_evaluator_and_policies_agree(name, table, seed, data):
    rule = get_rule(name)
    chosen = {key: data.draw(st.sampled_from(values)) for key, values in rule.choices(table).items()}
    params = complete(rule, table, chosen)
    evaluator = PopulationEvaluator(
        view_of(rule, table, params), table.truth, table.cost, qualities=CLASSIFIER_QUALITIES
    )
    rng = np.random.default_rng(seed)
    genomes = rng.integers(0, evaluator.n_levels, (4, evaluator.n_genes))
    outcome = evaluator.evaluate(genomes)
    for i, genome in enumerate(genomes):
        policy = Policy(name, evaluator.thresholds(genome), tuple(temperatures_for(table)), params)
        decision = policy.decide(table)
        assert outcome.exit_counts[i].tolist() == np.bincount(decision.exits, minlength=table.n_exits).tolist()
        assert outcome.qualities["accuracy"][i] == pytest.approx((decision.answers == table.labels).mean())
        assert outcome.mean_cost[i] == pytest.approx(table.cost[decision.exits].mean())


def degenerate(case):
    """Tables from which there is little to learn."""
    table = with_stop_prob(make_table(40, 2, 3))
    logits = {
        "all alike": np.zeros_like(table.logits),
        "always sure": 60 * np.eye(3, dtype=np.float32)[table.labels][:, None].repeat(2, axis=1),
        "always wrong": 60 * np.eye(3, dtype=np.float32)[(table.labels + 1) % 3][:, None].repeat(2, axis=1),
        "huge": 1e4 * table.logits,
    }
    if case == "one class":
        return replace(table, labels=np.zeros_like(table.labels))
    return replace(table, logits=logits[case])


@pytest.mark.parametrize("case", ["all alike", "always sure", "always wrong", "huge", "one class"])
def test_degenerate_tables_can_be_learnt_from(rule, case):
    table = degenerate(case)
    view = view_of(rule, table, complete(rule, table))
    assert not np.isnan(view.scores).any()
    np.testing.assert_allclose(view.probabilities.sum(axis=2), 1.0)


def test_registered_under_its_own_name(rule):
    assert RULES[rule.name] is rule
    assert rule.name == rule.name.lower().strip()


def test_default_rules_are_registered():
    assert set(DEFAULT_RULES) <= set(RULES)


def test_unknown_rule_is_refused():
    with pytest.raises(PolicyError, match="no rule 'nothing'. Known are"):
        get_rule("nothing")


def test_samples_that_leave_can_be_dropped_between_steps(rule, table):
    """What a runtime does: whoever left is not asked again, and the others see the same as ever."""
    params = complete(rule, table)
    view = view_of(rule, table, params)
    gate = rule.gate(temperatures_for(table), rule.parse(params))
    rows, state = np.arange(table.n_samples), gate.begin(table.n_samples)
    rng = np.random.default_rng(0)
    for k in range(table.n_exits):
        step = gate.step(state, k, table.outputs.take(rows).at(k))
        scores = step.scores[:, None] if step.scores.ndim == 1 else step.scores
        np.testing.assert_allclose(scores, view.scores[rows, k], **CLOSE)
        np.testing.assert_array_equal(step.answers, view.answers[rows, k])
        if step.eligible is not None:
            np.testing.assert_array_equal(step.eligible, view.eligible[rows, k])
        stays = rng.random(len(rows)) < 0.7
        rows, state = rows[stays], tuple(part[stays] for part in step.state)
