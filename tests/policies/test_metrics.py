import numpy as np
import pytest

from policies.exit_table import ExitTable
from policies.metrics import exit_accuracies, expected_calibration_error, policy_figures
from policies.policy import Policy
from tests.tables import make_table


def test_figures_by_hand():
    logits = np.log(np.array([[[0.9, 0.1], [0.6, 0.4]], [[0.6, 0.4], [0.2, 0.8]], [[0.7, 0.3], [0.3, 0.7]]]))
    table = ExitTable(logits.astype(np.float32), np.array([0, 1, 0]), np.array([0.25, 1.0]), np.array(["a", "b", "c"]))
    figures = policy_figures(table, Policy("confidence", (0.8,), (1.0, 1.0)).decide(table))
    assert figures["accuracy"] == pytest.approx(2 / 3)
    assert figures["mean_depth"] == pytest.approx(5 / 3)
    assert figures["mean_cost"] == pytest.approx((0.25 + 1 + 1) / 3)
    assert figures["p90_cost"] == 1.0
    assert figures["worst_cost"] == 1.0
    assert figures["exit_mix"] == pytest.approx([1 / 3, 2 / 3])
    assert figures["macro_f1"] == pytest.approx(2 / 3)
    # Confidences 0.9 and 0.8 and 0.7, right, right, wrong, each in a bin of its own.
    assert figures["ece"] == pytest.approx((0.1 + 0.2 + 0.7) / 3, abs=1e-6)
    assert figures["exit_consistency"] == pytest.approx(1.0)


def test_calibration_error_equals_a_loop_over_bins():
    rng = np.random.default_rng(0)
    p, labels = rng.dirichlet(np.ones(3), 500), rng.integers(0, 3, 500)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert expected_calibration_error(p, labels) == pytest.approx(expected)


def test_certain_predictions_fall_into_the_last_bin():
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0.0


def test_exit_accuracies():
    table = make_table(200)
    expected = [(table.logits[:, k].argmax(axis=1) == table.labels).mean() for k in range(3)]
    np.testing.assert_allclose(exit_accuracies(table), expected)
