"""The logistic gate of the results log: what it looks at, and what it learns."""

import numpy as np
import pytest
from scipy.special import expit

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from policies.rules.multilabel_notes.notes_logistic import pair_features
from policies.rules.scoring.linear_model import fit_linear_model
from tests.multilabel_tables import make_label_table


RULE = get_rule("notes-logistic")


def test_features_of_one_sample():
    before, now = np.array([[0.2, 0.6, 0.1]]), np.array([[0.7, 0.9, 0.3]])
    found = pair_features(before, now, np.array([[0.5, 0.5, 0.25]]))[0]
    per_label = [0.2, 0.6, 0.1, 0.7, 0.9, 0.3, 0.5, 0.3, 0.2, 0.2, 0.4, 0.05]
    scalars = [(0.7 + 0.9 + 0.7) / 3, 0.7, 1 / 3, 0.5, 0.65 / 3, 0.05, 3, 2]
    assert found.tolist() == pytest.approx(per_label + scalars)


def test_the_score_is_the_probability_of_no_more_errors_than_at_the_last_exit():
    table = make_label_table(400, 4, 3, seed=2)
    temperatures = np.array([1.0, 1.5, 0.8, 1.2])
    params = RULE.fit(table, temperatures)
    said = expit(table.logits / temperatures[:, None])
    wrong = ((said >= 0.5) != table.labels.astype(bool)[:, None]).sum(axis=2)
    half = np.full((400, 3), 0.5)
    view = RULE.view(table, temperatures, **params)
    for k in (1, 2):
        features = pair_features(said[:, k - 1], said[:, k], half)
        model = fit_linear_model(features, wrong[:, k] <= wrong[:, -1])
        expected = expit(features @ model["weights"] + model["intercept"])
        np.testing.assert_allclose(view.scores[:, k, 0], expected, rtol=1e-9)
    assert not view.eligible[:, 0].any()
    assert view.eligible[:, 1:].all()


def test_nobody_leaves_at_the_first_exit():
    table = make_label_table(200, 3, 3)
    policy = Policy("notes-logistic", ((0.0,), (0.5,)), (1.0,) * 3, RULE.fit(table, np.ones(3)))
    assert set(policy.decide(table).exits.tolist()) == {1, 2}
    assert policy.network.n_classes == 3


def test_models_of_another_network():
    params = RULE.fit(make_label_table(50, 3, 3), np.ones(3))
    with pytest.raises(PolicyError, match="needs 2 'models', one per exit but the first and the last, but has 1"):
        RULE.view(make_label_table(50, 4, 3), np.ones(4), **params)
