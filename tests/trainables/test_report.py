import math

import numpy as np
import pytest

from policies.calibrate import fit_temperatures
from policies.policy import Policy
from tests.tables import make_table
from trainables.report import depth_at_target, diverged_report, quick_report


def test_depth_at_target_ranks_any_feasible_trial_first():
    deepest_feasible = depth_at_target(0.95, 3.0, target=0.95, n_exits=3)
    nearly = depth_at_target(0.9499, 1.0, target=0.95, n_exits=3)
    far = depth_at_target(0.5, 1.0, target=0.95, n_exits=3)
    assert deepest_feasible < nearly < far
    assert far == pytest.approx(3 + 0.45)


def test_report_is_the_best_quick_policy():
    table = make_table(400)
    report = quick_report(table, target=0.82)
    assert report["accuracy"] >= 0.82
    assert report["depth_at_target"] == report["mean_depth"]
    temperatures = tuple(fit_temperatures(table).tolist())
    for tau in np.linspace(0.3, 1.0, 50):
        decision = Policy("confidence", (tau, tau), temperatures).decide(table)
        if (decision.answers == table.labels).mean() >= 0.82:
            assert report["mean_depth"] <= decision.exits.mean() + 1 + 1e-9


def test_target_out_of_reach_is_reported_as_a_violation():
    report = quick_report(make_table(400), target=1.0)
    assert report["depth_at_target"] == pytest.approx(3 + 1.0 - report["accuracy"])


def test_a_diverged_trial_reports_the_same_keys():
    report, diverged = quick_report(make_table(50), target=0.8), diverged_report(3, target=0.8)
    assert report.keys() == diverged.keys()
    assert math.isnan(diverged["accuracy"])
    assert diverged["depth_at_target"] > depth_at_target(0.01, 1.0, target=0.8, n_exits=3)
