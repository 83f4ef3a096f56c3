from dataclasses import replace

import numpy as np
import pytest

from policies.errors import PolicyError
from policies.rules import get_rule
from tests.policies.rules.reference import CLOSE, best_class, exit_probabilities, softmax
from tests.tables import make_table


RULE = get_rule("recalibrated")
TEMPERATURES = np.array([0.8, 1.0, 1.5])


def biased(table, shift):
    logits = table.logits + np.asarray(shift, dtype=np.float32)
    return replace(table, logits=logits)


def accuracy(view, table):
    return (view.answers == table.labels[:, None]).mean(axis=0)


def test_view_is_what_its_formula_says():
    table = make_table(20)
    params = {"weights": [0.5, 1.0, 2.0], "bias": [[0.1, -0.2, 0.0, 0.3]] * 3}
    view = RULE.view(table, TEMPERATURES, **params)
    for i, rows in enumerate(exit_probabilities(table, TEMPERATURES)):
        for k, p in enumerate(rows):
            scaled = [params["weights"][k] * np.log(value) + b for value, b in zip(p, params["bias"][k], strict=True)]
            expected = softmax(scaled)
            np.testing.assert_allclose(view.probabilities[i, k], expected, **CLOSE)
            assert view.answers[i, k] == best_class(expected)
            assert view.scores[i, k, 0] == pytest.approx(max(expected), abs=1e-9)


def test_a_bias_of_the_exits_is_taken_away():
    table, shifted = make_table(600), biased(make_table(600), [0, 0, 12, 0])
    plain = get_rule("confidence").view(shifted, np.ones(3))
    found = RULE.view(shifted, np.ones(3), **RULE.fit(shifted, np.ones(3)))
    right = accuracy(get_rule("confidence").view(table, np.ones(3)), table)
    assert (accuracy(plain, shifted) < 0.5).all()
    assert (accuracy(found, shifted) > right - 0.03).all()


def test_each_exit_speaks_for_itself():
    table = make_table(200)
    params = RULE.fit(table, TEMPERATURES)
    other = biased(table, 0)
    other.logits[:, 1:] = 0
    np.testing.assert_array_equal(
        RULE.view(table, TEMPERATURES, **params).probabilities[:, 0],
        RULE.view(other, TEMPERATURES, **params).probabilities[:, 0],
    )


@pytest.mark.parametrize(
    "params", [{"weights": [1.0, 1.0], "bias": [[0.0] * 4] * 3}, {"weights": [1.0] * 3, "bias": [[0.0] * 3] * 3}]
)
def test_parameters_of_another_network(params):
    with pytest.raises(PolicyError, match="must have 3 numbers and 'bias' 3 rows|must have 4 numbers per exit"):
        RULE.view(make_table(5), np.ones(3), **params)
