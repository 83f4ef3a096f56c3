import warnings

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from policies.calibration.calibration_error import SampleFigures
from policies.calibration.temperature import (
    TEMPERATURE_BOUNDS,
    TEMPERATURE_GRID,
    CalibrationError,
    CalibrationWarning,
    fit_temperatures,
    is_clamped,
    tempered_probabilities,
)
from policies.tables.classification import ClassificationTable
from tests.tables import make_table


def scaled(table, factor):
    logits = (table.logits * factor).astype(np.float32)
    return ClassificationTable(logits, table.labels, cost=table.cost, ids=table.ids)


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


def one_exit(logits, labels):
    logits = np.asarray(logits, dtype=np.float32)[:, None]
    ids = np.array([f"s{i}" for i in range(len(labels))])
    return ClassificationTable(logits, np.asarray(labels), cost=np.ones(1), ids=ids)


@pytest.mark.parametrize("factor", [0.4, 0.5, 0.6])
def test_grid_takes_the_least_likelihood_loss(factor):
    table = scaled(make_table(400, seed=3), factor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        found = fit_temperatures(table, method="grid")
    assert found.tolist() == [min(TEMPERATURE_GRID, key=lambda t, k=k: nll(table, k, t)) for k in range(3)]


@pytest.mark.parametrize(("factor", "clamp"), [(10.0, 1.2), (0.1, 0.8)])
def test_ends_of_the_grid_are_its_clamp(factor, clamp):
    with pytest.warns(CalibrationWarning, match=r"depth 1 is clamped at .* \(allowed 0.8 to 1.2\)"):
        temperatures = fit_temperatures(scaled(make_table(200), factor), method="grid")
    np.testing.assert_array_equal(temperatures, clamp)


def with_equal_losses(seed):
    """A table that is just so confident that 0.9 and 1.0 are equally good and better than the rest."""
    table = make_table(100, n_exits=1, seed=seed)

    def difference(factor):
        return nll(scaled(table, factor), 0, 0.9) - nll(scaled(table, factor), 0, 1.0)

    return scaled(table, brentq(difference, 0.1, 4.0, xtol=1e-9))


def test_equal_losses_are_decided_by_the_calibration_error():
    answers = set()
    for table in map(with_equal_losses, range(8)):
        errors = [
            SampleFigures.of(
                [(slice(None), tempered_probabilities(table.logits, np.array([t]))[:, 0])], table.labels
            ).ece()
            for t in (0.9, 1.0)
        ]
        expected = (0.9, 1.0)[int(np.argmin(errors))]
        assert fit_temperatures(table, method="grid").tolist() == [expected]
        answers.add(expected)
    assert answers == {0.9, 1.0}


def test_no_evidence_leaves_the_temperature_at_one():
    """Equal logits: every temperature gives the same probabilities, so all criteria tie."""
    assert fit_temperatures(one_exit(np.zeros((6, 3)), [0, 1, 2, 0, 1, 2]), method="grid").tolist() == [1.0]


def test_unknown_methods_are_refused():
    with pytest.raises(CalibrationError, match="method must be one of lbfgs, grid but is 'newton'"):
        fit_temperatures(make_table(20), method="newton")


def test_clamped_temperatures_are_marked():
    low, high = TEMPERATURE_BOUNDS
    assert is_clamped(np.array([low, 1.0, high])).tolist() == [True, False, True]
