"""What every registered rule must hold to."""

import numpy as np
import pytest

from policies.errors import PolicyError
from policies.rules import RULES, get_rule
from tests.tables import make_table


@pytest.fixture(params=sorted(RULES))
def rule(request):
    return get_rule(request.param)


def test_view_has_the_contracts_shapes_and_values(rule):
    table = make_table(50, 3, 4)
    view = rule.view(table, np.array([1.0, 1.5, 2.0]))
    assert view.scores.shape == view.eligible.shape == (50, 3)
    assert view.scores.dtype == np.float64
    assert view.eligible.dtype == bool
    assert not np.isnan(view.scores).any()
    np.testing.assert_allclose(view.probabilities.sum(axis=2), 1.0)
    np.testing.assert_array_equal(view.answers, view.probabilities.argmax(axis=2))


def test_view_depends_on_each_sample_alone(rule):
    table = make_table(50, 3, 4)
    half = type(table)(table.logits[:25], table.labels[:25], table.cost, table.ids[:25])
    whole, part = (rule.view(one, np.ones(3)) for one in (table, half))
    np.testing.assert_allclose(whole.scores[:25], part.scores)


def test_view_is_causal(rule):
    """What is said at an exit does not depend on later exits: they have not been computed yet."""
    table = make_table(50, 3, 4)
    logits = table.logits.copy()
    logits[:, 2] = 0.0
    changed = type(table)(logits, table.labels, table.cost, table.ids)
    before, after = (rule.view(one, np.ones(3)) for one in (table, changed))
    np.testing.assert_array_equal(before.scores[:, :2], after.scores[:, :2])
    np.testing.assert_array_equal(before.answers[:, :2], after.answers[:, :2])


def test_registered_under_its_own_name(rule):
    assert RULES[rule.name] is rule


def test_unknown_rule_is_refused():
    with pytest.raises(PolicyError, match="no rule 'nothing'; known are"):
        get_rule("nothing")
