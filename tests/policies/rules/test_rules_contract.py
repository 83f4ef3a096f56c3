"""What every registered rule must hold to, on tables of its task."""

from itertools import product
import json

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import PolicyError
from policies.evaluation.population import PopulationEvaluator
from policies.goals.figures import quality_of
from policies.policy import Policy
from policies.rules import DEFAULT_RULES, DETECTION_RULES, MULTILABEL_RULES, RULES, Combine, get_rule
from policies.tasks import TASKS, get_task
from tests.policies.rules.kinds import KINDS


CLOSE = {"rtol": 1e-10, "atol": 1e-12}
SHAPES = {"plain": (50, 3, 4), "one exit": (30, 1, 3), "two classes": (30, 3, 2), "one sample": (1, 2, 2)}


@pytest.fixture(params=sorted(RULES))
def rule(request):
    return get_rule(request.param)


@pytest.fixture
def kind(rule):
    return KINDS[rule.task]


@pytest.fixture(params=SHAPES)
def table(request, kind):
    return kind.table(*SHAPES[request.param])


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


def test_view_has_the_contracts_shapes_and_values(rule, kind, table):
    params = complete(rule, table)
    view = view_of(rule, table, params)
    n_columns = view.scores.shape[2]
    assert n_columns >= 1
    assert view.scores.shape == (table.n_samples, table.n_exits, n_columns)
    assert view.eligible.shape == (table.n_samples, table.n_exits)
    assert (view.scores.dtype, view.eligible.dtype) == (np.float64, bool)
    assert isinstance(view.combine, Combine)
    assert not np.isnan(view.scores).any()
    assert not np.isposinf(view.scores).any()
    kind.check_answers(view, table)


def assert_same_answers(one, other, **tolerance):
    """Answers, and what they were taken from."""
    np.testing.assert_array_equal(one.answers, other.answers)
    assert (one.distributions is None) == (other.distributions is None)
    if one.distributions is not None:
        np.testing.assert_allclose(one.probabilities, other.probabilities, **tolerance)


def test_extreme_outputs_give_no_nan(rule, kind):
    table = kind.table(60)
    view = view_of(rule, kind.extreme(table), complete(rule, table))
    assert not np.isnan(view.scores).any()
    kind.check_answers(view, kind.extreme(table))


def test_view_depends_on_each_sample_alone(rule, table):
    params = complete(rule, table)
    whole = view_of(rule, table, params)
    for i in range(0, table.n_samples, 9):
        rows = np.array([i])
        alone, own = view_of(rule, table.take(rows), params), whole.take(rows)
        np.testing.assert_allclose(alone.scores, own.scores, **CLOSE)
        assert_same_answers(alone, own, **CLOSE)
        np.testing.assert_array_equal(alone.eligible, own.eligible)


def test_view_does_not_read_the_truth(rule, kind):
    table = kind.table(60)
    params = complete(rule, table)
    before, after = view_of(rule, table, params), view_of(rule, kind.with_other_truth(table), params)
    np.testing.assert_array_equal(before.scores, after.scores)
    assert_same_answers(before, after, rtol=0)


def test_view_is_causal(rule, kind):
    """What is said at an exit does not depend on later exits: they have not been computed yet."""
    table = kind.table(40, 4, 3)
    for values in product(*rule.choices(table).values()):
        params = complete(rule, table, dict(zip(rule.choices(table), values, strict=True)))
        before = view_of(rule, table, params)
        for k, scale in product(range(3), (5.0, 1e30)):
            after = view_of(rule, kind.with_other_exits_after(table, k, scale), params)
            seen = slice(0, k + 1)
            np.testing.assert_allclose(after.scores[:, seen], before.scores[:, seen], **CLOSE)
            np.testing.assert_array_equal(after.answers[:, seen], before.answers[:, seen])
            if before.distributions is not None:
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


def test_unfitted_rules_learn_nothing_and_work_on_their_defaults(rule, kind):
    table = kind.table(30)
    if rule.is_fitted:
        assert rule.fit(table, temperatures_for(table))
        with pytest.raises(PolicyError, match="Field required"):
            rule.parse({})
    else:
        assert rule.fit(table, temperatures_for(table)) == {}
        np.testing.assert_array_equal(
            view_of(rule, table, {}).scores, view_of(rule, table, defaults(rule, table)).scores
        )


def test_unknown_parameters_are_refused_by_name(rule, kind):
    table = kind.table(30)
    with pytest.raises(PolicyError, match=f"rule '{rule.name}': parameter 'magic'") as caught:
        view_of(rule, table, complete(rule, table) | {"magic": 1})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["magic", {"a": 1}, float("nan"), -1, None])
def test_wrong_values_are_refused_by_name(rule, kind, wrong):
    table = kind.table(30)
    params = complete(rule, table)
    for name in rule.params_type.model_fields:
        with pytest.raises(PolicyError, match=f"rule '{rule.name}': parameter '{name}[.']?") as caught:
            rule.parse(params | {name: wrong})
        assert "\n" not in str(caught.value)


def test_policies_survive_json(rule, table):
    params = complete(rule, table)
    view = view_of(rule, table, params)
    evaluator = PopulationEvaluator(view, table.truth, table.cost, qualities=[get_task(table.task).quality])
    genome = evaluator.n_levels // 3
    policy = Policy(rule.name, evaluator.thresholds(genome), tuple(temperatures_for(table)), params)
    again = Policy.from_dict(json.loads(json.dumps(policy.to_dict(), allow_nan=False)))
    assert again == policy
    assert again.policy_hash == policy.policy_hash
    before, after = policy.decide(table), again.decide(table)
    np.testing.assert_array_equal(before.exits, after.exits)
    np.testing.assert_array_equal(before.answers, after.answers)
    if before.distributions is not None:
        np.testing.assert_array_equal(before.probabilities, after.probabilities)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 1000), data=st.data())
@pytest.mark.parametrize("name", sorted(RULES))
def test_evaluator_and_policies_agree(name, seed, data):
    rule = get_rule(name)
    kind = KINDS[rule.task]
    table = data.draw(kind.tied())
    chosen = {key: data.draw(st.sampled_from(values)) for key, values in rule.choices(table).items()}
    params = complete(rule, table, chosen)
    evaluator = PopulationEvaluator(view_of(rule, table, params), table.truth, table.cost, qualities=kind.qualities)
    rng = np.random.default_rng(seed)
    genomes = rng.integers(0, evaluator.n_levels, (4, evaluator.n_genes))
    outcome = evaluator.evaluate(genomes)
    own = get_task(table.task).quality
    for i, genome in enumerate(genomes):
        policy = Policy(name, evaluator.thresholds(genome), tuple(temperatures_for(table)), params)
        decision = policy.decide(table)
        assert outcome.exit_counts[i].tolist() == np.bincount(decision.exits, minlength=table.n_exits).tolist()
        assert outcome.qualities[own][i] == pytest.approx(quality_of(own, table, decision))
        assert outcome.mean_cost[i] == pytest.approx(table.cost[decision.exits].mean())


@pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name in sorted(RULES) for case in KINDS[get_rule(name).task].cases]
)
def test_degenerate_tables_can_be_learnt_from(name, case):
    rule = get_rule(name)
    kind = KINDS[rule.task]
    table = kind.degenerate(case)
    view = view_of(rule, table, complete(rule, table))
    assert not np.isnan(view.scores).any()
    kind.check_answers(view, table)


def test_registered_under_its_own_name(rule):
    assert RULES[rule.name] is rule
    assert rule.name == rule.name.lower().strip()


def test_default_rules_are_registered():
    assert {*DEFAULT_RULES, *DETECTION_RULES, *MULTILABEL_RULES} <= set(RULES)
    for name in TASKS:
        task = get_task(name)
        assert all(get_rule(rule).task == name for rule in (*task.rules, task.baseline_rule))


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
