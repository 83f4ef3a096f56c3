"""Of every family of detectors, every executor decides what each rule's policy decides on the exit table."""

import numpy as np
import pytest
import torch

from policies.rules import DETECTION_RULES, get_rule
from policies.runtime.agreement import Agreement
from policies.runtime.detection.box_likeness import BoxLikeness
from policies.runtime.onnx_stages import OnnxStages
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.torch_stages import TorchStages
from tests.policies.runtime.midpoints import policy_for
from tests.toys.rectangles import CLASS_NAMES, rectangles
from trainables.data import Split
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.export.onnx.verification import verify_stage_graphs
from trainables.models import NETWORKS
from trainables.tasks.detection import DetectionTraining


FAMILIES = sorted(name for name, family in NETWORKS.items() if family.task == "detection")
# One with a stage between the first and the last, and one without: exporting takes seconds a stage.
OPTIONS = {
    "ssd": {"n_exits": 3, "backbone": "mobilenet-v3-small"},
    "ssdlite": {"n_exits": 2, "blocks": ("features.7",)},
}
TEMPERATURES = (1.1, 0.9, 1.0)
SIZE, N_IMAGES = 160, 40
EXECUTORS = ("torch", "onnx")


@pytest.fixture(scope="module", params=FAMILIES)
def network(request, tmp_path_factory):
    """A network of random weights, spread so that exits differ in what they are sure of; and its table."""
    images, objects = rectangles(N_IMAGES, size=SIZE)
    split = Split(images, objects, np.array([f"s{i}" for i in range(N_IMAGES)]), None)
    torch.manual_seed(0)
    model = NETWORKS[request.param].build(
        input_shape=images.shape[1:],
        n_classes=len(CLASS_NAMES),
        width=16,
        mean=[0.4] * 3,
        std=[0.2] * 3,
        **OPTIONS[request.param],
    )
    model.fit_anchors(objects)
    for head in model.heads:
        for predict in head.predictions:
            predict[-1].weight.data *= 40
    table = DetectionTraining().table(model.eval(), split, {"class_names": list(CLASS_NAMES)})
    folder = tmp_path_factory.mktemp("graphs")
    write_stage_graphs(model, images.shape[1:], folder)
    assert verify_stage_graphs(model, folder, images).largest_difference < 1e-3
    return request.param, model, images, table, {"torch": TorchStages(model), "onnx": OnnxStages(folder)}


def executor_of(family, rule):
    """Each family is run by both executors, and each rule by both, though not each by both of each."""
    return EXECUTORS[(FAMILIES.index(family) + DETECTION_RULES.index(rule)) % 2]


def test_both_executors_run_every_rule_and_every_family():
    pairs = {(family, rule): executor_of(family, rule) for family in FAMILIES for rule in DETECTION_RULES}
    for one in (*FAMILIES, *DETECTION_RULES):
        assert {executor for pair, executor in pairs.items() if one in pair} == {*EXECUTORS}, one


@pytest.mark.slow  # networks that are written as graphs
@pytest.mark.parametrize("rule", DETECTION_RULES)
def test_every_image_leaves_where_the_policy_says_with_the_same_boxes(network, rule):
    family, model, images, table, executors = network
    policy = policy_for(get_rule(rule), table, TEMPERATURES[: table.n_exits])
    decision = policy.decide(table)
    compare = BoxLikeness(model.post_processing, policy.temperatures)
    runtime = EarlyExitRuntime(executors[executor_of(family, rule)], policy, chunk_size=16)
    found = Agreement.of(runtime.run(images), decision.exits, decision.answers, compare=compare)
    assert found.holds, found.sentence(table.ids.tolist())
    assert len(found.differing) <= 4
    for row in range(0, N_IMAGES, 10):
        rows = slice(row, row + 1)
        alone = runtime.run(images[rows])
        assert Agreement.of(alone, decision.exits[rows], decision.answers[rows], compare=compare).holds, row
