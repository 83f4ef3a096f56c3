import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from policies.calibration.reliability import calibration_error_of, exit_calibration_errors, reliability_curves
from policies.calibration.temperature import tempered_probabilities
from tests.tables import make_table


TEMPERATURES = np.array([2.0, 1.5, 0.5])


@pytest.fixture
def table():
    return make_table(150)


def test_rows_equal_loops_over_the_bins(table):
    curves = reliability_curves(table, TEMPERATURES, n_bins=5)
    assert len(curves) == 3 * 2 * 5
    for row in curves.rename(columns={"count": "n_samples"}).itertuples():
        divisors = TEMPERATURES if row.is_calibrated else np.ones(3)
        assert row.temperature == divisors[row.depth - 1]
        p = tempered_probabilities(table.logits, divisors)[:, row.depth - 1]
        inside = (p.max(axis=1) > row.low) & (p.max(axis=1) <= row.high)
        assert row.n_samples == inside.sum()
        if inside.any():
            assert row.confidence == pytest.approx(p.max(axis=1)[inside].mean())
            assert row.accuracy == pytest.approx((p.argmax(axis=1) == table.labels)[inside].mean())
        else:
            assert np.isnan(row.confidence)
            assert np.isnan(row.accuracy)


def test_bins_cover_the_unit_interval(table):
    curve = reliability_curves(table, TEMPERATURES).query("depth == 1 and is_calibrated")
    assert len(curve) == 15
    assert curve["low"].iloc[0] == 0.0
    assert curve["high"].iloc[-1] == 1.0
    np.testing.assert_array_equal(curve["low"].iloc[1:], curve["high"].iloc[:-1])


@pytest.mark.parametrize("is_calibrated", [False, True])
def test_calibration_error_of_a_curve_is_the_exits(table, is_calibrated):
    curves = reliability_curves(table, TEMPERATURES)
    expected = exit_calibration_errors(table, TEMPERATURES if is_calibrated else np.ones(3))
    for k in range(3):
        curve = curves[(curves["depth"] == k + 1) & (curves["is_calibrated"] == is_calibrated)]
        assert calibration_error_of(curve) == pytest.approx(expected[k])


@pytest.mark.parametrize("n_bins", [5, 15])
def test_calibration_error_of_a_curve_is_that_of_torchmetrics(table, n_bins):
    curves = reliability_curves(table, TEMPERATURES, n_bins=n_bins)
    for (depth, is_calibrated), curve in curves.groupby(["depth", "is_calibrated"]):
        divisor = TEMPERATURES[depth - 1] if is_calibrated else 1.0
        probabilities = torch.from_numpy(table.logits[:, depth - 1] / divisor).softmax(dim=1)
        expected = multiclass_calibration_error(
            probabilities, torch.from_numpy(table.labels), num_classes=table.n_classes, n_bins=n_bins
        )
        assert calibration_error_of(curve) == pytest.approx(float(expected), abs=1e-5)
