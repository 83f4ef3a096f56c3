"""The weighted geometric ensemble of the exits so far, and how its weights are found."""

from dataclasses import replace
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.optimize import minimize

from policies.calibration import likelihood
from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from tests.policies.rules.reference import (
    CLOSE,
    as_thresholds,
    clear_thresholds,
    exit_probabilities,
    first_open,
    margin,
    softmax,
)
from tests.tables import make_table, tied_tables


RULE = get_rule("ensemble")
RIDGE = 1e-4


def combine(exits, weights, bias):
    """The ensemble's distribution of one sample from the probabilities of the exits so far."""
    return softmax(
        [
            bias[label] + sum(weight * math.log(p[label]) for weight, p in zip(weights, exits, strict=True))
            for label in range(len(bias))
        ]
    )


def untrained(n_exits, n_classes):
    """Each exit by itself."""
    return {
        "weights": [[0.0] * k + [1.0] for k in range(n_exits)],
        "bias": [[0.0] * n_classes for _ in range(n_exits)],
    }


def drawn_params(table, seed):
    rng = np.random.default_rng(seed)
    return {
        "weights": [rng.choice([0.0, 0.5, 1.0, 1.3], k + 1).tolist() for k in range(table.n_exits)],
        "bias": rng.choice([0.0, 0.2, -0.7], (table.n_exits, table.n_classes)).tolist(),
    }


@settings(max_examples=120, deadline=None)
@given(table=tied_tables(), seed=st.integers(0, 1000))
def test_probabilities_and_exits_equal_the_formula(table, seed):
    temperatures = [0.7, 1.0, 1.5, 2.0][: table.n_exits]
    params = drawn_params(table, seed)
    view = RULE.view(table, np.array(temperatures), **params)
    thresholds = clear_thresholds(view, np.random.default_rng(seed))
    decision = Policy("ensemble", as_thresholds(thresholds), tuple(temperatures), params).decide(table)
    for i, exits in enumerate(exit_probabilities(table, temperatures)):
        expected = [combine(exits[: k + 1], params["weights"][k], params["bias"][k]) for k in range(table.n_exits)]
        scores = [max(p) for p in expected]
        np.testing.assert_allclose(view.probabilities[i], expected, **CLOSE)
        np.testing.assert_allclose(view.scores[i, :, 0], scores, **CLOSE)
        taken = first_open(table.n_exits, lambda k, scores=scores: scores[k] >= thresholds[k, 0])
        assert decision.exits[i] == taken
        if margin(expected[taken]) > 1e-9:
            assert decision.answers[i] == np.argmax(expected[taken])


def test_untrained_weights_are_the_plain_exits():
    table = make_table(60)
    temperatures = np.array([0.8, 1.0, 1.4])
    ensemble = RULE.view(table, temperatures, **untrained(3, 4))
    plain = get_rule("confidence").view(table, temperatures)
    np.testing.assert_allclose(ensemble.probabilities, plain.probabilities, **CLOSE)


def log_loss(table, temperatures, params):
    probabilities = RULE.view(table, temperatures, **params).probabilities
    return -np.log(probabilities[np.arange(table.n_samples), :, table.labels]).mean(axis=0)


@pytest.mark.parametrize(("n_exits", "n_classes"), [(3, 4), (1, 3), (4, 2)])
def test_fitted_weights_beat_the_untrained(n_exits, n_classes):
    temperatures = np.full(n_exits, 1.3)
    table = make_table(600, n_exits, n_classes)
    fitted = RULE.fit(table, temperatures)
    assert (log_loss(table, temperatures, fitted) < log_loss(table, temperatures, untrained(n_exits, n_classes))).all()


def test_fitted_weights_beat_the_untrained_on_new_samples():
    temperatures = np.full(2, 1.3)
    fitted = RULE.fit(make_table(1500, 2, 4), temperatures)
    new = make_table(1500, 2, 4, seed=9)
    assert (log_loss(new, temperatures, fitted) < log_loss(new, temperatures, untrained(2, 4))).all()


def objectives(table, k):
    """The penalised log-loss of one exit as a function of its weights and biases, and where fitting starts."""
    exits = np.log(np.array(exit_probabilities(table, [1.0] * table.n_exits)))[:, : k + 1]
    start = np.array([0.0] * k + [1.0] + [0.0] * table.n_classes)

    def objective(x):
        summed = np.einsum("j,njc->nc", x[: k + 1], exits) + x[k + 1 :]
        loss = np.logaddexp.reduce(summed, axis=1) - summed[np.arange(table.n_samples), table.labels]
        return loss.mean() + RIDGE * ((x - start) ** 2).sum()

    return objective, start


@pytest.mark.parametrize("k", [0, 2])
def test_nothing_near_the_fitted_weights_is_better(k):
    """Wrong by any other gradient than the objective's own."""
    table = make_table(400)
    params = RULE.fit(table, np.ones(3))
    objective, _ = objectives(table, k)
    fitted = np.array(params["weights"][k] + params["bias"][k])
    for index in range(len(fitted)):
        for step in (-0.1, 0.1):
            moved = fitted.copy()
            moved[index] += step
            if index > k or moved[index] >= 0:
                assert objective(moved) > objective(fitted) - 1e-6


def separable_table():
    """Every exit knows every class, so that only the penalty keeps the weights from growing."""
    table = make_table(300)
    noise = 0.1 * np.random.default_rng(0).normal(size=table.logits.shape)
    return replace(table, logits=(noise + np.eye(4)[table.labels][:, None]).astype(np.float32))


@pytest.mark.parametrize("table", [make_table(300), separable_table()], ids=["hard", "separable"])
@pytest.mark.parametrize("k", [0, 1, 2])
def test_fitted_weights_are_as_good_as_a_search_without_gradients(table, k):
    params = RULE.fit(table, np.ones(3))
    objective, start = objectives(table, k)
    bounds = [(0.0, None)] * (k + 1) + [(None, None)] * table.n_classes
    slow = minimize(objective, start, method="Powell", bounds=bounds, options={"xtol": 1e-5, "ftol": 1e-8})
    assert objective(np.array(params["weights"][k] + params["bias"][k])) <= slow.fun + 1e-5


@pytest.mark.parametrize("table", [make_table(300), separable_table()], ids=["hard", "separable"])
def test_units_of_large_tables_lead_to_the_same_minimum(table, monkeypatch):
    small = RULE.fit(table, np.ones(3))
    monkeypatch.setattr(likelihood, "_LEAST_SAMPLES", 10)
    monkeypatch.setattr(likelihood, "_LEAST_VALUES", 100)
    large = RULE.fit(table, np.ones(3))
    assert large != small
    for k in range(3):
        objective, _ = objectives(table, k)
        found = [objective(np.array(params["weights"][k] + params["bias"][k])) for params in (small, large)]
        assert found[1] == pytest.approx(found[0], abs=1e-5)


def test_weights_are_not_negative():
    """An exit that speaks against the truth is left out, not inverted."""
    table = make_table(300, 2, 3)
    noise = np.random.default_rng(0).normal(size=table.logits.shape)
    logits = noise + np.array([-2.0, 2.0])[:, None] * np.eye(3)[table.labels][:, None]
    weights = RULE.fit(replace(table, logits=logits.astype(np.float32)), np.ones(2))["weights"]
    assert weights[0] == [0.0]
    assert weights[1][0] == 0.0 < weights[1][1]


@pytest.mark.parametrize(
    "changes",
    [{"weights": [[1.0]]}, {"weights": [[1.0], [1.0]]}, {"bias": [[0.0] * 3]}, {"bias": [[0.0] * 2] * 2}],
)
def test_weights_of_another_shape_are_refused(changes):
    with pytest.raises(
        PolicyError,
        match="'weights' must have rows of lengths|must have 3 numbers per exit",
    ):
        RULE.view(make_table(5, 2, 3), np.ones(2), **untrained(2, 3) | changes)
