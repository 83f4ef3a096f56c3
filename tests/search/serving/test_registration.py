"""Registering on real SQLite stores: what is there afterwards, what is loaded from there, and what a failure leaves."""

from importlib.metadata import version
import json
from pathlib import Path
import socket

import mlflow
from mlflow.tracking import MlflowClient
import pytest

from policies.certificates.claims import Claim
from policies.errors import ExitSearchError
from search.errors import RegistrationError
from search.serving.bundle_model import DEFAULT_CONFIG
from search.serving.place import RegistryPlace
from search.serving.registration import register_bundle
from search.tracking.store import MlflowStore
from tests.bundles import write_digits_bundle
from tests.search.serving.decided import assert_as_decided, served_inputs
from tests.search.tracking.tracked import EXPERIMENT, SWEEP_ID, no_credentials, sqlite_store
from trainables.export.bundle.bundle import Bundle


NAME = "digits-test"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A new, empty store, which is also that of the environment."""
    uri = sqlite_store(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return RegistryPlace(uri=uri, experiment=EXPERIMENT)


@pytest.fixture
def client(place):
    return MlflowClient(tracking_uri=place.uri)


@pytest.fixture
def uncertified(tmp_path):
    return write_digits_bundle(tmp_path / "candidate", claim=Claim(target=0.999))


def test_model_that_is_loaded_decides_as_the_policy(bundle, place):
    registered = register_bundle(bundle, place)
    assert registered.model_uri == "models:/digits-test@certified"
    model = mlflow.pyfunc.load_model(registered.model_uri)
    assert_as_decided(model.predict(served_inputs()))
    assert_as_decided(model.predict(served_inputs()[:1]), rows=slice(0, 1))
    with pytest.raises(mlflow.MlflowException, match=r"does not match expected shape \(-1, 1, 8, 8\)") as refused:
        model.predict(served_inputs()[:, :, :7])
    assert refused.value.get_http_status_code() == 400


def test_options_are_overridden_where_it_is_loaded(bundle, place):
    uri = register_bundle(bundle, place).model_uri
    assert mlflow.pyfunc.load_model(uri).model_config == dict(DEFAULT_CONFIG)
    with pytest.raises(Exception, match="the executor must be one that the bundle has"):
        mlflow.pyfunc.load_model(uri, model_config={"executor": "onnx"})


def test_signature_and_requirements_are_said(bundle, place):
    info = mlflow.models.get_model_info(register_bundle(bundle, place).model_uri)
    assert info.signature.inputs.to_dict() == [
        {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": (-1, 1, 8, 8)}}
    ]
    assert [(one["name"], one["type"]) for one in info.signature.outputs.to_dict()] == [
        *(("label", "string"), ("confidence", "double"), ("depth", "long"), ("reason", "string"))
    ]
    required = mlflow.pyfunc.get_model_dependencies(info.model_uri)
    assert Path(required).read_text().splitlines()[0] == f"exitsearch=={version('exitsearch')}"
    example = mlflow.models.Model.load(info.model_uri).load_input_example()
    assert example.shape == (1, 1, 8, 8)


def test_version_tells_policy_network_and_certificate(bundle, place, client):
    registered = register_bundle(bundle, place)
    stored = client.get_model_version_by_alias(NAME, "certified")
    assert int(stored.version) == registered.version == 1
    assert stored.run_id == registered.run_id
    told = {key.removeprefix("exitsearch."): value for key, value in stored.tags.items()}
    assert told["policy_hash"] == bundle.policy.policy_hash
    assert told["model_hash"] == bundle.manifest.model_hash
    assert told["certificate_claim"] == "accuracy is at least 0.5"
    assert (float(told["certificate_bound"]), told["certified"]) == (bundle.certificate["bound"], "true")
    assert stored.description.startswith("A classifier with 3 exits for inputs of 1 x 8 x 8 (float32)")
    assert "With confidence 95 %" in stored.description


def test_alias_moves_to_the_new_version_and_the_other_stays(bundle, uncertified, place, client):
    assert [register_bundle(bundle, place).version for _ in range(2)] == [1, 2]
    registered = register_bundle(uncertified, place)
    assert (registered.version, registered.alias) == (3, "candidate")
    aliases = client.get_registered_model(NAME).aliases
    assert {alias: int(number) for alias, number in aliases.items()} == {"certified": 2, "candidate": 3}
    assert "NOT certified" in client.get_model_version(NAME, "3").description


def test_sweeps_own_run_has_the_model(bundle, place, client):
    store = MlflowStore(place.uri, EXPERIMENT, sweep_id=SWEEP_ID, sweep=NAME)
    store.open()
    parent = store.create("sweep", SWEEP_ID, name=NAME, start_ms=1, tags={})
    policy = store.create("policy", bundle.policy.policy_hash, name="policy 1", start_ms=1, tags={})
    of_sweep = RegistryPlace(uri=place.uri, experiment=EXPERIMENT, sweep_id=SWEEP_ID)
    registered = register_bundle(bundle, of_sweep)
    assert registered.run_id == parent.run_id
    run = client.get_run(parent.run_id)
    assert run.data.tags["exitsearch.model"] == "models:/digits-test/1"
    (logged,) = run.outputs.model_outputs
    stored = client.get_model_version(NAME, "1")
    assert json.loads(client.get_logged_model(logged.model_id).tags["mlflow.modelVersions"]) == [
        {"name": NAME, "version": "1"}
    ]
    assert stored.tags["exitsearch.policy_run"] == policy.run_id
    assert stored.tags["exitsearch.sweep_id"] == SWEEP_ID
    assert len(client.search_runs([run.info.experiment_id])) == 2


def test_without_a_sweeps_run_there_is_one_of_its_own(bundle, place, client):
    unknown = RegistryPlace(uri=place.uri, experiment=EXPERIMENT, sweep_id="0" * 32)
    run = client.get_run(register_bundle(bundle, unknown).run_id)
    assert (run.info.run_name, run.info.status) == (NAME, "FINISHED")
    assert run.data.tags["exitsearch.kind"] == "bundle"
    assert run.data.tags["exitsearch.policy_hash"] == bundle.policy.policy_hash


def test_another_name_may_be_given(bundle, place):
    assert register_bundle(bundle, place, name="digits at the till").model_uri == "models:/digits at the till@certified"


def test_nothing_is_said_and_no_network_is_asked(bundle, place, capfd, monkeypatch, recwarn, tmp_path):
    def refuse(_socket, address):
        raise AssertionError(f"connected to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    # Of a project that happens to be in the working folder nothing is taken.
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "uv.lock").write_text("version = 1\n")
    (tmp_path / "work" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    monkeypatch.chdir(tmp_path / "work")
    register_bundle(bundle, place)
    assert capfd.readouterr() == ("", "")
    assert [str(one.message) for one in recwarn] == []
    assert not list((tmp_path / "mlflow-artifacts").rglob("uv.lock"))
    assert not list((tmp_path / "mlflow-artifacts").rglob("__pycache__"))


def test_bundle_may_lie_in_any_folder(place, tmp_path):
    odd = write_digits_bundle(tmp_path / "a b#c%20?é" / "bundle")
    model = mlflow.pyfunc.load_model(register_bundle(odd, place).model_uri)
    assert len(model.predict(served_inputs()[:2])) == 2


def left(uri):
    """How many models, versions and living runs a store has."""
    client = MlflowClient(tracking_uri=uri)
    experiments = [one.experiment_id for one in client.search_experiments()]
    return (
        len(client.search_registered_models()),
        len(client.search_model_versions()),
        len(client.search_logged_models(experiments)),
        len(client.search_runs(experiments)),
    )


STEPS = (
    "create_logged_model",
    "log_model_artifacts",
    "create_model_version",
    "set_registered_model_alias",
    "set_tag",
)


@pytest.mark.parametrize("step", STEPS)
def test_failure_leaves_the_store_as_it_was(step, bundle, place, monkeypatch):
    def fail(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, step, fail)
        with pytest.raises(RegistrationError, match=r"digits-test could not be registered .*No space left on device"):
            register_bundle(bundle, place)
    assert left(place.uri) == (0, 0, 0, 0)
    assert register_bundle(bundle, place).version == 1
    assert left(place.uri) == (1, 1, 1, 1)


def test_failure_keeps_earlier_versions(bundle, place, client, monkeypatch):
    register_bundle(bundle, place)
    with monkeypatch.context() as patch, pytest.raises(RegistrationError):
        patch.setattr(MlflowClient, "set_registered_model_alias", lambda *_: 1 / 0)
        register_bundle(bundle, place)
    assert left(place.uri) == (1, 1, 1, 1)
    assert int(client.get_model_version_by_alias(NAME, "certified").version) == 1


def test_failure_keeps_a_version_that_somebody_else_added_meanwhile(bundle, place, client, monkeypatch):
    def fail_after_another(own, *_arguments, **_options):
        MlflowClient.create_model_version(own, NAME, str(bundle.folder))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(RegistrationError):
        patch.setattr(MlflowClient, "create_logged_model", fail_after_another)
        register_bundle(bundle, place)
    assert [int(one.version) for one in client.search_model_versions(f"name='{NAME}'")] == [1]


def test_store_that_is_away_is_one_line_without_its_password(bundle):
    with socket.socket() as closed, no_credentials():
        closed.bind(("127.0.0.1", 0))
        uri = f"http://user:hush-1@127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(
            ExitSearchError, match="digits-test could not be registered in MLflow at http://user:"
        ) as told:
            register_bundle(bundle, RegistryPlace(uri=uri, experiment=EXPERIMENT))
    assert "\n" not in str(told.value)
    assert "hush-1" not in str(told.value)
    assert "--no-register" in str(told.value)
    assert Bundle.load(bundle.folder).policy == bundle.policy


def test_file_that_is_no_database_is_one_line(bundle, tmp_path):
    (tmp_path / "mlflow.db").write_text("no database")
    with pytest.raises(RegistrationError, match="file is not a database") as told:
        register_bundle(bundle, RegistryPlace(uri=f"sqlite:///{tmp_path / 'mlflow.db'}", experiment=EXPERIMENT))
    assert "\n" not in str(told.value)


def test_name_that_no_model_may_have_is_refused(bundle, place):
    with pytest.raises(RegistrationError, match="a/b could not be registered"):
        register_bundle(bundle, place, name="a/b")
    assert left(place.uri) == (0, 0, 0, 0)
