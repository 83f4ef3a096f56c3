"""Of every classifier's network, every executor decides what each rule's policy decides on the exit table."""

import numpy as np
import pytest
import torch
from torch import nn

from policies.rules import get_rule
from policies.runtime.agreement import Agreement
from policies.runtime.onnx_stages import OnnxStages
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.torch_stages import TorchStages
from policies.tables.classification import ClassificationTable
from tests.policies.runtime.midpoints import policy_for
from tests.tables import CLASSIFIER_RULES
from trainables.data import Split
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.models import NetworkSpec
from trainables.models.inference import unit_scale
from trainables.tasks import get_training_task
from trainables.workloads import WORKLOADS, get_workload


# What an image folder is trained with by default, small enough to be written as graphs in seconds.
SHAPES = {
    "digits": (1, 8, 8),
    "fashion-mnist": (1, 28, 28),
    "cifar10": (3, 32, 32),
    "cifar100": (3, 32, 32),
    "darts": (3, 16, 16),
    "darts-small": (1, 16, 16),
    "image-folder": (3, 48, 48),
    "audio-folder": (1, 40, 51),
}
N_CLASSES, N_SAMPLES = 6, 140


def test_every_classifier_is_here():
    assert {name for name, workload in WORKLOADS.items() if workload.task == "classification"} == {*SHAPES}


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
    spec = NetworkSpec(n_exits=min(workload.n_exits, 3), width=min(workload.width, 16))
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
    # Sure in their own way, whatever the training came to.
    temperatures = table.logits.std(axis=(0, 2)) / 2
    return split, table, temperatures, {"torch": TorchStages(model), "onnx": OnnxStages(folder)}


@pytest.mark.slow  # networks that are written as graphs
@pytest.mark.parametrize("executor", ["torch", "onnx"])
@pytest.mark.parametrize("rule", sorted(CLASSIFIER_RULES))
def test_every_sample_leaves_where_the_policy_says(network, rule, executor):
    split, table, temperatures, executors = network
    assert isinstance(table, ClassificationTable)
    reason = get_rule(rule).why_not(table)
    if reason:
        assert rule == "dual-threshold"
        pytest.skip(reason)
    policy = policy_for(get_rule(rule), table, temperatures)
    decision = policy.decide(table)
    assert rule == "patience" or len(np.unique(decision.exits)) > 1
    runtime = EarlyExitRuntime(executors[executor], policy, chunk_size=32)
    found = Agreement.of(runtime.run(split.inputs), decision.exits, decision.answers)
    assert found.holds, found.sentence(split.ids.tolist())
    assert len(found.differing) <= 3
    for row in range(0, N_SAMPLES, 20):
        alone = Agreement.of(
            runtime.run(split.inputs[row : row + 1]), decision.exits[row : row + 1], decision.answers[row : row + 1]
        )
        assert alone.holds, split.ids[row]
