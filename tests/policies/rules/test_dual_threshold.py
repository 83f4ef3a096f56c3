"""Hard exit by a learned stop probability and the confidence."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from tests.policies.rules.reference import CLOSE, as_thresholds, best_class, clear_thresholds, first_open, softmax
from tests.tables import make_table, tied_tables, with_stop_prob


@settings(max_examples=150, deadline=None)
@given(
    table=tied_tables(),
    conf_temp=st.sampled_from([0.7, 1.0, 1.5]),
    min_depth=st.integers(1, 5),
    tau_s=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    seed=st.integers(0, 1000),
)
def test_exits_and_answers_equal_the_reference(table, conf_temp, min_depth, tau_s, seed):
    params = {"conf_temp": conf_temp, "min_depth": min_depth}
    # The fitted temperatures must not matter: the rule has its own.
    temperatures = np.full(table.n_exits, 3.0)
    view = get_rule("dual-threshold").view(table, temperatures, **params)
    thresholds = clear_thresholds(view, np.random.default_rng(seed))
    thresholds[:, 0] = tau_s
    decision = Policy("dual-threshold", as_thresholds(thresholds), tuple(temperatures), params).decide(table)
    for i in range(table.n_samples):
        sure = [max(softmax(row, conf_temp)) for row in table.logits[i]]
        stop = [float(value) for value in table.stop_prob[i]]
        np.testing.assert_allclose(view.scores[i], list(zip(stop, sure, strict=True)), **CLOSE)

        def leaves(k, sure=sure, stop=stop):
            return k + 1 >= min_depth and stop[k] >= tau_s and sure[k] >= thresholds[k, 1]

        taken = first_open(table.n_exits, leaves)
        assert decision.exits[i] == taken
        assert decision.answers[i] == best_class(table.logits[i, taken].tolist())
        np.testing.assert_allclose(decision.probabilities[i], softmax(table.logits[i, taken], conf_temp), **CLOSE)


def test_both_must_hold():
    table = make_table(4, 2, 2)
    logits = np.zeros((4, 2, 2), dtype=np.float32)
    logits[[0, 1], :, 0] = 5.0
    stop_prob = np.array([[0.9, 0], [0.1, 0], [0.9, 0], [0.1, 0]], dtype=np.float32)
    table = replace(table, logits=logits, stop_prob=stop_prob)
    decision = Policy("dual-threshold", ((0.5, 0.9),), (1.0, 1.0)).decide(table)
    assert decision.exits.tolist() == [0, 1, 1, 1]


def test_a_closed_column_closes_the_gate():
    table = with_stop_prob(make_table(30, 2, 3))
    for row in ((np.inf, 0.0), (0.0, np.inf)):
        assert (Policy("dual-threshold", (row,), (1.0, 1.0)).decide(table).exits == 1).all()


def test_table_without_stop_probabilities_is_refused():
    table = make_table(10, 2, 3)
    assert "stop_prob" in get_rule("dual-threshold").why_not(table)
    with pytest.raises(PolicyError, match="cannot be used on this table: it has no 'stop_prob'"):
        Policy("dual-threshold", ((0.5, 0.5),), (1.0, 1.0)).decide(table)
