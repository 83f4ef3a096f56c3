"""Of every classifier's network, graphs say what it says, and executors decide what each rule's policy does."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from policies.rules import get_rule
from policies.runtime.agreement import Agreement
from policies.runtime.onnx_stages import OnnxStages, stage_path
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.stages import Stages
from policies.runtime.torch_stages import TorchStages
from policies.tables.classification import ClassificationTable
from tests.policies.runtime.midpoints import policy_for
from tests.tables import CLASSIFIER_RULES
from trainables.data import Split
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.export.onnx.verification import verify_stage_graphs
from trainables.models import NetworkSpec
from trainables.models.inference import unit_scale
from trainables.tasks import get_training_task
from trainables.workloads import WORKLOADS, get_workload


# One workload of each network. What an image folder is trained with by default, small enough to be written as graphs
# in seconds.
SHAPES = {
    "digits": (1, 8, 8),
    "fashion-mnist": (1, 28, 28),
    "cifar10": (3, 32, 32),
    "darts": (3, 16, 16),
    "darts-small": (1, 16, 16),
    "image-folder": (3, 48, 48),
    "audio-folder": (1, 40, 51),
}
# A first stage, one between and a last; of the two that differ in their stem alone, one without a stage between.
N_EXITS = dict.fromkeys(SHAPES, 3) | {"darts": 2}
N_CLASSES, N_SAMPLES = 6, 140
EXECUTORS = ("torch", "onnx")


def network_of(workload):
    return workload.build, workload.n_exits, workload.width


def test_the_network_of_every_classifier_is_here():
    classifiers = [workload for workload in WORKLOADS.values() if workload.task == "classification"]
    here = [network_of(get_workload(name)) for name in SHAPES]
    for workload in classifiers:
        assert network_of(workload) in here, workload.name
    assert {*SHAPES} <= {workload.name for workload in classifiers}


@dataclass(frozen=True)
class Written:
    """A network that is written as graphs, and what it says."""

    name: str
    split: Split
    table: ClassificationTable
    temperatures: np.ndarray
    folder: Path
    executors: dict[str, Stages]


def split_of(shape):
    """Bytes for pictures, numbers for the rest, of classes that have something to do with them."""
    rng = np.random.default_rng(0)
    labels = np.arange(N_SAMPLES) % N_CLASSES
    inputs = rng.random((N_SAMPLES, *shape)) * 0.75 + 0.25 * rng.random((N_CLASSES, *shape))[labels]
    inputs = (inputs * 255).astype(np.uint8) if shape[0] == 3 else inputs.astype(np.float32)
    return Split(inputs, labels, np.array([f"s{i}" for i in range(N_SAMPLES)]), None)


# Those of detectors are networks of two families: see test_every_detector.py.
@pytest.fixture(scope="module", params=sorted(SHAPES))
def network(request, tmp_path_factory):
    """A network after some steps, which are enough for exits that differ in what they are sure of; and its table."""
    workload, split = get_workload(request.param), split_of(SHAPES[request.param])
    torch.manual_seed(0)
    spec = NetworkSpec(n_exits=N_EXITS[request.param], width=min(workload.width, 16))
    model = workload.build_model(split, N_CLASSES, spec)
    inputs, labels = unit_scale(torch.as_tensor(split.inputs)), torch.as_tensor(split.labels)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(12):
        logits = model(inputs)
        loss = sum(nn.functional.cross_entropy(logits[:, k], labels) for k in range(model.n_exits))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    table = get_training_task(workload.task).table(model.eval(), split, {"workload": request.param})
    folder = tmp_path_factory.mktemp("graphs")
    write_stage_graphs(model, split.inputs.shape[1:], folder)
    check = verify_stage_graphs(model, folder, split.inputs)
    assert check.largest_difference < 1e-4 and check.n_differing == 0
    # Sure in their own way, whatever the training came to.
    temperatures = table.logits.std(axis=(0, 2)) / 2
    return Written(
        request.param, split, table, temperatures, folder, {"torch": TorchStages(model), "onnx": OnnxStages(folder)}
    )


def executor_of(name, rule):
    """Each network is run by both executors, and each rule by both, though not each by both of each."""
    return EXECUTORS[(sorted(SHAPES).index(name) + sorted(CLASSIFIER_RULES).index(rule)) % 2]


def test_both_executors_run_every_rule_and_every_network():
    pairs = {(name, rule): executor_of(name, rule) for name in SHAPES for rule in CLASSIFIER_RULES}
    for one in (*SHAPES, *CLASSIFIER_RULES):
        assert {executor for pair, executor in pairs.items() if one in pair} == {*EXECUTORS}, one
    # Those whose heads say when to stop.
    assert {executor_of(name, "dual-threshold") for name in ("darts", "darts-small")} == {*EXECUTORS}


@pytest.mark.slow
def test_graphs_take_any_number_of_samples_and_means_over_maps_are_one_operator(network):
    """Though networks have their channels last in memory."""
    graphs = [onnx.load(stage_path(network.folder, k)).graph for k in range(network.table.n_exits)]
    for graph in graphs:
        for value in (*graph.input, *graph.output):
            first, *others = value.type.tensor_type.shape.dim
            assert first.dim_param == "batch"
            assert all(axis.dim_value > 0 for axis in others)
    if network.name == "image-folder":
        assert {node.op_type for graph in graphs for node in graph.node} <= {
            "Sub", "Div", "Conv", "Relu", "HardSwish", "HardSigmoid", "Mul", "Add", "ReduceMean", "Reshape", "Gemm",
        }  # fmt: skip


@pytest.mark.slow  # networks that are written as graphs
@pytest.mark.parametrize("rule", sorted(CLASSIFIER_RULES))
def test_every_sample_leaves_where_the_policy_says(network, rule):
    split, table = network.split, network.table
    assert isinstance(table, ClassificationTable)
    reason = get_rule(rule).why_not(table)
    if reason:
        assert rule == "dual-threshold"
        pytest.skip(reason)
    policy = policy_for(get_rule(rule), table, network.temperatures)
    decision = policy.decide(table)
    assert rule == "patience" or len(np.unique(decision.exits)) > 1
    runtime = EarlyExitRuntime(network.executors[executor_of(network.name, rule)], policy, chunk_size=32)
    found = Agreement.of(runtime.run(split.inputs), decision.exits, decision.answers)
    assert found.holds, found.sentence(split.ids.tolist())
    assert len(found.differing) <= 3
    for row in range(0, N_SAMPLES, 20):
        alone = Agreement.of(
            runtime.run(split.inputs[row : row + 1]), decision.exits[row : row + 1], decision.answers[row : row + 1]
        )
        assert alone.holds, split.ids[row]
