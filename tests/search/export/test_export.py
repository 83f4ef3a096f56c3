"""``exitsearch export``: from a sweep's folder to a bundle that decides alike in every executor, or one line."""

from dataclasses import replace
import json
import shutil

from mlflow.tracking import MlflowClient
import numpy as np
import onnx
import pytest

from policies.rules import get_rule
from policies.runtime.agreement import Agreement
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.single_graph import SingleGraph
from search.cli.app import main
from search.errors import RegistrationError
from search.export.export import export_run
from search.export.int8 import _calibration
from search.export.options import ExportOptions
from search.export.registering import register
from search.serving.registration import RegisteredVersion
from tests.bundles import another_network, digits_policy, trained_digits
from tests.finished_sweeps import TRIAL, copied, write_sweep
from trainables.data import Split
from trainables.errors import BundleError
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.manifest import RUN_KEY
from trainables.export.onnx.single_graph import write_single_graph


VERSION = RegisteredVersion(name="m", version=1, alias="candidate", run_id="r", shown_uri="sqlite://")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    return write_sweep(tmp_path_factory.mktemp("runs") / "digits-1")


@pytest.fixture(scope="module")
def said():
    return []


@pytest.fixture(scope="module")
def bundle(sweep, tmp_path_factory, said):
    """With everything that can be had of one network."""
    options = ExportOptions(onnx=True, single_graph=True)
    return export_run(sweep.path, tmp_path_factory.mktemp("bundles") / "digits", options, on_message=said.append)


@pytest.fixture(scope="module")
def said_of_int8():
    return []


@pytest.fixture(scope="module")
def quantised(sweep, tmp_path_factory, said_of_int8):
    folder = tmp_path_factory.mktemp("bundles") / "int8"
    return export_run(sweep.path, folder, ExportOptions(int8=True), on_message=said_of_int8.append)


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code, capsys.readouterr()


@pytest.mark.parametrize("executor", ["torch", "onnx"])
@pytest.mark.parametrize("chunk_size", [1, 7, 64])
def test_every_executor_decides_as_the_policy_does_on_test(bundle, executor, chunk_size):
    trained = trained_digits()
    decision = bundle.policy.decide(trained.tables["test"])
    runtime = bundle.runtime(executor, chunk_size=chunk_size)
    inputs = trained.splits.test.inputs
    for rows in [[row] for row in range(0, len(inputs), 9)] if chunk_size == 1 else [slice(None)]:
        answers = runtime.run(inputs[rows])
        found = Agreement.of(answers, decision.exits[rows], decision.answers[rows])
        assert found.holds
        assert not found.differing.size


def test_the_single_graph_decides_as_the_policy_does_on_test(bundle):
    trained = trained_digits()
    decision = bundle.policy.decide(trained.tables["test"])
    graph = SingleGraph(bundle.folder / "single_graph.onnx")
    answers = [graph(trained.splits.test.inputs[row : row + 1]) for row in range(100)]
    np.testing.assert_array_equal([int(answer["exit"][0]) for answer in answers], decision.exits[:100])
    np.testing.assert_array_equal([int(answer["label"][0]) for answer in answers], decision.answers[:100])


def test_single_samples_go_through_the_single_graph(bundle):
    trained = trained_digits()
    decision = bundle.policy.decide(trained.tables["test"])
    runtime = bundle.runtime("onnx")
    stepwise = EarlyExitRuntime(runtime.stages, bundle.policy)
    for row in range(0, 100, 7):
        own, other = (one.run(trained.splits.test.inputs[row : row + 1]) for one in (runtime, stepwise))
        assert (own.exits[0], own.answers[0]) == (decision.exits[row], decision.answers[row])
        assert own.reason(0) == other.reason(0)
        np.testing.assert_allclose(own.probabilities, other.probabilities, atol=1e-6)
        np.testing.assert_allclose(own.scores, other.scores, atol=1e-6)
        np.testing.assert_array_equal(own.thresholds, other.thresholds)
    assert bundle.single_graph("torch") is None


def test_a_single_graph_of_another_policy_is_refused(bundle, tmp_path):
    own = shutil.copytree(bundle.folder, tmp_path / "own")
    other = digits_policy("margin")
    write_single_graph(own / "onnx", other, own / "single_graph.onnx")
    bundle.manifest.save(own)
    with pytest.raises(BundleError, match="single_graph.onnx: states another policy than the bundle's"):
        Bundle.load(own).runtime("onnx")


def test_graphs_of_another_network_are_refused(bundle, quantised, tmp_path):
    own = shutil.copytree(bundle.folder, tmp_path / "own")
    for k in range(3):
        shutil.copy(quantised.folder / "onnx" / f"stage_{k}.onnx", own / "onnx" / f"stage_{k}.onnx")
    bundle.manifest.save(own)
    with pytest.raises(BundleError, match="the graphs are not of the policy's network"):
        Bundle.load(own).runtime("onnx")


def test_what_was_seen_is_said(bundle, said):
    n = len(trained_digits().splits.search.ids)
    assert said[0] == f"Runtime: {n} of {n} samples take the same exit and get the same answer"
    assert said[1].startswith("ONNX: outputs differ by ")
    assert "at batches of 1, 2, 7, 64" in said[1]
    assert said[2] == f"Single graph: {n} of {n} samples take the same exit and get the same answer"


def test_graphs_state_what_they_belong_to(bundle):
    graph = onnx.load(bundle.folder / "onnx" / "stage_0.onnx")
    stated = json.loads({entry.key: entry.value for entry in graph.metadata_props}["exitsearch"])
    assert stated["model_hash"] == bundle.manifest.model_hash
    assert stated["policy"] == bundle.policy.to_dict()
    assert graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_the_card_tells_what_it_is(bundle):
    card = (bundle.folder / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: exitsearch\npipeline_tag: image-classification\n")
    assert "With confidence 95 % over the draw of the certify split, accuracy is at least 0.5" in card
    assert "- workload: digits" in card


def test_int8_has_a_policy_and_a_certificate_of_its_own(bundle, quantised):
    assert quantised.manifest.executors == ("onnx",)
    assert quantised.manifest.is_quantised
    assert quantised.manifest.model_hash != bundle.manifest.model_hash
    assert quantised.policy.origin.network.model_hash == quantised.manifest.model_hash
    assert quantised.certificate["model_hash"] == quantised.manifest.model_hash
    assert quantised.certificate["policy_hash"] == quantised.policy.policy_hash
    assert quantised.policy.temperatures != bundle.policy.temperatures
    card = (quantised.folder / "README.md").read_text()
    assert "## What quantising changed\n\n| network | accuracy per exit |" in card
    assert "\n| int8 | " in card
    assert quantised.check.compare(quantised.runtime().run(quantised.check.inputs)).holds


def test_the_certificate_in_int8_is_told_as_that_of_a_search(quantised, said_of_int8):
    assert quantised.certificate["certified"]
    told = f"on new data of the same kind accuracy is at least 0.5 (bound {quantised.certificate['bound']:.4f})"
    assert f"Certificate of the int8 graphs: certified with confidence 95 %, {told}" in said_of_int8


def test_a_rule_that_no_single_graph_has_is_one_line(tmp_path, sweep):
    own = copied(sweep, tmp_path / "run")
    digits_policy("learned-gate").save(own.policy_file)
    with pytest.raises(Exception, match="learned-gate") as caught:
        export_run(own.path, tmp_path / "out", ExportOptions(onnx=True, single_graph=True))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert get_rule("learned-gate")


def _remove(name):
    return lambda run: (run.path / name).unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_remove("summary.json"), "a finished sweep has summary.json, but there is none"),
        (_remove("sweep.yaml"), "a finished sweep has sweep.yaml, but there is none"),
        (_remove("policy.json"), "there is no such policy"),
        (_remove("model.safetensors"), "there is no such model file"),
        (_remove(f"tables/{TRIAL}/search.npz"), "there is no such exit table"),
        (lambda run: run.summary_file.write_text("{"), "its files are damaged"),
        (lambda run: run.certificate_file.write_text("[]"), "certificate.json must be a JSON object but is a list"),
        (lambda run: another_network().save(run.policy_file), "the model hash is 0000"),
        (
            lambda run: run.environment_file.write_text('{"data_hashes": {"search": "0"}}'),
            "the data must be those that the sweep read but differ from them",
        ),
    ],
)
def test_a_folder_that_is_damaged_or_foreign_is_one_line(sweep, tmp_path, capsys, damage, message):
    own = copied(sweep, tmp_path / "run")
    damage(own)
    code, printed = outcome(capsys, "export", own.path, "--out", tmp_path / "out")
    assert code == 2
    assert message in printed.err.splitlines()[-1]
    assert "Traceback" not in printed.err
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_command_writes_a_bundle(sweep, tmp_path, capsys):
    code, printed = outcome(capsys, "export", sweep.path, "--out", tmp_path / "out", "--name", "mine")
    assert code == 0
    assert Bundle.load(tmp_path / "out").manifest.name == "mine"
    assert "take the same exit and get the same answer" in printed.out


def test_what_is_registered_is_stated_by_the_bundle(sweep, tmp_path, capsys):
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    code, printed = outcome(capsys, "export", sweep.path, "--out", tmp_path / "out", "--tracking-uri", store)
    assert code == 0, printed.err
    assert f"Model models:/digits-1@certified, version 1, in {store}" in printed.out
    bundle = Bundle.load(tmp_path / "out")
    run = MlflowClient(store).get_run(bundle.manifest.training[RUN_KEY])
    assert run.data.tags["exitsearch.model"] == "models:/digits-1/1"
    arguments = ["--batch-size", 1, "--rounds", 1, "--seconds", 0, "--tracking-uri", store]
    code, printed = outcome(capsys, "bench", bundle.folder, *arguments)
    assert code == 0, printed.err
    logged = MlflowClient(store).get_run(run.info.run_id).data.metrics
    assert logged["bench_torch_cpu_batch_1_speed_up"] > 0
    assert Bundle.load(bundle.folder).manifest == bundle.manifest


def test_stating_the_run_vouches_for_no_file(sweep, tmp_path, monkeypatch):
    bundle = export_run(sweep.path, tmp_path / "out", ExportOptions())
    (bundle.folder / "policy.json").write_text("{}")
    monkeypatch.setattr("search.export.registering.register_bundle", lambda *_: VERSION)
    assert register(bundle, sweep.path, f"sqlite:///{tmp_path / 'mlflow.db'}") == VERSION
    with pytest.raises(BundleError, match="policy.json: not the file that was exported"):
        Bundle.load(bundle.folder)


def test_a_run_that_cannot_be_stated_is_one_line(sweep, tmp_path, monkeypatch):
    bundle = export_run(sweep.path, tmp_path / "out", ExportOptions())

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("search.export.registering.register_bundle", lambda *_: VERSION)
    monkeypatch.setattr("trainables.export.bundle.manifest.write_text", fail)
    with pytest.raises(
        RegistrationError, match=r"models:/m@candidate is registered as version 1 but .*\(Permission"
    ) as told:
        register(bundle, sweep.path, f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert "\n" not in str(told.value)


def test_a_store_that_cannot_be_written_to_costs_a_warning_and_no_bundle(sweep, tmp_path, capsys):
    (tmp_path / "file").write_text("no database")
    store = f"sqlite:///{tmp_path / 'file'}"
    code, printed = outcome(capsys, "export", sweep.path, "--out", tmp_path / "out", "--tracking-uri", store)
    assert code == 3
    assert printed.err.splitlines()[-1].startswith("warning: digits-1 could not be registered in MLflow at sqlite:")
    assert Bundle.load(tmp_path / "out").manifest.name == "digits-1"


def test_quantising_sees_samples_of_all_classes():
    splits = trained_digits().splits
    order = np.argsort(splits.train.labels, kind="stable")
    train = Split(splits.train.inputs[order], splits.train.labels[order], splits.train.ids[order], None)
    drawn = _calibration(replace(splits, train=train), seed=0)
    places = {image.tobytes(): label for image, label in zip(train.inputs, train.labels, strict=True)}
    assert len(drawn) == 512
    assert len({places[image.tobytes()] for image in drawn}) == 10
