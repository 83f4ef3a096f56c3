"""Tracking by itself, on a real SQLite store; what a whole sweep writes is seen in test_sweep."""

import sqlite3
import warnings

from mlflow.tracking import MlflowClient
import pandas as pd
import pytest

from policies.policy import Policy
from search.callbacks import TrialReport
from search.run_folder import RunFolder
from search.tracking import Tracker, TrackingWarning


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "runs" / "tracked"
    path.mkdir(parents=True)
    return RunFolder(path)


@pytest.fixture
def uri(tmp_path):
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def started(uri, folder):
    tracker = Tracker(uri, "exitsearch", folder)
    tracker.start({"target": 0.95})
    return tracker


def report(trial_id="t1", epoch=1, failure="", **metrics):
    result = {"accuracy": 0.9, "mean_depth": 1.5, "epoch": epoch, "pid": 7, "done": False, **metrics}
    return TrialReport(trial_id, {"alpha": 0.5}, result, failure)


def runs(uri, kind):
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("exitsearch").experiment_id
    return client.search_runs([experiment], f"tags.`exitsearch.kind` = '{kind}'")


def steps(uri, run):
    return [point.step for point in MlflowClient(tracking_uri=uri).get_metric_history(run.info.run_id, "accuracy")]


def test_only_metrics_of_the_contract_are_logged(uri, folder):
    started(uri, folder).trial_reported(report(ece_exit_1=0.1))
    (trial,) = runs(uri, "trial")
    assert trial.data.metrics == {"accuracy": 0.9, "mean_depth": 1.5, "epoch": 1.0, "ece_exit_1": 0.1}
    assert trial.data.params == {"alpha": "0.5"}


def test_resumed_tracking_goes_on_in_the_same_runs(uri, folder):
    first = started(uri, folder)
    for epoch in (1, 2):
        first.trial_reported(report(epoch=epoch))
    first.trial_reported(report("t2"))
    first.abandon()
    again = started(uri, folder)
    assert again.parent_id == first.parent_id
    again.sweep_began([], {"t1", "t2"})
    for epoch in (2, 3):
        again.trial_reported(report(epoch=epoch))
    again.trial_ended(report(epoch=3))
    assert len(runs(uri, "sweep")) == 1
    assert runs(uri, "sweep")[0].info.status == "RUNNING"
    by_id = {run.data.tags["exitsearch.trial_id"]: run for run in runs(uri, "trial")}
    assert steps(uri, by_id["t1"]) == [1, 2, 3]
    assert by_id["t1"].info.status == "FINISHED"
    assert len(by_id) == 2


def test_runs_are_closed_for_trials_that_ended_while_nobody_looked(uri, folder):
    started(uri, folder).trial_reported(report())
    started(uri, folder).sweep_began([report(failure="the loss is nan")], {"t1"})
    (trial,) = runs(uri, "trial")
    assert trial.info.status == "FAILED"
    assert trial.data.tags["failure"] == "the loss is nan"


def test_runs_of_trials_that_were_never_saved_are_deleted(uri, folder):
    started(uri, folder).trial_reported(report("lost"))
    started(uri, folder).sweep_began([], set())
    assert runs(uri, "trial") == []


def test_front_is_logged_once(uri, folder):
    policies = [Policy("confidence", (tau,), (1.0, 1.0)) for tau in (0.5, 0.9)]
    front = pd.DataFrame(
        {
            "accuracy": [0.95, 0.97],
            "mean_depth": [1.2, 1.6],
            "mean_cost": [0.3, 0.5],
            "feasible": True,
            "network": "t1",
            "certified": [False, True],
            "selected": [False, True],
            "policy": policies,
        }
    )
    started(uri, folder).log_front(front)
    started(uri, folder).log_front(front)
    found = {run.data.metrics["mean_depth"]: run for run in runs(uri, "policy")}
    assert found.keys() == {1.2, 1.6}
    assert all(run.data.tags["pareto"] == "true" and run.info.status == "FINISHED" for run in found.values())
    assert found[1.6].data.tags["selected"] == found[1.6].data.tags["certified"] == "true"


def test_store_that_cannot_be_written_costs_a_warning_and_nothing_else(tmp_path, folder):
    (tmp_path / "file").write_text("no folder")
    tracker = Tracker(f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}", "exitsearch", folder)
    with pytest.warns(TrackingWarning, match="cannot be written to .* the sweep goes on"):
        tracker.start({})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tracker.trial_reported(report())
        tracker.finish({}, {})


def test_store_that_fails_in_the_middle_costs_a_warning_and_nothing_else(tmp_path, uri, folder):
    tracker = started(uri, folder)
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("DROP TABLE metrics")
    with pytest.warns(TrackingWarning):
        tracker.trial_reported(report())
    tracker.trial_reported(report(epoch=2))
