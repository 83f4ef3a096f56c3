"""What MLflow runs of a network with sets of labels: names and probabilities, in the form that the signature states."""

import io
import json

from mlflow.pyfunc import PythonModelContext
from mlflow.pyfunc.scoring_server import predictions_to_json
import numpy as np
import pytest

from search.serving.bundle_model import ARTIFACT, BundleModel
from search.serving.signature import signature_of
from tests.label_networks import LABEL_NAMES, label_policy, made_network, write_label_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_label_bundle(tmp_path_factory.mktemp("bundles") / "halves")


def served(bundle):
    model = BundleModel()
    model.load_context(PythonModelContext(artifacts={ARTIFACT: str(bundle.folder)}, model_config={}))
    return model.predict(None, made_network().inputs)


def test_samples_get_the_exit_and_the_labels_of_the_policy(bundle):
    answers, decision = served(bundle), label_policy().decide(made_network().table)
    assert list(answers.columns) == [spec.name for spec in signature_of(bundle.manifest).outputs]
    assert answers["depth"].tolist() == (decision.exits + 1).tolist()
    names = [{name for name, on in zip(LABEL_NAMES, row, strict=True) if on} for row in decision.answers]
    assert [set(own) for own in answers["labels"]] == names
    found = [[own[name] for name in LABEL_NAMES] for own in answers["probabilities"]]
    np.testing.assert_allclose(found, decision.probabilities, atol=1e-4)


def test_answers_are_json_as_a_server_sends_them(bundle):
    sent = io.StringIO()
    predictions_to_json(served(bundle)[:3], sent)
    first = json.loads(sent.getvalue())["predictions"][0]
    assert set(first) == {"labels", "probabilities", "depth", "reason"}
    assert set(first["probabilities"]) == set(LABEL_NAMES)
