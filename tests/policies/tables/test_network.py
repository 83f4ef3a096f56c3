from dataclasses import replace

import numpy as np
import pytest

from policies.errors import PolicyError
from policies.policy import Policy
from policies.tables.network import NetworkIdentity, differences, with_known_cost
from policies.tables.origin import Origin
from tests.tables import CLASSIFIER_RULES, make_table, with_stop_prob


KNOWN = NetworkIdentity(2, 3, ("ant", "bee", "cow"), (0.5, 1.0), "a" * 64, has_stop_prob=False)
NAMES = ("the policy", "the table")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"n_exits": 3, "cost": None}, ["the number of exits is 2 in the policy and 3 in the table"]),
        ({"n_classes": 4, "class_names": None}, ["the number of classes is 3 in the policy and 4 in the table"]),
        (
            {"class_names": ("bee", "ant", "cow")},
            [
                "the name of class 0 (2 of 3 differ: the same in another order) is 'ant' in the policy and 'bee' in "
                "the table"
            ],
        ),
        (
            {"class_names": ("ant", "bee", "dog")},
            ["the name of class 2 (1 of 3 differ) is 'cow' in the policy and 'dog' in the table"],
        ),
        ({"class_names": ("ant", "bee ", "cow")}, []),
        ({"cost": (0.6, 1.0)}, ["the cost up to depth 1 is 0.5 in the policy and 0.6 in the table"]),
        ({"cost": (0.5 + 1e-9, 1.0)}, []),
        ({"model_hash": "b" * 64}, [f"the model hash is {'a' * 12} in the policy and {'b' * 12} in the table"]),
        ({"has_stop_prob": True}, ["having 'stop_prob' is False in the policy and True in the table"]),
        ({"n_classes": None, "class_names": None, "cost": None, "model_hash": None, "has_stop_prob": None}, []),
    ],
)
def test_everything_that_differs_is_told(changes, expected):
    assert differences(KNOWN, replace(KNOWN, **changes), names=NAMES) == expected


def test_all_differences_are_told_together():
    other = NetworkIdentity(3, 4, ("x",) * 4, (0.1, 0.2, 1.0), "c" * 64, has_stop_prob=True)
    assert len(differences(KNOWN, other, names=NAMES)) == 4


def policies_of_every_rule(table):
    for name, rule in CLASSIFIER_RULES.items():
        params = {key: values[0] for key, values in rule.choices(table).items()}
        params |= rule.fit(table, np.ones(table.n_exits), **params)
        n_columns = rule.view(table, np.ones(table.n_exits), **params).n_columns
        yield Policy(name, ((0.5,) * n_columns,) * (table.n_exits - 1), (1.0,) * table.n_exits, params)


EVERY_RULE = [*policies_of_every_rule(with_stop_prob(make_table(60, 2, 3)))]


@pytest.mark.parametrize("policy", EVERY_RULE, ids=lambda one: one.rule)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_no_policy_is_applied_to_other_classes(policy, n_classes):
    table, other = with_stop_prob(make_table(60, 2, 3)), with_stop_prob(make_table(60, 2, n_classes))
    known = replace(policy, origin=Origin.of(table))
    assert known.decide(with_stop_prob(make_table(60, 2, 3, seed=1))).exits.shape == (60,)
    with pytest.raises(PolicyError, match=f"number of classes is 3 in the policy and {n_classes} in the table"):
        known.decide(other)
    if policy.network.n_classes is not None:
        with pytest.raises(PolicyError, match=f"number of classes is 3 in the policy and {n_classes} in the table"):
            policy.decide(other)


def test_policies_whose_numbers_depend_on_the_classes_know_them():
    table = with_stop_prob(make_table(60, 2, 3))
    known = {policy.rule for policy in policies_of_every_rule(table) if policy.network.n_classes == 3}
    assert known == {"ensemble", "conformal-gate", "class-wise", "learned-gate", "recalibrated"}


def test_cost_is_taken_from_the_table_that_has_one():
    table = make_table(60, 2)
    guessed = replace(table, cost=np.array([0.1, 1.0]), meta={"assumed": ["cost", "ids"]})
    assert NetworkIdentity.of(guessed).cost is None
    for tables in ({"search": table, "test": guessed}, {"search": guessed, "test": table}):
        filled = with_known_cost(tables)
        assert [one.cost.tolist() for one in filled.values()] == [table.cost.tolist()] * 2
        assert {*filled["search"].assumed, *filled["test"].assumed} == {"ids"}
    assert with_known_cost({"search": guessed})["search"] is guessed
