import json

import numpy as np
import pytest

from policies.calibration.calibration_error import SampleFigures
from policies.calibration.reliability import exit_calibration_errors
from policies.calibration.temperature import tempered_probabilities
from policies.metrics.exits import exit_accuracies, exit_figures
from policies.metrics.policy import policy_figures
from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from tests.tables import make_table


TEMPERATURES = np.array([2.0, 1.0, 0.5])


def test_exit_accuracies():
    table = make_table(200)
    expected = [(table.logits[:, k].argmax(axis=1) == table.labels).mean() for k in range(3)]
    np.testing.assert_allclose(exit_accuracies(table), expected)


def test_exit_calibration_errors_use_each_exits_own_temperature():
    table = make_table(200)
    expected = [
        SampleFigures.of([(slice(None), tempered_probabilities(table.logits, np.full(3, t))[:, k])], table.labels).ece()
        for k, t in enumerate(TEMPERATURES)
    ]
    np.testing.assert_allclose(exit_calibration_errors(table, TEMPERATURES), expected)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_figures_of_an_exit_are_those_of_the_policy_that_always_leaves_there(depth):
    table = make_table(200, n_classes=7)
    figures = exit_figures(table, TEMPERATURES)[depth - 1]
    thresholds = tuple(0.0 if k + 1 == depth else np.inf for k in range(2))
    of_policy = policy_figures(table, Policy("confidence", thresholds, tuple(TEMPERATURES)).decide(table))
    assert (figures.pop("depth"), figures.pop("cost")) == (of_policy["worst_depth"], of_policy["worst_cost"])
    assert figures.pop("temperature") == TEMPERATURES[depth - 1]
    assert figures == {key: of_policy[key] for key in figures}
    assert {"accuracy", "top5_accuracy", "macro_f1", "worst_class_recall", "ece", "brier", "nll"} <= figures.keys()


def test_figures_survive_json():
    figures = exit_figures(make_table(20), TEMPERATURES)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_answers_do_not_depend_on_the_temperature():
    """A low temperature makes both classes equally certain; the logits still differ."""
    logits = np.array([[[50.0, 50.0 + 1e-5]]], dtype=np.float32)
    table = ClassificationTable(logits, np.array([1]), cost=np.ones(1), ids=np.array(["a"]))
    assert exit_figures(table, np.array([1e20]))[0]["accuracy"] == exit_accuracies(table)[0] == 1.0
