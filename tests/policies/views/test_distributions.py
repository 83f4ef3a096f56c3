"""Distributions that are kept, made anew, joined or taken apart are the same ones."""

import numpy as np
import pytest

from policies import blocks
from policies.rules import get_rule
from policies.views.view import join_views
from tests.tables import make_table


TABLE = make_table(203, 3, 5)
RULE = get_rule("confidence")


@pytest.fixture(params=["held", "remade", "joined"])
def view(request, monkeypatch):
    """A view of the whole table, in memory or not."""
    if request.param != "held":
        monkeypatch.setattr(blocks, "BLOCK_VALUES", 20 * 15)
    if request.param != "joined":
        return RULE.view(TABLE, np.ones(3))
    rows = np.random.default_rng(0).permutation(203)
    return join_views([(part, RULE.view(TABLE, np.ones(3), rows=part)) for part in np.split(rows, [50, 120])])


def test_all_of_them_are_those_of_the_rule(view):
    whole = RULE.view(TABLE, np.ones(3)).probabilities
    np.testing.assert_array_equal(view.probabilities, whole)
    np.testing.assert_array_equal(view.answers, whole.argmax(axis=2))
    assert view.distributions.shape == (203, 3, 5)


def test_those_of_some_samples_in_any_order(view):
    rows = np.random.default_rng(1).permutation(203)[:77]
    taken = view.take(rows)
    assert taken.distributions.shape == (77, 3, 5)
    np.testing.assert_array_equal(taken.probabilities, view.probabilities[rows])
    np.testing.assert_array_equal(taken.answers, view.answers[rows])
    np.testing.assert_array_equal(taken.scores, view.scores[rows])
    again = taken.take(np.arange(76, -1, -1))
    np.testing.assert_array_equal(again.probabilities, view.probabilities[rows[::-1]])
