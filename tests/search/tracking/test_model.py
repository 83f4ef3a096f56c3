"""The sweep's run leads to the selected policy as a model: one, whatever is sent again and wherever it was cut off."""

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
import pytest

from search.tracking.runs import MlflowRuns
from search.tracking.store import MlflowStore
from tests.search.tracking.delivering import Killed, ending_after
from tests.search.tracking.tracked import EXPERIMENT, SWEEP_ID, open_journal


MODEL = {
    "name": "digits/1: 'best'",
    "identity": "abc trial-0003",
    "tags": {"rule": "ensemble", "network": "trial-0003", "certified": "true", "files": ""},
    "params": {"rule": "ensemble", "threshold_1": 0.7},
}
WRITING = ("create_logged_model", "finalize_logged_model", "log_outputs", "delete_logged_model", "set_terminated")


def deliver(uri, folder, *models, experiment=EXPERIMENT, tell=lambda line: None):
    """All events of a sweep that was finished once for each model, in one session."""
    store = MlflowStore(uri, experiment, sweep_id=SWEEP_ID, sweep=folder.name)
    runs = MlflowRuns(store, folder.path, sweep_id=SWEEP_ID, sweep=folder.name, tell=tell)
    runs.connect()
    with open_journal(folder) as journal:
        known = [event["model"] for event in journal.events if event["event"] == "finished"]
        for model in models[len(known) :]:
            journal.append("started", params={})
            journal.append("finished", metrics={}, tags={}, artifacts=[], model=model)
        runs.apply(journal.events)


def linked(uri, name=EXPERIMENT):
    """The models of the experiment, and the ids of those that the sweep's run leads to."""
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(name).experiment_id
    (run,) = client.search_runs([experiment], "tags.`exitsearch.kind` = 'sweep'")
    run = client.get_run(run.info.run_id)
    outputs = [one.model_id for one in (run.outputs.model_outputs if run.outputs else [])]
    return list(client.search_logged_models([experiment])), outputs, run


def test_a_model_is_linked_once_however_often_it_is_sent(uri, folder):
    for _ in range(3):
        deliver(uri, folder, MODEL)
    (model,), outputs, run = linked(uri)
    assert outputs == [model.model_id]
    assert (model.name, model.model_type, str(model.status)) == ("digits-1- -best-", "early-exit", "READY")
    assert model.source_run_id == run.info.run_id
    assert model.params == {"rule": "ensemble", "threshold_1": "0.7"}
    assert (model.tags["network"], model.tags["exitsearch.sweep_id"]) == ("trial-0003", SWEEP_ID)


@pytest.mark.parametrize("moment", [1, 2, 3, 4])
def test_a_kill_after_any_call_leaves_one_model_in_the_end(uri, folder, moment, monkeypatch):
    with monkeypatch.context() as patched, pytest.raises(Killed):
        ending_after(patched, moment, names=WRITING)
        deliver(uri, folder, MODEL)
    deliver(uri, folder, MODEL)
    (model,), outputs, run = linked(uri)
    assert outputs == [model.model_id]
    assert (str(model.status), run.info.status) == ("READY", "FINISHED")


def test_another_selected_policy_marks_the_first_as_superseded(uri, folder):
    other = {**MODEL, "identity": "def trial-0001", "params": {"rule": "confidence"}}
    for _ in range(2):
        deliver(uri, folder, MODEL)
    deliver(uri, folder, MODEL, other)
    models, outputs, _ = linked(uri)
    marked = {model.params["rule"]: "exitsearch.superseded" in model.tags for model in models}
    assert marked == {"ensemble": True, "confidence": False}
    assert sorted(outputs) == sorted(model.model_id for model in models)
    assert outputs == list(dict.fromkeys(outputs))


def test_a_model_that_was_made_twice_is_there_once(uri, folder, monkeypatch):
    with monkeypatch.context() as patched, pytest.raises(Killed):
        ending_after(patched, 1, names=WRITING)
        deliver(uri, folder, MODEL)
    (lost,), _, run = linked(uri)
    MlflowClient(tracking_uri=uri).create_logged_model(
        run.info.experiment_id, source_run_id=run.info.run_id, tags=dict(lost.tags)
    )
    deliver(uri, folder, MODEL)
    (model,), outputs, _ = linked(uri)
    assert outputs == [model.model_id]


def test_a_store_without_models_gets_the_rest(uri, folder, monkeypatch):
    def refuse(*arguments, **options):
        raise MlflowException.invalid_parameter_value("no such endpoint")

    told = []
    monkeypatch.setattr(MlflowClient, "search_logged_models", refuse)
    deliver(uri, folder, MODEL, tell=told.append)
    monkeypatch.undo()
    models, outputs, run = linked(uri)
    assert (models, outputs, run.info.status) == ([], [], "FINISHED")
    assert told == [
        "the selected model could not be linked with the sweep's MLflow run (no such endpoint); "
        "--resume --name tracked tries again"
    ]


def test_a_journal_of_an_earlier_version_has_no_model(uri, folder):
    deliver(uri, folder, None)
    assert linked(uri)[:2] == ([], [])


@pytest.mark.slow
def test_a_server_has_the_model_once_too(mlflow_server, folder):
    for _ in range(2):
        deliver(mlflow_server.uri, folder, MODEL, experiment="models")
    (model,), outputs, _ = linked(mlflow_server.uri, "models")
    assert outputs == [model.model_id]


@pytest.mark.slow
def test_postgresql_has_the_model_once_too(database, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where MLflow then puts files
    for _ in range(2):
        deliver(database.uri, folder, MODEL, experiment="models")
    (model,), outputs, _ = linked(database.uri, "models")
    assert outputs == [model.model_id]
