import json
import math

import numpy as np
import pytest

from policies.baselines import full_network
from policies.errors import PolicyError
from policies.policy import Policy
from tests.tables import make_table


POLICY = Policy("confidence", (0.8, math.inf), (1.0, 1.5, 2.0))


def test_round_trip_keeps_closed_exits(tmp_path):
    POLICY.save(tmp_path / "policy.json", workload="made up")
    data = json.loads((tmp_path / "policy.json").read_text(), parse_constant=pytest.fail)
    assert data["thresholds"] == [0.8, None]
    assert data["workload"] == "made up"
    again = Policy.load(tmp_path / "policy.json")
    assert again == POLICY
    assert again.policy_hash == POLICY.policy_hash


def test_decides_sample_by_sample():
    table = make_table(100)
    decision = POLICY.decide(table)
    for i in range(table.n_samples):
        p = np.exp(table.logits[i, 0].astype(float))
        p /= p.sum()
        expected = 0 if p.max() >= 0.8 else 2
        assert decision.exits[i] == expected
        assert decision.answers[i] == table.logits[i, expected].argmax()


def test_full_network_takes_the_last_exit():
    table = make_table(100)
    decision = full_network(3, np.ones(3)).decide(table)
    assert (decision.exits == 2).all()
    np.testing.assert_array_equal(decision.answers, decision.exit_answers[:, -1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rule": "astrology"}, "no rule 'astrology'; known are"),
        ({"thresholds": (0.5,)}, "one threshold per exit but the last"),
        ({"temperatures": (1.0, 1.0, 0.0)}, "finite and positive"),
        ({"thresholds": (math.nan, 0.5)}, "thresholds must be numbers"),
    ],
)
def test_impossible_policies_are_refused(changes, message):
    values = {"rule": "confidence", "thresholds": (0.5, 0.5), "temperatures": (1.0, 1.0, 1.0)} | changes
    with pytest.raises(PolicyError, match=message):
        Policy(**values)


def test_table_with_other_exits_is_refused():
    with pytest.raises(PolicyError, match="for 3 exits but the table has 2"):
        POLICY.decide(make_table(10, 2))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 1}', '{"schema": 1, "rule": 3}', '{"schema": 9}'])
def test_damaged_files_are_refused(tmp_path, text):
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(PolicyError, match=r"policy\.json"):
        Policy.load(path)
    with pytest.raises(PolicyError, match="no such policy"):
        Policy.load(tmp_path / "none.json")


def test_values_of_the_wrong_type_are_refused(tmp_path):
    path = tmp_path / "policy.json"
    for key, value in (("thresholds", ["x", 1]), ("thresholds", 3), ("params", 3), ("rule", ["confidence"])):
        path.write_text(json.dumps(POLICY.to_dict() | {key: value}))
        with pytest.raises(PolicyError):
            Policy.load(path)
