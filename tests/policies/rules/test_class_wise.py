"""A threshold for each exit and predicted class."""

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


@pytest.mark.parametrize("score", sorted(SCORES))
@settings(max_examples=60, deadline=None)
@given(table=tied_tables(), seed=st.integers(0, 1000))
def test_the_threshold_of_the_predicted_class_decides(score, table, seed):
    temperatures = [0.7, 1.0, 1.5, 2.0][: table.n_exits]
    view = get_rule("class-wise").view(table, np.array(temperatures), score=score)
    thresholds = clear_thresholds(view, np.random.default_rng(seed))
    decision = Policy("class-wise", as_thresholds(thresholds), tuple(temperatures), {"score": score}).decide(table)
    for i, exits in enumerate(exit_probabilities(table, temperatures)):
        answers = [best_class(row.tolist()) for row in table.logits[i]]
        scores = [SCORES[score](p) for p in exits]
        for k, answer in enumerate(answers):
            np.testing.assert_allclose(view.scores[i, k, answer], scores[k], **CLOSE)
            assert np.isneginf(np.delete(view.scores[i, k], answer)).all()

        def leaves(k, answers=answers, scores=scores):
            return scores[k] >= thresholds[k, answers[k]]

        taken = first_open(table.n_exits, leaves)
        assert (decision.exits[i], decision.answers[i]) == (taken, answers[taken])


def test_equal_thresholds_decide_as_the_plain_rule():
    table = make_table(200)
    by_class = Policy("class-wise", ((0.8,) * 4, (0.6,) * 4), (1.0,) * 3).decide(table)
    plain = Policy("confidence", (0.8, 0.6), (1.0,) * 3).decide(table)
    np.testing.assert_array_equal(by_class.exits, plain.exits)
    np.testing.assert_array_equal(by_class.answers, plain.answers)
