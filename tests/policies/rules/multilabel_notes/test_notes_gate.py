"""The gate of the results log against its formula, and label risk."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from policies.rules.multilabel_notes.repairs import label_risks
from tests.multilabel_tables import awkward_label_tables, make_label_table
from tests.policies.label_sets import table_of


RULE = get_rule("notes-gate")
ONES = np.ones(3)


def leaves(p, risks, agree, non_empty, a, move, risk, margins):
    """The first exit that one sample may leave at, its probabilities given, shape (E, L): the formula in words."""
    for k in range(len(p) - 1):
        answer, before = p[k] >= 0.5, None if k == 0 else p[k - 1]
        if agree and before is not None and ((before >= 0.5) != answer).any():
            continue
        if non_empty and not answer.any():
            continue
        if np.mean([max(own, 1 - own) for own in p[k]]) < a[k]:
            continue
        if before is not None and max(abs(p[k] - before)) > move[k]:
            continue
        if max((risks[k][label] for label in range(len(answer)) if answer[label]), default=0) > risk[k]:
            continue
        if any(abs(p[k][label] - 0.5) < margins[k][label] for label in range(len(answer))):
            continue
        return k
    return len(p) - 1


@settings(max_examples=100, deadline=None)
@given(table=awkward_label_tables(), data=st.data())
def test_the_gate_is_its_formula(table, data):
    n_early, n_labels = table.n_exits - 1, table.n_classes
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    risks = rng.random((n_early, n_labels)).round(1)
    a, move, risk = rng.uniform(0.5, 0.9, n_early), rng.uniform(0.1, 1, n_early), rng.uniform(0.2, 1, n_early)
    margins = rng.choice([0, 0.1, 0.3], (n_early, n_labels))
    agree, non_empty = data.draw(st.booleans()), data.draw(st.booleans())
    rows = np.column_stack([a, -move, -risk, margins]) if n_early else ()
    params = {"agree": agree, "non_empty": non_empty, "risks": risks.tolist()}
    exits = Policy("notes-gate", rows, (1.0,) * table.n_exits, params).decide(table).exits
    said = table.probabilities(np.ones(table.n_exits))
    assert exits.tolist() == [leaves(own, risks, agree, non_empty, a, move, risk, margins) for own in said]


# At the first exit, at the second, and whether the second may be left at with a .8, D .2, R .5 and M (.1, .3).
CASES = {
    "all is well": ((0.8, 0.1), (0.9, 0.1), True),
    "another answer before": ((0.45, 0.1), (0.62, 0.01), False),
    "nothing is answered": ((0.1, 0.1), (0.1, 0.1), False),
    "not sure on average": ((0.7, 0.1), (0.65, 0.15), False),
    "moved too far": ((0.7, 0.1), (0.95, 0.1), False),
    "a risky label": ((0.9, 0.9), (0.9, 0.9), False),
    "too near to a threshold": ((0.95, 0.3), (0.95, 0.25), False),
}


@pytest.mark.parametrize("case", CASES)
def test_hand_made_samples(case):
    before, now, may_leave = CASES[case]
    table = table_of([[before, now, (0.9, 0.1)]], [[1, 0]])
    rows = ((np.inf,) * 5, (0.8, -0.2, -0.5, 0.1, 0.3))
    policy = Policy("notes-gate", rows, (1.0,) * 3, {"risks": [[0, 0], [0.2, 0.8]]})
    assert (policy.decide(table).exits == (1 if may_leave else 2)).all()


def test_at_the_first_exit_there_is_no_other_to_agree_with():
    table = table_of([[(0.9, 0.1), (0.9, 0.1)], [(0.1, 0.1), (0.9, 0.1)]], [[1, 0], [1, 0]])
    policy = Policy("notes-gate", ((0.8, -0.0, -1, 0, 0),), (1.0, 1.0), {"risks": [[]]})
    assert policy.decide(table).exits.tolist() == [0, 1]


def test_the_risk_of_a_label_is_how_often_the_last_exit_puts_it_right():
    # Exit 1 has label 0 wrong in three samples, of which the last exit puts two right, and label 1 in one, put right.
    said = np.array([[[0.1, 0.1], [0.9, 0.1]]] * 2 + [[[0.1, 0.1], [0.2, 0.1]]] + [[[0.9, 0.9], [0.9, 0.1]]])
    table = table_of(said, [[1, 0]] * 4)
    assert label_risks(table, np.ones(2)).tolist() == [[1.0, 0.5]]
    assert RULE.fit(table, np.ones(2)) == {"risks": [[1.0, 0.5]]}
    assert RULE.fit(table, np.ones(2), rows=np.array([3])) == {"risks": [[0.0, 1.0]]}


def test_where_nothing_is_put_right_nothing_is_risky():
    table = table_of([[[0.9, 0.1], [0.9, 0.1]]], [[1, 0]])
    assert label_risks(table, np.ones(2)).tolist() == [[0.0, 0.0]]


def test_columns_tell_the_number_of_labels():
    table = make_label_table(20, 3, 4)
    policy = Policy("notes-gate", ((0.5, -1, -1, 0, 0, 0, 0),) * 2, (1.0,) * 3, RULE.fit(table, ONES))
    assert policy.network.n_classes == 4
    with pytest.raises(PolicyError, match="number of classes is 4 in the policy and 5 in the table"):
        policy.decide(make_label_table(20, 3, 5))


@pytest.mark.parametrize("risks", [[[0.1] * 4], [[0.1] * 4, [0.1] * 3], [[0.1] * 3] * 2])
def test_risks_of_other_networks(risks):
    with pytest.raises(PolicyError, match="'risks' must"):
        RULE.view(make_label_table(20, 3, 4), ONES, risks=risks)
