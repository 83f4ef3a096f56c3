"""Confidence, margin and entropy: each exit by itself."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.policy import Policy
from policies.rules import get_rule
from tests.policies.rules.reference import (
    CLOSE,
    SCORES,
    as_thresholds,
    best_class,
    clear_thresholds,
    exit_probabilities,
    first_open,
)
from tests.tables import make_table, tied_tables


TEMPERATURES = st.lists(st.sampled_from([0.5, 1.0, 1.7]), min_size=4, max_size=4)


@pytest.mark.parametrize("name", sorted(SCORES))
@settings(max_examples=60, deadline=None)
@given(table=tied_tables(), four=TEMPERATURES, seed=st.integers(0, 1000))
def test_scores_answers_and_exits_equal_the_reference(name, table, four, seed):
    temperatures = four[: table.n_exits]
    expected = exit_probabilities(table, temperatures)
    view = get_rule(name).view(table, np.array(temperatures))
    thresholds = clear_thresholds(view, np.random.default_rng(seed))
    decision = Policy(name, as_thresholds(thresholds), tuple(temperatures)).decide(table)
    np.testing.assert_allclose(view.probabilities, expected, **CLOSE)
    for i in range(table.n_samples):
        scores = [SCORES[name](p) for p in expected[i]]
        np.testing.assert_allclose(view.scores[i, :, 0], scores, **CLOSE)
        taken = first_open(table.n_exits, lambda k, scores=scores: scores[k] >= thresholds[k, 0])
        assert decision.exits[i] == taken
        assert decision.answers[i] == best_class(table.logits[i, taken].tolist())


def test_entropy_is_one_where_sure_and_zero_where_clueless():
    table = make_table(2, 1, 3)
    logits = np.array([[[90.0, 0.0, 0.0]], [[1.0, 1.0, 1.0]]], dtype=np.float32)
    view = get_rule("entropy").view(replace(table, logits=logits), np.ones(1))
    np.testing.assert_allclose(view.scores[:, 0, 0], [1.0, 0.0], **CLOSE)


def test_a_score_equal_to_its_threshold_leaves():
    table = make_table(40, 2, 3)
    scores = get_rule("margin").view(table, np.ones(2)).scores[:, 0, 0]
    decision = Policy("margin", (float(scores[7]),), (1.0, 1.0)).decide(table)
    assert decision.exits[7] == 0
    np.testing.assert_array_equal(decision.exits == 0, scores >= scores[7])
