"""A detector decides and finds the same on its table, stage by stage, as graphs and in a bundle that is read again."""

from dataclasses import replace
import json

import numpy as np
import onnx
import pytest

from policies.rules import DETECTION_RULES
from policies.runtime.agreement import Agreement
from policies.runtime.detection.box_likeness import BoxLikeness
from policies.runtime.onnx_stages import METADATA_KEY, OnnxStages, stage_path
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.torch_stages import TorchStages
from policies.tables.boxes import n_boxes
from search.export.options import ExportOptions
from tests.detectors import detector_policy, made_detector, tiny_detector, write_detector_bundle
from tests.toys.rectangles import N_CLASSES
from trainables.errors import BundleError, ExportError
from trainables.export.bundle.bundle import Bundle
from trainables.export.onnx.verification import verify_stage_graphs


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_detector_bundle(tmp_path_factory.mktemp("bundles") / "rectangles", onnx=True)


def compared(answers, rows=slice(None), rule="top-scores"):
    made, policy = made_detector(), detector_policy(rule)
    decision = policy.decide(made.table)
    comparison = BoxLikeness(made.model.post_processing, policy.temperatures)
    return Agreement.of(answers, decision.exits[rows], decision.answers[rows], compare=comparison)


def test_the_policy_leaves_at_every_exit_and_boxes_differ():
    decision = detector_policy().decide(made_detector().table)
    assert set(np.unique(decision.exits)) == {0, 1, 2}
    assert len(np.unique(n_boxes(decision.answers))) > 1


@pytest.mark.parametrize("executor", ["torch", "onnx"])
@pytest.mark.parametrize("chunk_size", [1, 7, 64])
def test_boxes_are_those_of_the_table_whatever_runs_it_and_how_many_together(bundle, executor, chunk_size):
    images = made_detector().images
    runtime = bundle.runtime(executor, chunk_size=chunk_size)
    answers = runtime.run(images)
    found = compared(answers)
    assert found.holds, found.sentence(made_detector().table.ids.tolist())
    assert len(found.differing) <= 1
    assert answers.answers.shape == (len(images), 20, 6)


@pytest.mark.parametrize("executor", ["torch", "onnx"])
@pytest.mark.parametrize("rule", DETECTION_RULES)
def test_every_rule_of_boxes_decides_as_on_the_table(bundle, executor, rule):
    runtime = EarlyExitRuntime(bundle.stages(executor), detector_policy(rule), chunk_size=16)
    found = compared(runtime.run(made_detector().images), rule=rule)
    assert found.holds, found.sentence(made_detector().table.ids.tolist())
    assert len(found.differing) <= 1


@pytest.mark.parametrize("executor", ["torch", "onnx"])
def test_single_images_are_answered_alike(bundle, executor):
    runtime = bundle.runtime(executor)
    for row in range(0, 60, 9):
        rows = slice(row, row + 1)
        assert compared(runtime.run(made_detector().images[rows]), rows).holds


def test_the_head_is_left_out_where_the_exit_is_not_asked(bundle):
    made = made_detector()
    for stages in (bundle.stages("torch"), bundle.stages("onnx")):
        features = stages.begin(made.images[:4])
        features, said = stages.run(0, features, with_head=False)
        assert said is None
        _, boxes = stages.run(1, features)
        np.testing.assert_allclose(boxes[..., 5], made.table.boxes[:4, 1, :, 5], atol=1e-4)


def test_graphs_give_boxes_of_all_anchors_and_state_which_are_kept(bundle):
    for k in range(3):
        graph = onnx.load(stage_path(bundle.folder / "onnx", k))
        names = [value.name for value in graph.graph.output]
        assert names == [*(["features"] if k < 2 else []), "boxes"]
        batch, n_anchors, n_columns = graph.graph.output[-1].type.tensor_type.shape.dim
        assert (batch.dim_param, n_anchors.dim_value, n_columns.dim_value) == ("batch", 240, 4 + N_CLASSES)
        stated = json.loads({entry.key: entry.value for entry in graph.metadata_props}[METADATA_KEY])
        assert stated["post_processing"] == made_detector().model.post_processing.to_dict()


def test_graphs_of_another_network_are_found_out(bundle):
    made = made_detector()
    found = verify_stage_graphs(made.model, bundle.folder / "onnx", made.images)
    assert found.largest_difference < 1e-4
    other = tiny_detector()
    other.heads[1].maps[0].bias.data += 0.01
    with pytest.raises(ExportError, match=r"a corner or probability may differ by .* but differs by .* at batch 1"):
        verify_stage_graphs(other, bundle.folder / "onnx", made.images)


def test_a_bundle_states_how_boxes_are_kept_and_what_its_figure_is(bundle):
    assert bundle.manifest.task == "detection"
    assert bundle.manifest.boxes == made_detector().model.post_processing
    assert json.loads((bundle.folder / "bundle.json").read_text())["schema"] == 2
    card = (bundle.folder / "README.md").read_text()
    assert "pipeline_tag: object-detection" in card
    assert "A detector with 3 exits" in card
    assert "| mAP at IoU .5 | 0.5000 |" in card
    assert "At most 20 boxes per image" in card
    assert "One class per sample" not in card


def test_a_bundle_of_boxes_with_the_schema_of_classes_is_damaged(tmp_path):
    folder = write_detector_bundle(tmp_path / "bundle").folder
    path = folder / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 1}))
    with pytest.raises(BundleError, match="schema must be 2 but is 1"):
        Bundle.load(folder)


@pytest.mark.parametrize("executor", ["torch", "onnx"])
def test_check_inputs_find_boxes_that_are_others(bundle, executor):
    runtime = bundle.runtime(executor)
    assert bundle.check_runtime(runtime).holds
    moved = bundle.check.answers.copy()
    row = int(n_boxes(moved).argmax())
    moved[row, 0] -= [0.05, 0, 0, 0, 0, 0.01]
    other = replace(bundle, check=replace(bundle.check, answers=moved))
    assert other.check_runtime(runtime).differing.tolist() == [row]
    assert not other.check_runtime(runtime).holds


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"int8": True}, "--int8 is for classifiers but the task is 'detection'"),
        ({"single_graph": True, "onnx": True}, "--single-graph is for classifiers but the task is 'detection'"),
    ],
)
def test_what_detectors_cannot_be_exported_as_is_one_line(options, message):
    with pytest.raises(ExportError, match=message) as refused:
        ExportOptions(**options).require_possible("detection")
    assert "\n" not in str(refused.value)
    ExportOptions(**options).require_possible("classification")


def test_stages_of_a_detector_give_boxes_without_being_told(bundle):
    made = made_detector()
    stages = TorchStages(made.model)
    _, boxes = stages.run(0, stages.begin(made.images[:3]))
    assert boxes.shape == (3, 20, 6)
    assert boxes.dtype == np.float32
    assert OnnxStages(bundle.folder / "onnx").post_processing == made.model.post_processing
    assert EarlyExitRuntime(stages, detector_policy()).run(made.images[:3]).probabilities is None


def test_torch_keeps_boxes_whatever_runs_the_network(bundle):
    assert bundle.computes_with_torch("onnx") and bundle.computes_with_torch("torch")
