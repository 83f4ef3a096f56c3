"""What MLflow runs decides as the policy does on the exit table, for every rule, and refuses what is no input."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PythonModelContext
import numpy as np
import pytest

from policies.rules import RULES
from search.serving.bundle_model import ARTIFACT, BundleModel
from trainables.errors import BundleError, InputRangeWarning
from trainables.export.bundle.bundle import Bundle


def loaded(bundle, **config):
    """The model as MLflow makes it ready."""
    model = BundleModel()
    model.load_context(PythonModelContext(artifacts={ARTIFACT: str(bundle.folder)}, model_config=config))
    return model


def assert_as_decided(answers, exported, rule="confidence", rows=slice(None)):
    """Sample by sample; thresholds lie between scores, so that rounding changes nothing."""
    decision = exported.policy(rule).decide(exported.table)
    names = np.array(exported.network.config.class_names)
    np.testing.assert_array_equal(answers["depth"], decision.exits[rows] + 1)
    np.testing.assert_array_equal(answers["label"], names[decision.answers[rows]])
    np.testing.assert_allclose(answers["confidence"], decision.probabilities[rows].max(axis=1), atol=1e-5)


def test_only_rules_that_need_more_than_logits_are_left_out(exported):
    assert set(RULES) - set(exported.rules) == {"dual-threshold"}


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"dual-threshold"}))
def test_samples_get_the_exit_and_the_answer_of_the_policy(rule, exported, tmp_path):
    assert len(np.unique(exported.policy(rule).decide(exported.table).exits)) > 1
    model = loaded(exported.write(tmp_path / "bundle", rule))
    assert_as_decided(model.predict(None, exported.inputs), exported, rule)
    for row in range(0, 360, 40):
        own = slice(row, row + 1)
        assert_as_decided(model.predict(None, exported.inputs[own]), exported, rule, own)


def test_answers_have_one_row_per_sample_and_say_why(bundle, exported):
    answers = loaded(bundle).predict(None, exported.inputs[:40])
    assert list(answers.columns) == ["label", "confidence", "depth", "reason"]
    assert [str(kind) for kind in answers.dtypes[["confidence", "depth"]]] == ["float64", "int64"]
    for row in answers.itertuples():
        assert row.reason == "exit 3 is the last" if row.depth == 3 else row.reason.startswith("score ")


def test_it_may_be_asked_by_several_threads_at_once(bundle, exported):
    model = loaded(bundle)
    parts = [slice(start, start + 30) for start in range(0, 360, 30)] * 4
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda rows: model.predict(None, exported.inputs[rows]), parts))
    for rows, one in zip(parts, answers, strict=True):
        assert_as_decided(one, exported, rows=rows)


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


def test_forgotten_scaling_is_told(bundle, exported):
    with pytest.warns(InputRangeWarning, match="5 of 5 inputs hold values in 0..16"):
        loaded(bundle).predict(None, exported.inputs[:5] * 16)


@pytest.fixture(scope="module")
def of_pixels(exported, tmp_path_factory):
    """A bundle that takes uint8, and its pixels."""
    pixels = (exported.inputs * 255).astype(np.uint8)
    return replace(exported, inputs=pixels).write(tmp_path_factory.mktemp("pixels") / "bundle"), pixels


def test_pixels_that_lost_their_fractions_are_refused(of_pixels, exported):
    bundle, pixels = of_pixels
    model = loaded(bundle)
    assert len(model.predict(None, pixels[:3])) == 3
    lost = exported.inputs[:3].astype(np.uint8)
    with pytest.raises(MlflowException, match="must be whole numbers in 0..255 but none is above 1"):
        model.predict(None, lost)


def test_it_runs_in_the_executor_and_threads_that_are_asked_for(bundle):
    with pytest.raises(BundleError, match="the executor must be one that the bundle has"):
        loaded(bundle, executor="tensorrt")
    with pytest.raises(BundleError, match="must have keys of executor, n_threads, device but has 'threads'"):
        loaded(bundle, threads=2)
    with pytest.raises(BundleError, match="n_threads must be a whole number from 1 but is 0"):
        loaded(bundle, n_threads=0)
    loaded(bundle, executor="torch", n_threads=2)


def test_what_decides_otherwise_here_is_not_served(bundle, monkeypatch):
    check = replace(bundle.check, exits=(bundle.check.exits + 1) % 3)
    monkeypatch.setattr(Bundle, "load", lambda folder: replace(bundle, check=check))
    with pytest.raises(BundleError, match="as it did where it was written but 12 of 12 samples differ"):
        loaded(bundle)
