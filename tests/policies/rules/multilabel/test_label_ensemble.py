"""The weighted ensemble of logits label by label, and how its weights are found."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.optimize import minimize

from policies.calibration.label_likelihood import mixed_label_likelihood
from policies.errors import PolicyError
from policies.rules import get_rule
from tests.multilabel_tables import awkward_label_tables, make_label_table
from tests.policies.rules.multilabel.reference import TEMPERATURES, margins, sigmoid


RULE = get_rule("label-ensemble")
RIDGE = 1e-4


def drawn_params(table, seed):
    rng = np.random.default_rng(seed)
    return {
        "weights": [rng.choice([0.0, 0.5, 1.0, 1.3], k + 1).tolist() for k in range(table.n_exits)],
        "bias": rng.choice([0.0, 0.2, -0.7], (table.n_exits, table.n_classes)).tolist(),
    }


@settings(max_examples=80, deadline=None)
@given(table=awkward_label_tables(), seed=st.integers(0, 1000))
def test_probabilities_and_scores_equal_the_formula(table, seed):
    temperatures, params = TEMPERATURES[: table.n_exits], drawn_params(table, seed)
    view = RULE.view(table, np.array(temperatures), **params)
    for i in range(table.n_samples):
        for k in range(table.n_exits):
            expected = [
                sigmoid(
                    params["bias"][k][label]
                    + sum(
                        params["weights"][k][j] * float(table.logits[i, j, label]) / temperatures[j]
                        for j in range(k + 1)
                    )
                )
                for label in range(table.n_classes)
            ]
            np.testing.assert_allclose(view.probabilities[i, k], expected, rtol=0, atol=1e-12)
            assert view.scores[i, k, 0] == pytest.approx(min(margins(expected, [0.5] * len(expected))), abs=1e-12)


def penalised_loss(x, table, temperatures, k):
    """Mean over samples of the summed cross-entropies of their labels, and the ridge around the exit as it is."""
    weights, bias = x[: k + 1], x[k + 1 :]
    z = bias + sum(weights[j] * table.logits[:, j].astype(float) / temperatures[j] for j in range(k + 1))
    loss = (np.logaddexp(0, z) - z * table.labels).sum(axis=1).mean()
    start = np.concatenate([np.zeros(k), np.ones(1), np.zeros(table.n_classes)])
    return loss + RIDGE * ((x - start) ** 2).sum()


def test_fitted_weights_minimise_the_penalised_likelihood():
    table, temperatures = make_label_table(150, 3, 4), np.array(TEMPERATURES)
    fitted = RULE.fit(table, temperatures)
    for k in range(3):
        found = np.array(fitted["weights"][k] + fitted["bias"][k])
        start = np.concatenate([np.zeros(k), np.ones(1), np.zeros(4)])
        best = minimize(
            penalised_loss,
            start,
            (table, temperatures, k),
            "L-BFGS-B",
            bounds=[(0, None)] * (k + 1) + [(None, None)] * 4,
        )
        assert penalised_loss(found, table, temperatures, k) <= best.fun + 1e-4
        assert (found[: k + 1] >= 0).all()


@pytest.mark.parametrize("float16", [False, True])
def test_gradient_is_that_of_the_loss(float16):
    table = make_label_table(40, 3, 4, float16=float16)
    rows = np.array([3, 1, 30, 17, 5])
    weights, bias = np.array([0.3, 0.9]), np.array([0.1, -0.2, 0.0, 0.7])

    def loss(weights, bias):
        z = bias + np.einsum("k,nkl->nl", weights, table.logits[rows, :2].astype(float))
        return (np.logaddexp(0, z) - z * table.labels[rows]).sum(axis=1).mean()

    found = mixed_label_likelihood(table.logits, table.labels, rows, weights=weights, bias=bias)
    assert found.loss == pytest.approx(loss(weights, bias), rel=1e-12)
    for own, at, other in ((found.of_weights, weights, (bias,)), (found.of_bias, bias, (weights,))):
        for j in range(len(at)):
            step = np.eye(len(at))[j] * 1e-6
            pair = [loss(at + s, *other) if own is found.of_weights else loss(*other, at + s) for s in (step, -step)]
            assert own[j] == pytest.approx((pair[0] - pair[1]) / 2e-6, abs=1e-6)


def test_it_is_fitted_on_the_rows_given():
    table = make_label_table(100, 2, 3)
    rows = np.arange(10, 60)
    assert RULE.fit(table, np.ones(2), rows=rows) == RULE.fit(table.take(rows), np.ones(2))


def test_the_ensemble_is_likelier_than_the_last_exit_alone():
    table, new = make_label_table(600, 3, 4, seed=1), make_label_table(600, 3, 4, seed=2)
    view = RULE.view(new, np.ones(3), **RULE.fit(table, np.ones(3)))
    alone = new.probabilities(np.ones(3))

    def loss(p):
        return -np.log(np.where(new.labels, p[:, -1], 1 - p[:, -1])).mean()

    assert loss(view.probabilities) < loss(alone)


def test_parameters_for_another_network_are_refused():
    table = make_label_table(10, 2, 3)
    params = {"weights": [[1.0], [0.0, 1.0]], "bias": [[0.0] * 2] * 2}
    with pytest.raises(PolicyError, match="'bias' must have 3 numbers per exit, one a label, but has 2"):
        RULE.view(table, np.ones(2), **params)
    with pytest.raises(PolicyError, match="rule 'label-ensemble': 'weights' must have rows of lengths"):
        RULE.view(table, np.ones(2), weights=[[1.0]], bias=[[0.0] * 3])
    assert RULE.n_classes(RULE.parse(params), [1]) == 2
