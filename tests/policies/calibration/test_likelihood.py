"""The likelihood of mixed exits and its gradient, against plain numpy."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import log_softmax

from policies.calibration import likelihood
from policies.calibration.likelihood import is_large, mixed_likelihood


N, E, C = 60, 4, 7
RNG = np.random.default_rng(0)
LOGITS, LABELS = RNG.normal(size=(N, E, C)) * 3, RNG.integers(0, C, N)


def plain(logits, rows, weights, bias, first_exit):
    mixed = np.einsum("j,njc->nc", weights, logits[rows, first_exit : first_exit + len(weights)].astype(float)) + bias
    return -log_softmax(mixed, axis=1)[np.arange(len(rows)), LABELS[rows]].mean()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(("first_exit", "n_seen"), [(0, 1), (0, 2), (1, 3), (0, 4), (3, 1)])
def test_loss_and_gradient_are_those_of_the_formula(dtype, first_exit, n_seen):
    logits, rows = LOGITS.astype(dtype), np.arange(0, N, 2)
    weights, bias = RNG.random(n_seen), RNG.normal(size=C)

    def loss(x):
        return mixed_likelihood(logits, LABELS, rows, weights=x[:n_seen], bias=x[n_seen:], first_exit=first_exit).loss

    def gradient(x):
        found = mixed_likelihood(logits, LABELS, rows, weights=x[:n_seen], bias=x[n_seen:], first_exit=first_exit)
        return np.concatenate([found.of_weights, found.of_bias])

    point = np.concatenate([weights, bias])
    assert loss(point) == pytest.approx(plain(logits, rows, weights, bias, first_exit), rel=1e-12)
    assert check_grad(loss, gradient, point) < 1e-5


def test_many_samples_are_computed_in_float32_and_means_stay_good(monkeypatch):
    assert not is_large(60, 7)
    assert is_large(50_000, 1000)
    given = {"weights": np.array([0.4, 0.7]), "bias": np.linspace(-1, 1, C)}
    logits = LOGITS.astype(np.float32)
    exact = mixed_likelihood(logits, LABELS, np.arange(N), **given)
    monkeypatch.setattr(likelihood, "_LEAST_SAMPLES", 10)
    monkeypatch.setattr(likelihood, "_LEAST_VALUES", 100)
    rough = mixed_likelihood(logits, LABELS, np.arange(N), **given)
    assert rough.loss == pytest.approx(exact.loss, rel=1e-6)
    np.testing.assert_allclose(rough.of_weights, exact.of_weights, atol=1e-5)
    np.testing.assert_allclose(rough.of_bias, exact.of_bias, atol=1e-6)
