"""Graphs of stages: what they say is what the network says, whatever the batch size."""

import json
import sys

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from policies.policy import Policy
from policies.runtime.onnx_stages import METADATA_KEY, OnnxStages, stage_path
from trainables.errors import ExportError
from trainables.export.onnx.metadata import graphs_hash, state_policy
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.export.onnx.verification import BATCH_SIZES, verify_stage_graphs
from trainables.export.stage_tables import tabulate_stages
from trainables.models import MultiExitModel
from trainables.models.inference import model_hash


# Those of all workloads are in test_every_workload.py.
NETWORKS = ["exported_digits", "exported_pairs"]


@pytest.mark.parametrize("name", NETWORKS)
def test_graphs_say_what_the_network_says_at_every_batch_size(request, name):
    one = request.getfixturevalue(name)
    check = verify_stage_graphs(one.model, one.folder, one.inputs)
    assert check.batch_sizes == BATCH_SIZES == (1, 2, 7, 64)
    assert check.n_answers == sum(BATCH_SIZES) * one.model.n_exits
    assert 0 <= check.largest_difference < 1e-4
    assert check.n_differing == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_names_and_axes_are_as_agreed(request, name):
    one = request.getfixturevalue(name)
    n_exits = one.model.n_exits
    n_between = 2 if name == "exported_pairs" else 1
    inputs, features = ([stem] if n_between == 1 else [f"{stem}_0", f"{stem}_1"] for stem in ("inputs", "features"))
    for k in range(n_exits):
        graph = onnx.load(stage_path(one.folder, k)).graph
        assert [value.name for value in graph.input] == (["inputs"] if k == 0 else inputs)
        assert [value.name for value in graph.output] == [*(features if k < n_exits - 1 else []), "logits"]
        for value in (*graph.input, *graph.output):
            first, *others = value.type.tensor_type.shape.dim
            assert first.dim_param == "batch"
            assert all(axis.dim_value > 0 for axis in others)


def test_graphs_state_their_network_and_nothing_of_the_machine(exported_digits):
    for k in range(3):
        path = stage_path(exported_digits.folder, k)
        stated = json.loads({entry.key: entry.value for entry in onnx.load(path).metadata_props}[METADATA_KEY])
        assert stated == {
            "schema": 1,
            "model_hash": model_hash(exported_digits.model),
            "n_exits": 3,
            "stage": k,
            "input_shape": [1, 8, 8],
        }
        assert b".py" not in path.read_bytes()


def test_the_network_stays_as_it_was(tmp_path):
    model = MultiExitModel([nn.Conv2d(1, 4, 3)], [nn.Sequential(nn.Flatten(), nn.Linear(16, 2))], mean=[0.0], std=[1.0])
    model.train()
    before = model_hash(model)
    write_stage_graphs(model, (1, 4, 4), tmp_path / "new" / "folder")
    assert model.training
    assert model.stages[0].weight.requires_grad
    assert model.stages[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert model_hash(model) == before == OnnxStages(tmp_path / "new" / "folder").metadata["model_hash"]


def test_a_policy_is_stated_and_changes_neither_the_network_nor_its_hash(exported_digits, tmp_path):
    paths = []
    for k in range(3):
        paths.append(stage_path(tmp_path, k))
        paths[k].write_bytes(stage_path(exported_digits.folder, k).read_bytes())
    before = graphs_hash(paths)
    policy = Policy("confidence", thresholds=(0.9, float("inf")), temperatures=(1.5, 1.0, 0.5))
    state_policy(paths, policy)
    assert graphs_hash(paths) == before
    stages = OnnxStages(tmp_path)
    assert Policy.from_dict(stages.metadata["policy"]) == policy
    assert stages.metadata["model_hash"] == model_hash(exported_digits.model)
    assert verify_stage_graphs(exported_digits.model, tmp_path, exported_digits.inputs).n_differing == 0


def test_a_policy_is_not_written_into_foreign_graphs(tmp_path):
    model = onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], []))
    onnx.save(model, tmp_path / "foreign.onnx")
    (tmp_path / "text.onnx").write_text("no graph")
    policy = Policy("confidence", thresholds=(0.9,), temperatures=(1.0, 1.0))
    with pytest.raises(ExportError, match="must state what it belongs to but this one does not"):
        state_policy([tmp_path / "foreign.onnx"], policy)
    with pytest.raises(ExportError, match=r"text.onnx: not a readable ONNX graph \("):
        state_policy([tmp_path / "text.onnx"], policy)


def test_graphs_of_another_network_are_found_out(exported_digits, tmp_path):
    for k in range(3):
        stage_path(tmp_path, k).write_bytes(stage_path(exported_digits.folder, k).read_bytes())
    model = onnx.load(stage_path(tmp_path, 1))
    weights = next(tensor for tensor in model.graph.initializer if len(tensor.dims) == 4)
    changed = onnx.numpy_helper.to_array(weights) * 1.01
    weights.CopyFrom(onnx.numpy_helper.from_array(changed.astype(np.float32), weights.name))
    onnx.save(model, stage_path(tmp_path, 1))
    with pytest.raises(ExportError, match=r"may differ by .* but differs by .* at batch 1; do not use"):
        verify_stage_graphs(exported_digits.model, tmp_path, exported_digits.inputs)


def test_graphs_for_one_batch_size_are_found_out(exported_digits, tmp_path):
    for k in range(3):
        stage_path(tmp_path, k).write_bytes(stage_path(exported_digits.folder, k).read_bytes())
    model = onnx.load(stage_path(tmp_path, 0))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, stage_path(tmp_path, 0))
    with pytest.raises(ExportError, match=r"cannot be run at batch 2 \(") as refused:
        verify_stage_graphs(exported_digits.model, tmp_path, exported_digits.inputs)
    assert "\n" not in str(refused.value)


class Branching(nn.Module):
    """Does what depends on the values of all samples."""

    def forward(self, features):
        return 2 * features if features.sum() > 0 else features


class Counting(nn.Module):
    """Its number of samples is a number to the exporter."""

    def forward(self, features):
        return features.view(len(features), -1)


def test_stages_for_one_number_of_samples_are_refused(tmp_path):
    model = MultiExitModel([Counting()], [nn.Linear(16, 2)], mean=[0.0], std=[1.0])
    with pytest.raises(ExportError, match=r"^stage 1 must fit .* but .* a constant; have it ask for x\.shape\[0\]"):
        write_stage_graphs(model, (1, 4, 4), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_stages_that_no_graph_can_express_are_refused_in_one_line(tmp_path, capfd):
    heads = [nn.Sequential(nn.Flatten(), nn.Linear(16, 2)) for _ in range(2)]
    model = MultiExitModel([nn.Identity(), Branching()], heads, mean=[0.0], std=[1.0])
    with pytest.raises(
        ExportError, match=r"^stage 2 must fit one ONNX graph .* \(.*data-dependent.*\); change"
    ) as error:
        write_stage_graphs(model, (1, 4, 4), tmp_path / "new")
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "new").exists()


class Wrapped(nn.Module):
    """Gives a tuple of one tensor, and takes one."""

    def forward(self, features):
        (features,) = features if isinstance(features, tuple) else (features,)
        return (2 * features,)


def test_a_tuple_may_have_one_tensor(tmp_path):
    class Head(nn.Module):
        def forward(self, features):
            return features[0].flatten(1)

    model = MultiExitModel([Wrapped(), Wrapped()], [Head(), Head()], mean=[0.0], std=[1.0])
    write_stage_graphs(model, (1, 2, 2), tmp_path)
    assert verify_stage_graphs(model, tmp_path, np.ones((1, 1, 2, 2), np.float32)).largest_difference == 0
    assert OnnxStages(tmp_path).input_names(1) == ["inputs"]


@pytest.mark.parametrize("library", ["onnx", "onnxscript"])
def test_without_the_extra_one_line_says_what_to_install(trained, tmp_path, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExportError, match=rf"^{library} is not installed; .*pip install 'exitsearch\[export\]'$"):
        write_stage_graphs(trained, (1, 8, 8), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_tables_are_made_of_stages(exported_digits, digits, digits_tables):
    made = digits_tables["search"]
    table = tabulate_stages(OnnxStages(exported_digits.folder), digits.search, cost=made.cost, metadata=made.meta)
    assert np.abs(table.logits - made.logits).max() < 1e-4
    for key in ("labels", "cost", "ids"):
        assert np.array_equal(getattr(table, key), getattr(made, key))
    assert (table.groups, table.stop_prob, table.meta) == (None, None, made.meta)
