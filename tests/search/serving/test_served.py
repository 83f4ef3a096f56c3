"""``mlflow models serve`` and an MLflow server, as real processes."""

import mlflow
from mlflow.tracking import MlflowClient
import numpy as np
import pandas as pd
import pytest

from search.serving.place import RegistryPlace
from search.serving.registration import register_bundle
from tests.search.serving.decided import assert_as_decided, served_inputs
from tests.search.serving.model_servers import serving
from tests.search.tracking.tracked import EXPERIMENT, sqlite_store


pytestmark = pytest.mark.slow  # each server takes seconds to start


@pytest.fixture(scope="module")
def model_server(bundle, tmp_path_factory):
    """A server of the bundle as it is registered in a database."""
    folder = tmp_path_factory.mktemp("served")
    place = RegistryPlace(uri=sqlite_store(folder), experiment=EXPERIMENT)
    with serving(folder, register_bundle(bundle, place).model_uri, place.uri) as server:
        yield server


def test_requests_are_answered_as_the_policy_decides(model_server):
    inputs = served_inputs()
    status, answer = model_server.ask(inputs.tolist())
    assert status == 200
    assert_as_decided(pd.DataFrame(answer["predictions"]))
    for row in range(0, len(inputs), 60):
        own = slice(row, row + 1)
        status, answer = model_server.ask(inputs[own].tolist(), key="instances")
        assert_as_decided(pd.DataFrame(answer["predictions"]), rows=own)
        assert set(answer["predictions"][0]) == {"label", "confidence", "depth", "reason"}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((2, 1, 7, 8)).tolist(), "Shape of input (2, 1, 7, 8) does not match expected shape (-1, 1, 8, 8)"),
        (np.zeros((8, 8)).tolist(), "Shape of input (8, 8) does not match expected shape (-1, 1, 8, 8)"),
        ([], "(-1, 1, 8, 8)"),
        (np.full((1, 1, 8, 8), np.nan).tolist(), "inputs must be finite but hold NaN or infinity"),
        ([[["text"]]], "could not convert string to float"),
    ],
)
def test_what_is_no_input_is_the_callers_mistake(inputs, message, model_server):
    status, answer = model_server.ask(inputs)
    assert status == 400
    assert message in answer["message"]


def test_registered_through_a_server(bundle, mlflow_server, monkeypatch):
    registered = register_bundle(bundle, RegistryPlace(uri=mlflow_server.uri, experiment="registered"))
    client = MlflowClient(tracking_uri=mlflow_server.uri)
    assert client.get_model_version_by_alias("digits-test", "certified").run_id == registered.run_id
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.uri)
    model = mlflow.pyfunc.load_model(registered.model_uri)
    assert_as_decided(model.predict(served_inputs()))
