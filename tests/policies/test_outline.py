"""A policy as a person reads it: bounded, and the same as the file where that is short."""

import json
import math

import numpy as np
import pytest

from policies.outline import MOST_NUMBERS, count_numbers, outline
from policies.policy import Policy
from policies.rules import get_rule
from tests.tables import make_table


@pytest.mark.parametrize("rule", ["confidence", "ensemble"])
def test_a_short_policy_is_told_in_full(rule):
    table = make_table(60, 3, 4)
    policy = Policy(rule, ((0.5,), (math.inf,)), (1.0, 1.0, 1.0), get_rule(rule).fit(table, np.ones(3)))
    assert outline(policy) == policy.to_dict()


@pytest.mark.parametrize("rule", ["ensemble", "recalibrated", "conformal-gate", "learned-gate"])
def test_what_many_classes_need_is_counted(rule):
    table = make_table(300, 3, 120)
    params = get_rule(rule).fit(table, np.ones(3))
    columns = 2 if rule == "conformal-gate" else 1
    policy = Policy(rule, ((0.5,) * columns, (0.6,) * columns), (1.0, 1.0, 1.0), params)
    told = outline(policy)
    assert len(json.dumps(told)) < 2000
    assert told.keys() == policy.to_dict().keys()
    assert told["thresholds"] == policy.to_dict()["thresholds"]
    assert "numbers" in json.dumps(told["params"])


def test_many_thresholds_are_counted_and_closed_exits_stay_closed():
    open_row, closed_row = (0.5, *[math.inf] * MOST_NUMBERS), (math.inf,) * (MOST_NUMBERS + 1)
    told = outline(Policy("class-wise", (open_row, closed_row), (1.0, 1.0, 1.0), {"score": "margin"}))
    assert told["thresholds"] == ["201 numbers, 1 of them open", None]
    assert told["params"] == {"score": "margin"}


def test_numbers_are_counted_wherever_they_are():
    assert count_numbers({"a": [1, [2.0, None]], "b": "text", "c": {"d": 3}}) == 4
