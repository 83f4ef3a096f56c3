"""What MLflow runs decides as the policy does on the exit table, for every rule, and refuses what is no input."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PythonModelContext
import numpy as np
import pytest

from search.export.subject import checked_content
from search.serving.bundle_model import ARTIFACT, BundleModel
from tests.bundles import digits_subject, write_digits_bundle
from tests.search.serving.decided import assert_as_decided, served_inputs
from tests.tables import CLASSIFIER_RULES
from trainables.errors import BundleError, InputRangeWarning
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.writing import write_bundle
from trainables.models.inference import outputs_on


def loaded(bundle, **config):
    """The model as MLflow makes it ready."""
    model = BundleModel()
    model.load_context(PythonModelContext(artifacts={ARTIFACT: str(bundle.folder)}, model_config=config))
    return model


# The one rule that asks more of a network than logits.
RULES_OF_LOGITS = sorted(set(CLASSIFIER_RULES) - {"dual-threshold"})


@pytest.mark.parametrize("rule", RULES_OF_LOGITS)
def test_samples_get_the_exit_and_the_answer_of_the_policy(rule, tmp_path):
    model = loaded(write_digits_bundle(tmp_path / "bundle", rule))
    inputs = served_inputs()
    answers = model.predict(None, inputs)
    assert answers["depth"].nunique() > 1
    assert_as_decided(answers, rule)
    for row in range(0, len(inputs), 40):
        own = slice(row, row + 1)
        assert_as_decided(model.predict(None, inputs[own]), rule, own)


def test_answers_have_one_row_per_sample_and_say_why(bundle):
    answers = loaded(bundle).predict(None, served_inputs()[:40])
    assert list(answers.columns) == ["label", "confidence", "depth", "reason"]
    assert [str(kind) for kind in answers.dtypes[["confidence", "depth"]]] == ["float64", "int64"]
    for row in answers.itertuples():
        assert row.reason == "exit 3 is the last" if row.depth == 3 else row.reason.startswith("score ")


def test_it_may_be_asked_by_several_threads_at_once(bundle):
    model = loaded(bundle)
    inputs = served_inputs()
    parts = [slice(start, start + 30) for start in range(0, len(inputs), 30)] * 4
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda rows: model.predict(None, inputs[rows]), parts))
    for rows, one in zip(parts, answers, strict=True):
        assert_as_decided(one, rows=rows)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((2, 1, 7, 8), np.float32), r"inputs must have shape \(n, 1, 8, 8\) but have \(2, 1, 7, 8\)"),
        (np.zeros((0, 1, 8, 8), np.float32), r"inputs must have shape \(n, 1, 8, 8\)"),
        (np.full((1, 1, 8, 8), np.nan, np.float32), "must be finite"),
    ],
)
def test_what_is_no_input_is_refused_as_the_callers_mistake(inputs, message, bundle):
    with pytest.raises(MlflowException, match=message) as refused:
        loaded(bundle).predict(None, inputs)
    assert refused.value.get_http_status_code() == 400
    assert "\n" not in str(refused.value)


def test_forgotten_scaling_is_told(bundle):
    with pytest.warns(InputRangeWarning, match="5 of 5 inputs hold values in 0..16"):
        loaded(bundle).predict(None, served_inputs()[:5] * 16)


@pytest.fixture(scope="module")
def of_pixels(tmp_path_factory):
    """A bundle that takes uint8."""
    subject = digits_subject()
    pixels = (subject.inputs * 255).astype(np.uint8)
    said = outputs_on(subject.network.model, pixels).numpy()
    of_pixels = replace(subject, inputs=pixels, search=replace(subject.search, logits=said))
    content = checked_content(of_pixels, ("torch",)).content
    return write_bundle(tmp_path_factory.mktemp("pixels") / "bundle", content)


def test_pixels_that_lost_their_fractions_are_refused(of_pixels):
    model, pixels = loaded(of_pixels), served_inputs()[:3]
    assert len(model.predict(None, (pixels * 255).astype(np.uint8))) == 3
    lost = pixels.astype(np.uint8)
    with pytest.raises(MlflowException, match="must be whole numbers in 0..255 but none is above 1"):
        model.predict(None, lost)


def test_it_runs_in_the_executor_and_threads_that_are_asked_for(bundle):
    with pytest.raises(BundleError, match="the executor must be one that the bundle has"):
        loaded(bundle, executor="tensorrt")
    with pytest.raises(BundleError, match="keys of executor, n_threads, device, chunk_size but has 'threads'"):
        loaded(bundle, threads=2)
    with pytest.raises(BundleError, match="device must be one of cpu, cuda but is 'tpu'"):
        loaded(bundle, device="tpu")
    with pytest.raises(BundleError, match="n_threads must be a whole number from 1 but is 0"):
        loaded(bundle, n_threads=0)
    with pytest.raises(BundleError, match="chunk_size must be a whole number from 1 but is None"):
        loaded(bundle, chunk_size=None)
    loaded(bundle, executor="torch", n_threads=2)


def test_no_request_waits_for_a_chunk_size_to_be_measured(bundle, monkeypatch):
    monkeypatch.setattr("policies.runtime.runtime.fastest_chunk", lambda *_: pytest.fail("measured"))
    model = loaded(bundle)
    assert len(model.predict(None, np.repeat(served_inputs()[:4], 100, axis=0))) == 400


def test_what_decides_otherwise_here_is_not_served(bundle, monkeypatch):
    check = replace(bundle.check, exits=(bundle.check.exits + 1) % 3)
    monkeypatch.setattr(Bundle, "load", lambda folder: replace(bundle, check=check))
    with pytest.raises(BundleError, match="as it did where it was written but 12 of 12 samples differ"):
        loaded(bundle)


def test_graphs_of_classes_are_served_without_torch(bundle):
    served = Bundle.load(bundle.folder)
    assert served.computes_with_torch("torch") and not served.computes_with_torch("onnx")
