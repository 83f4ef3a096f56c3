import warnings

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from policies.calibrate import TEMPERATURE_BOUNDS, CalibrationWarning, fit_temperatures, tempered_probabilities
from policies.exit_table import ExitTable
from tests.tables import make_table


def scaled(table, factor):
    logits = (table.logits * factor).astype(np.float32)
    return ExitTable(logits, table.labels, table.cost, table.ids)


def nll(table, k, temperature):
    p = tempered_probabilities(table.logits, np.full(table.n_exits, temperature))[:, k]
    return -np.log(p[np.arange(table.n_samples), table.labels]).mean()


def test_temperatures_minimise_the_likelihood_loss():
    table = make_table(400)
    for k, temperature in enumerate(fit_temperatures(table)):
        best = minimize_scalar(lambda t, k=k: nll(table, k, t), bounds=TEMPERATURE_BOUNDS, method="bounded")
        assert temperature == pytest.approx(best.x, rel=1e-2)


def test_temperature_follows_the_scale_of_the_logits():
    table = make_table(400)
    np.testing.assert_allclose(fit_temperatures(scaled(table, 0.5)), fit_temperatures(table) / 2, rtol=1e-2)


@pytest.mark.parametrize(("factor", "clamp"), [(100.0, 5.0), (0.01, 0.25)])
def test_clamped_temperatures_warn_and_name_the_depth(factor, clamp):
    with pytest.warns(CalibrationWarning, match="depth 1 is clamped"):
        temperatures = fit_temperatures(scaled(make_table(200), factor))
    np.testing.assert_allclose(temperatures, clamp)


def test_no_warning_inside_the_clamp():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        temperatures = fit_temperatures(make_table(400))
    assert ((temperatures > TEMPERATURE_BOUNDS[0]) & (temperatures < TEMPERATURE_BOUNDS[1])).all()


def test_tempered_probabilities_sum_to_one_at_extreme_logits():
    logits = np.array([[[1e4, -1e4, 0.0]]], dtype=np.float32)
    p = tempered_probabilities(logits, np.array([0.25]))
    assert np.isfinite(p).all()
    assert p.sum() == pytest.approx(1.0)
