"""Temperatures of networks with sets of labels, and how far probabilities of labels are from what happens."""

from dataclasses import replace
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit

from policies.calibration.label_calibration import label_calibration_errors, label_nll
from policies.calibration.label_temperature import fit_label_temperatures
from policies.calibration.temperature import TEMPERATURE_BOUNDS, CalibrationError, CalibrationWarning
from tests.multilabel_tables import make_label_table


TABLE = make_label_table(400)


def scaled(factor, table=TABLE):
    return replace(table, logits=(table.logits * np.float32(factor)).astype(np.float32))


def truthful(temperatures, n=4000, seed=0):
    """Labels that are on as often as the sigmoids of the logits say, if these are divided by the temperatures."""
    rng = np.random.default_rng(seed)
    own = make_label_table(n, len(temperatures))
    logits = rng.normal(scale=2, size=(n, 1, 5))
    labels = rng.random((n, 5)) < expit(logits[:, 0])
    return replace(
        own, logits=(logits * np.array(temperatures)[:, None]).astype(np.float32), labels=labels.astype(np.uint8)
    )


@pytest.mark.parametrize("float16", [False, True])
def test_temperatures_minimise_the_likelihood_loss(float16):
    table = make_label_table(400, float16=float16)
    for k, temperature in enumerate(fit_label_temperatures(table)):
        best = minimize_scalar(
            lambda t, k=k: label_nll(expit(table.logits[:, k].astype(float) / t), table.labels),
            bounds=TEMPERATURE_BOUNDS,
            method="bounded",
        )
        assert temperature == pytest.approx(best.x, rel=1e-2)


def test_the_temperature_that_logits_were_made_with_is_found():
    np.testing.assert_allclose(fit_label_temperatures(truthful([0.5, 1.0, 2.5])), [0.5, 1.0, 2.5], rtol=0.1)
    assert fit_label_temperatures(truthful([0.9, 1.1]), "grid").tolist() == [0.9, 1.1]


def test_it_follows_the_scale_of_the_logits_and_warns_of_nothing_inside_the_clamp():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own, double = fit_label_temperatures(TABLE), fit_label_temperatures(scaled(2))
    np.testing.assert_allclose(double, own * 2, rtol=1e-2)


@pytest.mark.parametrize(
    ("factor", "method", "clamp"), [(100, "lbfgs", 5.0), (0.01, "lbfgs", 0.25), (100, "grid", 1.2), (0.01, "grid", 0.8)]
)
def test_it_is_clamped_on_both_sides_and_said(factor, method, clamp):
    with pytest.warns(CalibrationWarning, match="of depth 1 is clamped at .*; its label probabilities are not") as told:
        found = fit_label_temperatures(scaled(factor), method)
    assert found.tolist() == pytest.approx([clamp] * 3)
    assert len(told) == 3


def test_unknown_methods_are_refused():
    with pytest.raises(CalibrationError, match="method must be one of lbfgs, grid but is 'newton'"):
        fit_label_temperatures(TABLE, "newton")


def test_calibration_error_is_the_weighted_gap_of_each_bin():
    rng = np.random.default_rng(0)
    probabilities = np.round(rng.random((200, 3)), 2)
    labels = (rng.random((200, 3)) < probabilities**2).astype(np.uint8)
    for label, error in enumerate(label_calibration_errors(probabilities, labels, n_bins=10)):
        expected, p, y = 0.0, probabilities[:, label], labels[:, label]
        for low in range(10):
            # The lowest bin holds its lower end too.
            inside = (p > low / 10 + 1e-12) & (p <= (low + 1) / 10 + 1e-12) | ((p == 0) & (low == 0))
            expected += abs(p[inside].sum() - y[inside].sum()) / 200
        assert error == pytest.approx(expected)


def test_sure_and_right_labels_have_no_error_and_sure_and_wrong_ones_a_finite_loss():
    labels = np.uint8([[1, 0], [0, 1]])
    assert label_calibration_errors(labels.astype(float), labels).tolist() == [0, 0]
    assert label_nll(labels.astype(float), labels) == 0
    assert label_nll(1.0 - labels, labels) == pytest.approx(-np.log(np.finfo(float).eps))
