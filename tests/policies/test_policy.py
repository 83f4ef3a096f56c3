from dataclasses import replace
import json
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.baselines.full_network import full_network
from policies.errors import ExitSearchError, PolicyError
from policies.policy import Policy, first_open_exit
from policies.rules import Combine, get_rule
from tests.tables import CLASSIFIER_RULES, class_view, make_table, with_stop_prob


POLICY = Policy("confidence", (0.8, math.inf), (1.0, 1.5, 2.0))
ROWS = Policy("class-wise", ((0.8, 0.5, math.inf, 0.9), (math.inf,) * 4), (1.0, 1.5, 2.0), {"score": "margin"})


@pytest.mark.parametrize(
    ("policy", "written"),
    [(POLICY, [0.8, None]), (ROWS, [[0.8, 0.5, None, 0.9], [None] * 4]), (Policy("margin", (), (2.0,)), [])],
    ids=["one column", "several columns", "one exit"],
)
def test_round_trip_keeps_closed_exits(tmp_path, policy, written):
    policy.save(tmp_path / "policy.json", workload="made up")
    data = json.loads((tmp_path / "policy.json").read_text(), parse_constant=pytest.fail)
    assert data["thresholds"] == written
    assert data["workload"] == "made up"
    again = Policy.load(tmp_path / "policy.json")
    assert again == policy
    assert again.policy_hash == policy.policy_hash


def test_plain_numbers_stand_for_rows_of_one():
    rows = Policy("confidence", ((0.8,), (math.inf,)), (1.0, 1.5, 2.0))
    assert rows == POLICY
    assert rows.thresholds == ((0.8,), (math.inf,))
    whole = Policy("patience", (2, 3), (1, 1, 1))
    assert whole.policy_hash == Policy("patience", (2.0, 3.0), (1.0, 1.0, 1.0)).policy_hash
    assert Policy.from_dict(whole.to_dict()).policy_hash == whole.policy_hash


def test_hash_depends_on_every_part():
    parts = {"rule": "evidence", "thresholds": (0.5,), "temperatures": (1.0, 1.0), "params": {"stable_k": 2}}
    changes = [{}, {"thresholds": (0.6,)}, {"temperatures": (1.0, 1.1)}, {"params": {}}]
    hashes = {Policy(**parts | change).policy_hash for change in changes}
    assert len(hashes) == len(changes)


def test_decides_sample_by_sample():
    table = make_table(100)
    decision = POLICY.decide(table)
    for i in range(table.n_samples):
        p = np.exp(table.logits[i, 0].astype(float))
        p /= p.sum()
        expected = 0 if p.max() >= 0.8 else 2
        assert decision.exits[i] == expected
        assert decision.answers[i] == table.logits[i, expected].argmax()
        assert decision.exit_answers[i].tolist() == table.logits[i].argmax(axis=1).tolist()
        assert decision.probabilities[i].argmax() == decision.answers[i]


def test_full_network_takes_the_last_exit():
    table = make_table(100)
    decision = full_network(table, np.ones(3)).decide(table)
    assert (decision.exits == 2).all()
    np.testing.assert_array_equal(decision.answers, decision.exit_answers[:, -1])


@pytest.mark.parametrize(
    ("combine", "expected"), [(Combine.ANY, [0, 0, 0, 1]), (Combine.ALL, [0, 1, 1, 1]), (Combine.ONE, [0, 0, 0, 1])]
)
def test_columns_are_combined(combine, expected):
    scores = np.array([[0.9, 0.9], [0.9, 0.1], [0.1, 0.9], [0.1, 0.1]])[:, None].repeat(2, axis=1)
    view = class_view(scores, np.ones((4, 2), dtype=bool), np.full((4, 2, 2), 0.5), combine)
    assert first_open_exit(view, np.array([[0.9, 0.5]])).tolist() == expected
    forbidden = replace(view, eligible=np.zeros((4, 2), dtype=bool))
    assert first_open_exit(forbidden, np.array([[0.0, 0.0]])).tolist() == [1, 1, 1, 1]
    assert first_open_exit(view, np.full((1, 2), math.inf)).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rule": "astrology"}, "no rule 'astrology'. Known are"),
        ({"thresholds": (0.5,)}, "one threshold per exit but the last"),
        ({"temperatures": (1.0, 1.0, 0.0)}, "finite and positive"),
        ({"temperatures": (1.0, 1.0, 1e-320)}, "finite and positive"),
        ({"temperatures": (1.0, 1.0, math.inf)}, "finite and positive"),
        ({"temperatures": (1.0, 1.0, "warm")}, "must be numbers"),
        ({"thresholds": (math.nan, 0.5)}, "thresholds must be numbers"),
        ({"thresholds": (-math.inf, 0.5)}, "thresholds must be numbers"),
        ({"thresholds": (10**400, 0.5)}, "must be numbers"),
        ({"thresholds": ((0.5, 0.5), (0.5,))}, r"rows of one length, at least 1, but these have \[2, 1\]"),
        ({"thresholds": ((), ())}, r"rows of one length, at least 1, but these have \[0, 0\]"),
        ({"params": {"magic": 1}}, "parameter 'magic'"),
    ],
)
def test_impossible_policies_are_refused(changes, message):
    values = {"rule": "confidence", "thresholds": (0.5, 0.5), "temperatures": (1.0, 1.0, 1.0)} | changes
    with pytest.raises(PolicyError, match=message):
        Policy(**values)


def test_table_with_other_exits_is_refused():
    with pytest.raises(PolicyError, match="the number of exits is 3 in the policy and 2 in the table; use a table of"):
        POLICY.decide(make_table(10, 2))


def test_table_with_other_columns_is_refused():
    with pytest.raises(PolicyError, match="the number of classes is 4 in the policy and 5 in the table"):
        ROWS.decide(make_table(10, 3, 5))
    with pytest.raises(PolicyError, match="takes 1 thresholds per exit on this table but the policy has 2"):
        Policy("confidence", ((0.5, 0.5),), (1.0, 1.0)).decide(make_table(10, 2))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"schema": 1}',
        '{"schema": 1, "rule": 3}',
        '{"schema": 9}',
        "[" * 100_000,
        "\x00",
        "1" * 5000,
    ],
    ids=lambda text: text[:20] or "empty",
)
def test_damaged_files_are_refused(tmp_path, text):
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(PolicyError, match=r"policy\.json"):
        Policy.load(path)
    with pytest.raises(PolicyError, match="no such policy"):
        Policy.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: [data], r"states schema 1 but is \[\{"),
        (lambda data: {**data, "schema": 9}, "states schema 1 but states 9"),
        (lambda data: {"schema": 3, "claim": {}}, "states schema 1 but is a certificate; name the file of its policy"),
        (lambda data: {key: data[key] for key in data if key != "params"}, "but 'params' is missing"),
        (lambda data: {**data, "rule": None}, "but None is not allowed there"),
        (lambda data: {**data, "thresholds": 0.5}, "but 0.5 is not allowed there"),
    ],
)
def test_files_that_hold_something_else_are_refused(change, message, tmp_path):
    path = tmp_path / "policy.json"
    Policy("confidence", (0.5, 0.5), (1.0, 1.0, 1.0)).save(path)
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(PolicyError, match=message) as caught:
        Policy.load(path)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_text_are_refused(tmp_path):
    path = tmp_path / "policy.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match=r"policy\.json: not a readable policy"):
        Policy.load(path)
    with pytest.raises(PolicyError, match="a policy is a file but this is a folder; name the file in it"):
        Policy.load(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("thresholds", ["x", 1]),
        ("thresholds", ["0.5", "0.5"]),
        ("thresholds", [True, False]),
        ("thresholds", [10**400, 1]),
        ("thresholds", [{"0": 1}, 1]),
        ("thresholds", [[[0.5]], [[0.5]]]),
        ("thresholds", 3),
        ("thresholds", "12"),
        ("thresholds", {"1": 1, "2": 2}),
        ("temperatures", "123"),
        ("temperatures", [None, 1, 1]),
        ("temperatures", [10**400, 1, 1]),
        ("params", 3),
        ("params", []),
        ("rule", ["confidence"]),
        ("rule", None),
    ],
)
def test_values_of_the_wrong_type_are_refused(tmp_path, key, value):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY.to_dict() | {key: value}))
    with pytest.raises(PolicyError, match=r"policy\.json") as caught:
        Policy.load(path)
    assert "\n" not in str(caught.value)


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, 2, -1, 0.5, 1.0, 10**400, -(10**30), 1e-320, 1e308])
    | st.floats()
    | st.sampled_from(["", "0.5", "logits", "right", *CLASSIFIER_RULES])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["mode", "score", "weights", "bias", "ensemble", "x\n"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def valid():
    """A valid policy of every rule in JSON form, and the table that it is for."""
    table = with_stop_prob(make_table(30, 3, 3))
    forms = []
    for name, rule in CLASSIFIER_RULES.items():
        params = {key: values[0] for key, values in rule.choices(table).items()}
        params |= rule.fit(table, np.ones(3), **params)
        n_columns = rule.view(table, np.ones(3), **params).n_columns
        thresholds = tuple((0.5,) * n_columns for _ in range(2))
        forms.append(Policy(name, thresholds, (1.0, 1.0, 1.0), params).to_dict())
    return forms, table


def spoil(value, draw):
    """The value with one part of it, at some depth, made into something else."""
    if isinstance(value, (dict, list)) and value and draw(st.integers(0, 3)):
        keys = sorted(value) if isinstance(value, dict) else range(len(value))
        key = draw(st.sampled_from(keys))
        copy = value.copy()
        if draw(st.integers(0, 5)):
            copy[key] = spoil(value[key], draw)
        else:
            del copy[key]
        return copy
    return draw(ANY_JSON)


def policy_or_error(read, table):
    """Whatever was read either works throughout or is refused with one line."""
    try:
        policy = read()
        decision = policy.decide(table)
    except ExitSearchError as error:
        assert "\n" not in str(error)
        return
    assert decision.exits.shape == (table.n_samples,)
    assert ((decision.exits >= 0) & (decision.exits < table.n_exits)).all()
    assert Policy.from_dict(policy.to_dict()) == policy


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_spoilt_policies_are_read_or_refused(valid, tmp_path_factory, data):
    forms, table = valid
    form = data.draw(st.sampled_from(forms))
    for _ in range(data.draw(st.integers(1, 2))):
        form = spoil(form, data.draw)
    policy_or_error(lambda: Policy.from_dict(form), table)
    path = tmp_path_factory.getbasetemp() / "spoilt.json"
    path.write_text(json.dumps(form))
    policy_or_error(lambda: Policy.load(path), table)


@settings(max_examples=150, deadline=None)
@given(
    form=st.fixed_dictionaries(
        {"schema": st.just(1)}, optional=dict.fromkeys(["rule", "params", "thresholds", "temperatures"], ANY_JSON)
    )
)
def test_random_structures_are_read_or_refused(form):
    policy_or_error(lambda: Policy.from_dict(form), make_table(5, 2, 2))


@pytest.mark.parametrize("name", sorted(CLASSIFIER_RULES))
def test_deeply_nested_parameters_are_refused(name):
    deep = []
    for _ in range(20_000):
        deep = [deep]
    for params in ({"x": deep}, dict.fromkeys(get_rule(name).params_type.model_fields, deep)):
        form = {"schema": 1, "rule": name, "params": params, "thresholds": [0.5], "temperatures": [1, 1]}
        if params:
            with pytest.raises(PolicyError):
                Policy.from_dict(form)
