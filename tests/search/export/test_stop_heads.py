"""A network with stop heads as a bundle: executors, predictions, a server's model and a watch all ask its heads."""

from functools import partial

from mlflow.pyfunc import PythonModelContext
import numpy as np
import pytest

from policies.policy import Policy
from policies.rules import get_rule
from policies.runtime.torch_stages import TorchStages
from search.bench.measure import BenchOptions, measure_bundle
from search.bench.stream import Stream
from search.export.graphs import write_graphs
from search.export.subject import ExportSubject, checked_content
from search.prediction.files import InputFiles
from search.prediction.saying import said_of_files
from search.serving.bundle_model import ARTIFACT, BundleModel
from search.watching.bundle_watch import watch_data
from search.watching.levels import Levels
from search.watching.new_data import outputs_on_files
from tests.policies.runtime.midpoints import policy_for
from tests.stopping_network import SHAPE, stopping_network, stopping_split
from trainables.data import SOURCES
from trainables.export.bundle.writing import StoredNetwork, write_bundle
from trainables.export.model_file import ModelConfig
from trainables.tasks.classification import ClassificationTraining


SEARCH, CERTIFY, NEW = (stopping_split(seed=seed) for seed in range(3))
NAMES = tuple("abcd")


@pytest.fixture(scope="module")
def subject():
    model = stopping_network()
    config = ModelConfig.of_imported(
        "tests.stopping_network:stopping_network", model, data="noise", input_shape=SHAPE, class_names=NAMES
    )
    tables = [ClassificationTraining().table(model, split, {"class_names": list(NAMES)}) for split in (SEARCH, CERTIFY)]
    return ExportSubject(
        name="stopping",
        policy=policy_for(get_rule("dual-threshold"), tables[0], np.ones(3)),
        stages=TorchStages(model),
        search=tables[0],
        certify=tables[1],
        inputs=SEARCH.inputs,
        reader=SOURCES["digits"].reader(SHAPE),
        network=StoredNetwork(model=model, config=config),
    )


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def bundle(subject, told, tmp_path_factory):
    graphs = partial(write_graphs, subject=subject, network=subject.network, single_graph=True, on_message=told.append)
    checked = checked_content(subject, ("torch", "onnx"), graphs)
    assert checked.sentence == "120 of 120 samples take the same exit and get the same answer"
    return write_bundle(tmp_path_factory.mktemp("bundles") / "stopping", checked.content)


@pytest.fixture(scope="module")
def decision(subject):
    """What the policy decides about new samples."""
    return subject.policy.decide(
        ClassificationTraining().table(subject.network.model, NEW, {"class_names": list(NAMES)})
    )


@pytest.fixture(scope="module")
def new_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("new") / "new.npy"
    np.save(path, NEW.inputs)
    return path


def test_graphs_were_compared_in_all_that_they_say(bundle, told):
    assert len(told) == 2
    assert told[0].startswith("ONNX: outputs differ by ")
    assert all("120 of 120 samples" in line for line in told)


@pytest.mark.parametrize("executor", ["torch", "onnx"])
def test_every_executor_decides_as_the_policy(bundle, decision, executor):
    runtime = bundle.runtime(executor)
    assert not bundle.check_runtime(runtime).differing.size
    together = runtime.run(NEW.inputs)
    np.testing.assert_array_equal(together.exits, decision.exits)
    alone = [runtime.run(NEW.inputs[row : row + 1]).exits[0] for row in range(40)]
    np.testing.assert_array_equal(alone, decision.exits[:40])
    assert len(set(alone)) == 3


def test_predictions_and_the_servers_model_tell_both_scores(bundle, decision, new_file):
    files = InputFiles([str(new_file)], bundle.manifest.inputs)
    found = list(said_of_files(bundle, bundle.runtime("torch"), files, batch_size=32))
    assert [one.depth for one in found] == (decision.exits + 1).tolist()
    early = next(one for one in found if one.depth == 1)
    assert early.reason.count(" >= ") == 2
    model = BundleModel()
    model.load_context(PythonModelContext(artifacts={ARTIFACT: str(bundle.folder)}, model_config={}))
    rows = model.predict(None, NEW.inputs)
    assert rows["depth"].tolist() == [one.depth for one in found]
    assert rows["label"].tolist() == [one.label for one in found]


def test_a_watch_of_files_asks_the_stop_heads(bundle, decision, new_file):
    found = outputs_on_files(bundle, new_file, "torch")
    assert (found.outputs.stop_prob[:, -1] == 1).all()
    np.testing.assert_array_equal(found.answered(bundle.policy, unit="sample").exits, decision.exits)
    assert watch_data(bundle, new_file, Levels(), executor="torch").report().sentences


def test_it_is_timed_beside_each_exit_alone(bundle):
    options = BenchOptions(executor="onnx", batch_sizes=(1, 4), rounds=1)
    record = measure_bundle(bundle, Stream(NEW.inputs[:8], "noise"), options)
    assert [len(speed.times) for speed in record.speeds] == [7, 6]


def test_a_policy_without_stop_probabilities_runs_beside_them(subject):
    confident = Policy("confidence", (0.6, 0.6), (1.0,) * 3)
    own = ExportSubject(**{**vars(subject), "policy": confident})
    assert checked_content(own, ("torch",)).agreement.holds
