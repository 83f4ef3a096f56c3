"""Baselines of the sweep file beside the front."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from optuna.trial import TrialState
import pytest

from policies.baselines.full_network import full_network
from policies.baselines.published_grids import published_choices
from policies.calibration.temperature import fit_temperatures
from policies.goals.front import Front, FrontPoint
from policies.goals.request import Request
from policies.metrics.policy import policy_figures
from policies.policy import Policy
from search.config.first_trials import FirstTrial
from search.reporting.baseline_trials import compare_baseline, full_baselines
from search.trials.outcomes import TrialOutcome
from tests.tables import make_table


def tables(seed):
    return {"search": make_table(seed=seed), "test": make_table(seed=seed + 50, prefix="t")}


NETWORKS = {"trial-0002": tables(1), "trial-0003": tables(2)}


def front():
    points = []
    for network, threshold in (("trial-0002", 0.5), ("trial-0003", 0.8), ("trial-0002", 0.97)):
        policy = Policy("confidence", ((threshold,), (threshold,)), (1.0, 1.0, 1.0))
        own = NETWORKS[network]["search"]
        figures = policy_figures(own, policy.decide(own))
        told = {key: figures[key] for key in ("accuracy", "mean_depth")}
        points.append(FrontPoint(policy, told, 0.0, network))
    return Front(tuple(points))


def compare(name, tables, front, method="lbfgs"):
    asked = Request(target=0.5)
    rows, _ = compare_baseline(name, tables, front, NETWORKS.__getitem__, asked=asked, method=method, seed=0)
    return [row.to_dict() for row in rows]


@pytest.fixture(scope="module")
def compared():
    return [*compare("study", tables(7), front()), *compare("other", tables(8), front())]


def test_a_row_for_the_full_network_and_each_grid_on_its_own_tables(compared):
    own = tables(7)
    temperatures = fit_temperatures(own["search"])
    choices = published_choices(own["search"], temperatures)
    assert [(row["trial"], row["policy"]) for row in compared] == [
        (trial, policy) for trial in ("study", "other") for policy in ("full_network", *choices)
    ]
    policies = [full_network(own["search"], temperatures), *(choice.point.policy for choice in choices.values())]
    for row, policy in zip(compared, policies, strict=False):
        for split, table in own.items():
            assert row[split] == policy_figures(table, policy.decide(table))


def test_what_stands_beside_it_is_the_best_by_the_figures_on_search(compared):
    found = front().to_frame()
    for row in compared:
        own = row["search"]
        no_deeper = found[found["mean_depth"] <= own["mean_depth"]]
        no_worse = found[found["accuracy"] >= own["accuracy"]]
        for key, allowed, figure, best in (
            ("same_depth", no_deeper, "accuracy", max),
            ("same_accuracy", no_worse, "mean_depth", min),
        ):
            if allowed.empty:
                assert row[key] is None
            else:
                assert row[key]["search"][figure] == best(allowed[figure])
                chosen = found[found["network"] == row[key]["network"]]
                assert row[key]["search"]["mean_depth"] in chosen["mean_depth"].to_numpy()
    assert any(row["same_depth"] for row in compared)
    assert any(row["same_accuracy"] for row in compared)


def test_nothing_stands_beside_what_nothing_reaches():
    nothing = Front(tuple(replace(point, figures={"mean_depth": 3.5, "accuracy": 0.0}) for point in front()))
    rows = compare("study", tables(7), nothing)
    assert all(row["same_depth"] is None and row["same_accuracy"] is None for row in rows)
    assert np.isfinite([row["test"]["accuracy"] for row in rows]).all()


def test_temperatures_are_fitted_as_those_of_the_search():
    own = tables(7)
    grid = compare("study", own, front(), method="grid")
    greedy = next(row for row in grid if row["policy"] == "grid_greedy")
    chosen = published_choices(own["search"], fit_temperatures(own["search"], "grid"))["grid_greedy"].point.policy
    assert greedy["test"] == policy_figures(own["test"], chosen.decide(own["test"]))


def test_baselines_that_were_not_trained_to_their_end_are_named():
    def outcome(label, **more):
        given = {"trial_id": "t", "params": {}, "metrics": {}, "checkpoints": Path(), "state": TrialState.COMPLETE}
        return TrialOutcome(**given | more, label=label)

    first = [FirstTrial(name=name, is_baseline=name != "plain") for name in ("good", "plain", "lost", "short", "later")]
    outcomes = [
        outcome("good"),
        outcome("plain"),
        outcome("lost", state=TrialState.FAIL, failure="the loss is nan"),
        outcome("short", state=TrialState.PRUNED),
    ]
    found, notes = full_baselines(first, outcomes)
    assert found == outcomes[:1]
    assert [note.partition(" is left out: ")[::2] for note in notes] == [
        ("baseline 'lost'", "the loss is nan"),
        ("baseline 'short'", "it was not trained to its end"),
        ("baseline 'later'", "it was never begun, since search.trials is too small"),
    ]
