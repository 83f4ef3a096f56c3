"""What MLflow runs of a detector: boxes as shares of each image, in the form that the signature states."""

import io
import json

from mlflow.pyfunc import PythonModelContext
from mlflow.pyfunc.scoring_server import predictions_to_json
import numpy as np
import pytest

from search.serving.bundle_model import ARTIFACT, BundleModel
from search.serving.requirements import requirements_of
from search.serving.signature import signature_of
from tests.detectors import detector_policy, made_detector, write_detector_bundle
from tests.toys.rectangles import CLASS_NAMES


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_detector_bundle(tmp_path_factory.mktemp("bundles") / "rectangles")


def test_images_get_the_exit_and_the_boxes_of_the_policy(bundle):
    model = BundleModel()
    model.load_context(PythonModelContext(artifacts={ARTIFACT: str(bundle.folder)}, model_config={}))
    made, decision = made_detector(), detector_policy().decide(made_detector().table)
    answers = model.predict(None, made.images)
    assert list(answers.columns) == [spec.name for spec in signature_of(bundle.manifest).outputs]
    assert answers["depth"].tolist() == (decision.exits + 1).tolist()
    for found, rows in zip(answers["boxes"], decision.answers, strict=True):
        expected = rows[rows[:, 4] >= 0]
        assert [box["label"] for box in found] == [CLASS_NAMES[int(row[4])] for row in expected]
        sides = [[box[side] for side in ("left", "top", "right", "bottom", "score")] for box in found]
        np.testing.assert_allclose(np.array(sides).reshape(-1, 5), expected[:, [0, 1, 2, 3, 5]], atol=1e-4)


def test_answers_are_json_as_a_server_sends_them(bundle):
    model = BundleModel()
    model.load_context(PythonModelContext(artifacts={ARTIFACT: str(bundle.folder)}, model_config={}))
    sent = io.StringIO()
    predictions_to_json(model.predict(None, made_detector().images[:3]), sent)
    first = json.loads(sent.getvalue())["predictions"][0]
    assert set(first) == {"boxes", "depth", "reason"}
    assert all(set(box) == {"label", "score", "left", "top", "right", "bottom"} for box in first["boxes"])


def test_what_keeps_boxes_is_required_whatever_runs_the_network(tmp_path):
    names = [line.partition("==")[0] for line in requirements_of(write_detector_bundle(tmp_path / "bundle"))]
    assert {"torch", "torchvision"} <= set(names)
