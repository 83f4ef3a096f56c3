"""Stage graphs without their heads: the head is not in the graph that is run, whatever the outputs are."""

import json

import numpy as np
import pytest

from policies.runtime.onnx_stages import METADATA_KEY, SCHEMA, OnnxStages


onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def write_stage(path, k, n_exits):
    """Features are doubled; a head of one operator that the features do not need adds them up."""
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    is_last = k == n_exits - 1
    nodes = [
        helper.make_node("Add", ["inputs", "inputs"], ["features"]),
        helper.make_node("ReduceMean", ["features", "axes"], ["logits"], keepdims=0),
    ]
    outputs = [helper.make_tensor_value_info("logits", number, ["batch", 2])]
    if not is_last:
        outputs.insert(0, helper.make_tensor_value_info("features", number, ["batch", 2, 3, 3]))
    graph = helper.make_graph(
        nodes,
        "stage",
        [helper.make_tensor_value_info("inputs", number, ["batch", 2, 3, 3])],
        outputs,
        [onnx.numpy_helper.from_array(np.array([2, 3]), "axes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    stated = {"schema": SCHEMA, "stage": k, "n_exits": n_exits, "model_hash": "ab"}
    onnx.helper.set_model_props(model, {METADATA_KEY: json.dumps(stated)})
    onnx.save(model, path)


@pytest.fixture
def stages(tmp_path):
    for k in range(2):
        write_stage(tmp_path / f"stage_{k}.onnx", k, 2)
    return OnnxStages(tmp_path)


@pytest.fixture
def inputs():
    return np.random.default_rng(0).random((5, 2, 3, 3), dtype=np.float32)


def test_features_are_the_same_and_nothing_is_said(stages, inputs):
    features, said = stages.run(0, stages.begin(inputs), with_head=False)
    assert said is None
    np.testing.assert_array_equal(features[0], stages.run(0, stages.begin(inputs))[0][0])
    _, said = stages.run(1, features)
    np.testing.assert_allclose(said.logits, 4 * inputs.mean((2, 3)), rtol=1e-6)


def test_the_head_is_not_in_the_graph(stages):
    session = stages._stages[0].headless
    assert [value.name for value in session.get_outputs()] == ["features"]
    assert stages._stages[0].headless is session, "made once"


def test_behind_the_last_stage_there_is_nothing(stages, inputs):
    assert stages.run(1, stages.begin(inputs), with_head=False) == ((), None)
