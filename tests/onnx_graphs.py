"""Stage graphs made by hand: a network that says what an exit table says, and one with two tensors between stages."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from policies.runtime.onnx_stages import METADATA_KEY, SCHEMA, stage_path


FLOAT = TensorProto.FLOAT


def write_table_stages(folder, n_exits, n_classes, *, has_stop_prob=False, model_hash="made by hand"):
    """Stages of a network whose sample, as of ``table_samples``, holds what its exits say."""
    folder.mkdir(parents=True, exist_ok=True)
    n_said, sizes = n_classes + has_stop_prob, [n_classes, 1] if has_stop_prob else [n_classes]
    for k in range(n_exits):
        nodes = [helper.make_node("Gather", ["inputs", "exit"], ["at_exit"], axis=1)]
        nodes.append(helper.make_node("Squeeze", ["at_exit", "axis"], ["said"]))
        said = ["logits", "column"] if has_stop_prob else ["logits"]
        nodes.append(helper.make_node("Split", ["said", "sizes"], said, axis=1))
        outputs = [value("logits", n_classes)]
        if has_stop_prob:
            nodes.append(helper.make_node("Squeeze", ["column", "axis"], ["stop_prob"]))
            outputs.append(value("stop_prob"))
        if k < n_exits - 1:
            nodes.append(helper.make_node("Identity", ["inputs"], ["features"]))
            outputs.append(value("features", n_exits, 1, n_said))
        numbers = {"exit": k, "axis": [1], "sizes": sizes}
        constants = [numpy_helper.from_array(np.array(one), name) for name, one in numbers.items()]
        save(folder, k, n_exits, nodes, [value("inputs", n_exits, 1, n_said)], outputs, constants, model_hash)


def table_samples(table):
    """What the exits say, shape (N, E, 1, C), with the stop probability as a further class where there is one."""
    said = [table.logits] if table.stop_prob is None else [table.logits, table.stop_prob[:, :, None]]
    return np.concatenate(said, axis=2)[:, :, None]


def write_pair_stages(folder, *, model_hash="made by hand"):
    """Two stages: the first gives a sample and its double, the second their sum."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = [numpy_helper.from_array(np.array([0, -1]), "flat")]
    first = [
        helper.make_node("Identity", ["inputs"], ["features_0"]),
        helper.make_node("Add", ["inputs", "inputs"], ["features_1"]),
        helper.make_node("Reshape", ["inputs", "flat"], ["logits"]),
    ]
    outputs = [value("features_0", 1, 1, 3), value("features_1", 1, 1, 3), value("logits", 3)]
    save(folder, 0, 2, first, [value("inputs", 1, 1, 3)], outputs, flat, model_hash)
    second = [
        helper.make_node("Add", ["inputs_0", "inputs_1"], ["sum"]),
        helper.make_node("Reshape", ["sum", "flat"], ["logits"]),
    ]
    inputs = [value("inputs_0", 1, 1, 3), value("inputs_1", 1, 1, 3)]
    save(folder, 1, 2, second, inputs, [value("logits", 3)], flat, model_hash)


def value(name, *shape):
    return helper.make_tensor_value_info(name, FLOAT, ["batch", *shape])


def save(folder, k, n_exits, nodes, inputs, outputs, constants, model_hash):
    graph = helper.make_graph(nodes, f"stage {k}", inputs, outputs, initializer=constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    shape = [axis.dim_value for axis in inputs[0].type.tensor_type.shape.dim[1:]]
    stated = {"schema": SCHEMA, "model_hash": model_hash, "n_exits": n_exits, "stage": k, "input_shape": shape}
    helper.set_model_props(model, {METADATA_KEY: json.dumps(stated)})
    onnx.save(model, stage_path(folder, k))


def rewrite_statement(path, **changes):
    """Change what a graph states of itself."""
    model = onnx.load(path)
    stated = json.loads(model.metadata_props[0].value) | changes
    helper.set_model_props(model, {METADATA_KEY: json.dumps(stated)})
    onnx.save(model, path)
