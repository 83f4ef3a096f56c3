from dataclasses import replace
import math

import numpy as np
import pytest

from policies.calibration.temperature import fit_temperatures
from policies.goals.request import Request
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.rules import get_rule
from policies.rules.crossfit import cross_fitted_view
from policies.tables.latency import with_latency
from tests.recorded_tables import recordings_table
from tests.tables import make_table
from trainables.tasks.classification import ClassificationTraining
from trainables.trials.metrics import diverged_report, policy_figure_names, quick_report


CONFIDENCE = ("confidence",)
TASK = ClassificationTraining()


def report(table, *, rules=CONFIDENCE, **asked):
    return quick_report(table, task=TASK, search_target=Request(**asked), rules=rules)


def test_report_is_the_best_quick_policy():
    table = make_table(400)
    found = report(table, target=0.82)
    assert found["accuracy"] >= 0.82
    assert found["violation"] == 0
    assert found["depth_at_target"] == found["objective_at_target"] == found["mean_depth"]
    temperatures = tuple(fit_temperatures(table).tolist())
    shallower = 0
    for tau in np.linspace(0.3, 1.0, 50):
        decision = Policy("confidence", (tau, tau), temperatures).decide(table)
        if (decision.answers == table.labels).mean() >= 0.82:
            shallower += 1
            assert found["mean_depth"] <= decision.exits.mean() + 1 + 1e-9
    assert shallower > 5


def test_target_out_of_reach_is_reported_as_a_violation():
    found = report(make_table(400), target=1.0)
    assert found["violation"] == pytest.approx(1.0 - found["accuracy"])
    assert found["depth_at_target"] == pytest.approx(3 + found["violation"])


@pytest.mark.parametrize(
    ("asked", "figures"),
    [
        ({"target": 0.8}, {"depth_at_target"}),
        ({"target": 0.8, "objective": "cost"}, set()),
        ({"target": 0.8, "objective": "latency", "latency_ms": (1.0, 2.0, 3.0)}, {"mean_latency_ms"}),
        ({"target": 0.7, "quality": "macro_f1", "bounds": {"worst_class_recall": 0.6}}, {"macro_f1"}),
        ({"max_drop": 0.02}, {"depth_at_target"}),
        ({"max_drop_greedy": 0.02}, {"depth_at_target"}),
        ({"budget": 1.5}, set()),
    ],
)
def test_a_report_has_what_was_asked_for_and_a_diverged_one_the_same_keys(asked, figures):
    always = {"accuracy", "mean_depth", "mean_cost", "violation", "objective_at_target"}
    assert set(policy_figure_names(TASK, Request(**asked))) == always | figures
    found, diverged = report(make_table(50), **asked), diverged_report(3, task=TASK, search_target=Request(**asked))
    assert found.keys() == diverged.keys()
    assert all(math.isfinite(value) for value in found.values())
    assert math.isnan(diverged["accuracy"])
    assert diverged["objective_at_target"] > 1e6


@pytest.mark.parametrize("is_stated", [True, False], ids=["stated by the table", "asked with"])
def test_latency_is_that_of_the_exits_taken(is_stated):
    table, times = make_table(400), (10.0, 20.0, 30.0)
    by_depth = report(table, target=0.85)
    if is_stated:
        found = report(with_latency(table, np.array(times)), target=0.85, objective="latency")
    else:
        found = report(table, target=0.85, objective="latency", latency_ms=times)
    # In equal steps the least latency is the least depth.
    assert found["mean_latency_ms"] == found["objective_at_target"] == pytest.approx(10 * by_depth["mean_depth"])


def test_within_a_budget_the_best_quality_is_reported():
    table = make_table(400)
    found = report(table, budget=2.0)
    assert found["mean_depth"] <= 2.0
    assert found["accuracy"] > report(table, budget=1.5)["accuracy"]
    assert found["objective_at_target"] == pytest.approx(1 - found["accuracy"])


def test_trials_are_scored_by_the_rules_that_choose_at_the_end():
    """Exits that favour one class look hopeless by themselves; the ensemble takes the bias away."""
    table = make_table(600)
    biased = replace(table, logits=table.logits + np.array([0, 0, 12, 0], dtype=np.float32))
    asked = {"target": 0.8}
    plain, both = report(biased, **asked), report(biased, rules=("confidence", "ensemble"), **asked)
    assert plain["accuracy"] < 0.5 < 0.8 <= both["accuracy"]
    assert both["depth_at_target"] <= 3 < plain["depth_at_target"]


def test_a_rule_that_learns_is_reported_as_if_the_table_were_new():
    table = make_table(40, n_classes=10, seed=3)
    temperatures = fit_temperatures(table)
    view = cross_fitted_view(get_rule("ensemble"), table, temperatures, {}, n_folds=2)
    flattered = get_rule("ensemble").view(table, temperatures, **get_rule("ensemble").fit(table, temperatures))
    honest = [float((one.answers[:, -1] == table.labels).mean()) for one in (view, flattered)]
    assert honest[0] < honest[1]
    # Nothing is as accurate as all exits together at their last, so that this is the least violation there is.
    found = report(table, rules=("ensemble",), target=1.0)
    assert found["accuracy"] < honest[1]


def test_a_report_is_of_the_level_that_leaves():
    """Of the same network, reading costs least at the same quality of whole recordings, and segments most."""
    table = recordings_table([4] * 100, seed=5)
    found = {
        level: report(table.answered(Answering(level=level, pooling="evidence")), target=0.93, objective="cost")
        for level in ("sample", "parent", "reading")
    }
    assert all(own["violation"] == 0 for own in found.values())
    assert found["reading"]["mean_cost"] < 0.8 * min(found["sample"]["mean_cost"], found["parent"]["mean_cost"])
    assert found["sample"]["mean_cost"] < report(table, target=0.93, objective="cost")["mean_cost"]
