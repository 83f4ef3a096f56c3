"""Events become runs, on a real SQLite store: each once, however often and in whatever portions they are sent."""

from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.tracking import MlflowClient
import pytest

from search.tracking import store as mlflow_store
from search.tracking.faults import Fault, fault_of
from search.tracking.runs import MlflowRuns
from search.tracking.store import MlflowStore
from tests.search.tracking.tracked import (
    EXPERIMENT,
    SWEEP_ID,
    contents,
    end,
    expected,
    open_journal,
    report,
    run_trials,
    suggest,
)


@pytest.fixture
def journal(folder):
    with open_journal(folder) as journal:
        journal.append("started", params={"target": 0.95, "tracking.uri": "x"})
        yield journal


@pytest.fixture
def told():
    return []


@pytest.fixture
def connected(uri, folder, told):
    """Gives the sweep's runs, read anew from the store each time."""

    def connect():
        store = MlflowStore(uri, EXPERIMENT, sweep_id=SWEEP_ID, sweep=folder.name)
        runs = MlflowRuns(store, folder.path, sweep_id=SWEEP_ID, sweep=folder.name, tell=told.append)
        runs.connect()
        return runs

    return connect


def whole_sweep(journal):
    run_trials(journal, range(4))
    policy = {"tags": {"pareto": "true", "exitsearch.trial_id": "trial-0001"}, "params": {"rule": "confidence"}}
    for number in (1, 2):
        metrics = {"accuracy": 0.9, "mean_depth": number / 3}
        journal.append("policy", policy_hash=f"{number}", name=f"policy {number}", metrics=metrics, **policy)
    journal.append("unknown kind", of="a later version")
    journal.append("finished", metrics={"test_accuracy": 0.9}, tags={"feasible": "true"}, artifacts=[])


def client(uri):
    return MlflowClient(tracking_uri=uri)


def run_named(uri, name, view=ViewType.ACTIVE_ONLY):
    experiment = client(uri).get_experiment_by_name(EXPERIMENT).experiment_id
    (run,) = client(uri).search_runs([experiment], f"attributes.run_name LIKE '{name}%'", run_view_type=view)
    return run


@pytest.mark.parametrize("portion", [1, 3, 7, 1000])
def test_portions_change_nothing(connected, uri, journal, portion):
    whole_sweep(journal)
    runs = connected()
    for start in range(0, len(journal.events), portion):
        runs.apply(journal.events[start : start + portion])
    assert contents(uri) == expected(journal)


def test_events_that_are_sent_again_change_nothing(connected, uri, journal):
    whole_sweep(journal)
    runs = connected()
    runs.apply(journal.events)
    runs.apply(journal.events)
    connected().apply(journal.events)
    for event in journal.events:
        connected().apply([event])
    assert contents(uri) == expected(journal)


def test_tags_say_what_a_run_is(connected, uri, journal):
    whole_sweep(journal)
    connected().apply(journal.events)
    trial, policy, sweep = (run_named(uri, name).data.tags for name in ("trial-0001", "policy 1", "tracked"))
    assert {tags["exitsearch.sweep"] for tags in (trial, policy, sweep)} == {"tracked"}
    assert trial["exitsearch.trial_id"] == policy["exitsearch.trial_id"] == "trial-0001"
    assert (policy["exitsearch.policy_hash"], policy["pareto"]) == ("1", "true")
    assert sweep["feasible"] == "true"
    assert "pareto" not in trial


def test_times_are_those_of_the_events(connected, uri, journal):
    run_trials(journal, [1])
    connected().apply(journal.events)
    suggested, ended = (
        next(event for event in journal.events if event["event"] == kind) for kind in ("suggested", "ended")
    )
    info = run_named(uri, "trial-0001").info
    assert (info.start_time, info.end_time) == (suggested["time_ms"], ended["time_ms"])


def test_only_metrics_of_the_contract_are_logged(connected, uri, journal):
    suggest(journal, 1)
    report(journal, 1, 1, ece_exit_1=0.1, seconds=3, accuracy_exit_2=0.4, time_total_s=3, depth_at_target=None)
    connected().apply(journal.events)
    assert run_named(uri, "trial-0001").data.metrics.keys() == {
        *("epoch", "accuracy", "mean_depth", "train_loss", "ece_exit_1", "seconds", "accuracy_exit_2")
    }


def test_configuration_is_that_of_the_first_start(connected, uri, journal):
    runs = connected()
    runs.apply(journal.events)
    journal.append("stopped", reason="")
    runs.apply(journal.events)
    assert contents(uri)["sweep", "tracked"][0]["status"] == "KILLED"
    journal.append("started", params={"target": 0.95, "tracking.uri": "y", "resources.cpus": 2})
    connected().apply(journal.events[2:])
    assert contents(uri) == expected(journal)
    assert contents(uri)["sweep", "tracked"][0]["status"] == "RUNNING"


def test_trial_that_failed_and_went_on_ends_as_it_ended_last(connected, uri, journal):
    suggest(journal, 1)
    end(journal, 1, failure="out of memory")
    report(journal, 1, 1)
    end(journal, 1)
    connected().apply(journal.events)
    assert contents(uri)["trial", "trial-0001"][0]["status"] == "FINISHED"


def test_same_figures_at_a_second_end_are_the_same_points(connected, uri, journal):
    figures = {"metrics": {"test_accuracy": 0.9}, "tags": {}, "artifacts": []}
    journal.append("finished", **figures)
    journal.append("finished", **figures, measured_ms=journal.events[-1]["time_ms"])
    runs = connected()
    for event in journal.events:
        runs.apply([event])
    assert contents(uri) == expected(journal)
    assert len(contents(uri)["sweep", "tracked"][0]["points"]["test_accuracy"]) == 1


def test_many_parameters_and_points_are_sent_in_portions(connected, uri, folder):
    with open_journal(folder) as journal:
        journal.append("started", params={f"key_{number}": number for number in range(250)})
        suggest(journal, 1)
        for epoch in range(1, 301):
            report(journal, 1, epoch)
        connected().apply(journal.events)
        assert contents(uri) == expected(journal)


def test_odd_names_and_values_are_made_to_fit(connected, uri, folder):
    with open_journal(folder) as journal:
        odd = {"a key, of sorts!": "\0zero\ud800", "long": "x" * 10_000, "a!": 1, "a?": 2, "k" * 300: 3}
        journal.append("started", params=odd)
        suggest(journal, 1)
        end(journal, 1, failure="\0" + "y" * 9000)
        connected().apply(journal.events)
    params = run_named(uri, "tracked").data.params
    assert params["a key_ of sorts_"] == "zero?"
    assert len(params["long"]) == 6000
    assert params["a_"] == "2"
    assert len(run_named(uri, "trial-0001").data.tags["failure"]) == 5000


def test_secrets_do_not_reach_the_store(connected, uri, folder):
    with open_journal(folder) as journal:
        journal.append("started", params={"api_key": "hush-1", "tracking.uri": "http://u:hush-2@h"})
        suggest(journal, 1)
        end(journal, 1, failure="cannot read s3://key:hush-3@bucket (password=hush-4)")
        connected().apply(journal.events)
    assert "hush" not in str(run_named(uri, "tracked").data.to_dictionary())
    assert "hush" not in str(run_named(uri, "trial-0001").data.to_dictionary())


def test_runs_on_many_pages_are_found(connected, uri, journal, monkeypatch):
    whole_sweep(journal)
    connected().apply(journal.events)
    monkeypatch.setattr(mlflow_store, "_PAGE", 2)
    connected().apply(journal.events)
    assert contents(uri) == expected(journal)


def test_runs_that_are_there_twice_become_one(connected, uri, journal):
    whole_sweep(journal)
    connected().apply(journal.events)
    for name in ("tracked", "trial-0001", "policy 2"):
        run = run_named(uri, name)
        client(uri).create_run(run.info.experiment_id, tags=run.data.tags)
    connected()
    assert contents(uri) == expected(journal)


def test_runs_of_others_are_left_alone(connected, uri, journal):
    connected().apply(journal.events)
    run = run_named(uri, "tracked")
    marks = {"exitsearch.sweep_id": SWEEP_ID}
    for kind in ({}, {"exitsearch.kind": "note"}, {"exitsearch.kind": "note"}):
        client(uri).create_run(run.info.experiment_id, tags=marks | kind, run_name="mine")
    connected()
    assert len(client(uri).search_runs([run.info.experiment_id], "attributes.run_name = 'mine'")) == 3


def test_two_sweeps_of_one_name_do_not_meet(connected, uri, journal, folder, told):
    connected().apply(journal.events)
    store = MlflowStore(uri, EXPERIMENT, sweep_id="6" * 32, sweep=folder.name)
    others = MlflowRuns(store, folder.path, sweep_id="6" * 32, sweep=folder.name, tell=told.append)
    assert not others.connect()
    others.apply(journal.events)
    assert len(contents(uri)) == len(contents(uri, "6" * 32)) == 1


@pytest.mark.parametrize("name", ["tracked", "trial-0001"])
def test_run_that_was_deleted_is_a_fault_of_its_own_kind(connected, uri, journal, name):
    run_trials(journal, [1])
    runs = connected()
    runs.apply(journal.events[:-1])
    client(uri).delete_run(run_named(uri, name).info.run_id)
    journal.append("stopped", reason="")
    with pytest.raises(MlflowException) as caught:
        runs.apply(journal.events[-2:])
    assert fault_of(caught.value) is Fault.GONE
    assert runs.connect() == (name != "tracked")
    runs.apply(journal.events)
    assert contents(uri) == expected(journal)


def test_deleted_experiment_is_explained(connected, uri, journal):
    connected().apply(journal.events)
    experiment = client(uri).get_experiment_by_name(EXPERIMENT).experiment_id
    client(uri).delete_experiment(experiment)
    with pytest.raises(
        MlflowException, match=f"restore it with mlflow experiments restore --experiment-id {experiment}"
    ):
        connected()


def test_artifacts_are_attached_and_missing_ones_are_told(connected, uri, folder, journal, told):
    (folder.path / "summary.json").write_text("{}")
    (folder.path.parent / "secret.txt").write_text("not of this sweep")
    names = ["summary.json", "gone.png", "../secret.txt", "/etc/hostname"]
    journal.append("finished", metrics={}, tags={}, artifacts=names)
    connected().apply(journal.events)
    run = run_named(uri, "tracked")
    assert [file.path for file in client(uri).list_artifacts(run.info.run_id)] == ["summary.json"]
    assert run.info.status == "FINISHED"
    assert [line.split(" is ")[0] for line in told] == names[1:]


@pytest.mark.parametrize(
    ("fault", "attempts"), [(PermissionError("no"), 1), (MlflowException("down", TEMPORARILY_UNAVAILABLE), 3)]
)
def test_artifact_that_cannot_be_attached_does_not_keep_the_run_open(
    connected, uri, folder, journal, told, monkeypatch, fault, attempts
):
    def fail(*_):
        raise fault

    (folder.path / "summary.json").write_text("{}")
    journal.append("finished", metrics={"test_accuracy": 0.9}, tags={}, artifacts=["summary.json"])
    runs = connected()
    monkeypatch.setattr(MlflowStore, "upload", fail)
    for _ in range(attempts - 1):
        with pytest.raises(MlflowException):
            runs.apply(journal.events)
    runs.apply(journal.events)
    assert contents(uri) == expected(journal)
    assert len(told) == 1
    assert "--resume --name tracked tries again" in told[0]
