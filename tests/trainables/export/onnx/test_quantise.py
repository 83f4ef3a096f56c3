"""Graphs in eight bits: smaller, another network, and what changed is told."""

import numpy as np
import onnx
import pytest

from policies.calibration.temperature import fit_temperatures
from policies.policy import Policy
from policies.runtime.onnx_stages import OnnxStages, stage_path
from policies.tables.origin import Origin
from trainables.errors import ExportError
from trainables.export.changes import Tabulated, compare_networks
from trainables.export.onnx.metadata import graphs_hash, state_policy
from trainables.export.onnx.quantise import quantise_stage_graphs
from trainables.export.onnx.single_graph import write_single_graph
from trainables.export.onnx.verification import verify_single_graph
from trainables.export.stage_tables import stage_outputs, tabulate_stages
from trainables.models.inference import model_hash


@pytest.fixture(scope="module")
def policy():
    return Policy("confidence", thresholds=(0.9, 0.9), temperatures=(1.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def quantised(exported_digits, digits, policy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("int8")
    return folder, quantise_stage_graphs(exported_digits.folder, digits.search.inputs, folder, policy=policy)


def test_each_stage_is_calibrated_on_what_reaches_it(quantised, digits_tables, policy):
    _, made = quantised
    exits = policy.decide(digits_tables["search"]).exits
    reaching = [int((exits >= k).sum()) for k in range(3)]
    assert made.n_calibration == tuple(n if n >= 32 else 360 for n in reaching)
    assert made.n_calibration[0] == 360 > made.n_calibration[1] >= 32


def test_without_a_policy_all_samples_count(exported_pairs, tmp_path):
    made = quantise_stage_graphs(exported_pairs.folder, exported_pairs.inputs, tmp_path)
    assert made.n_calibration == (80, 80, 80)
    one, other = (
        stage_outputs(OnnxStages(folder), exported_pairs.inputs) for folder in (exported_pairs.folder, tmp_path)
    )
    assert 0 < np.abs(one.logits - other.logits).max() < 0.1


def test_too_few_samples_are_replaced_by_all(exported_digits, digits, tmp_path):
    leaving = Policy("confidence", thresholds=(0.0, 0.0), temperatures=(1.0, 1.0, 1.0))
    made = quantise_stage_graphs(exported_digits.folder, digits.search.inputs[:40], tmp_path, policy=leaving)
    assert made.n_calibration == (40, 40, 40)


def test_graphs_are_smaller_and_known_as_another_network(quantised, exported_digits):
    folder, made = quantised
    assert made.paths == tuple(stage_path(folder, k) for k in range(3))
    assert made.int8_bytes == sum(path.stat().st_size for path in made.paths) < made.float_bytes
    assert made.float_bytes == sum(stage_path(exported_digits.folder, k).stat().st_size for k in range(3))
    stated = OnnxStages(folder).metadata
    assert stated["model_hash"] == made.model_hash == graphs_hash(made.paths)
    assert stated["quantised_from"] == model_hash(exported_digits.model)
    assert "policy" not in stated


@pytest.mark.parametrize(("reduce_range", "most"), [(True, 64), (False, 127)])
def test_weights_have_seven_bits_unless_the_target_can_do_with_eight(exported_digits, tmp_path, reduce_range, most):
    made = quantise_stage_graphs(
        exported_digits.folder, exported_digits.inputs[:40], tmp_path, reduce_range=reduce_range
    )
    weights = [
        onnx.numpy_helper.to_array(tensor)
        for path in made.paths
        for tensor in onnx.load(path).graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) > 1
    ]
    assert len(weights) == 6
    assert all(np.abs(tensor.astype(int)).max() <= most for tensor in weights)
    assert any(np.abs(tensor.astype(int)).max() > most - 2 for tensor in weights)


def test_tables_temperatures_and_policy_are_made_anew(
    quantised, exported_digits, digits, digits_tables, policy, tmp_path
):
    folder, made = quantised
    float_table = digits_tables["test"]
    metadata = {"model_hash": made.model_hash}
    tables = {
        name: tabulate_stages(OnnxStages(folder), getattr(digits, name), cost=float_table.cost, metadata=metadata)
        for name in ("search", "test")
    }
    temperatures = fit_temperatures(tables["search"])
    own = Policy("confidence", (0.9, 0.9), tuple(temperatures.tolist()), origin=Origin.of(tables["search"]))
    change = compare_networks(
        Tabulated(float_table, policy, made.float_bytes), Tabulated(tables["test"], own, made.int8_bytes)
    )
    assert np.array(change.after.exit_accuracies) == pytest.approx(np.array(change.before.exit_accuracies), abs=0.05)
    assert change.before.accuracy == (policy.decide(float_table).answers == float_table.labels).mean()
    assert change.after.mean_depth == own.decide(tables["test"]).exits.mean() + 1
    assert 0.5 < change.same_exit <= 1
    assert change.same_answer > 0.9
    state_policy(made.paths, own)
    write_single_graph(folder, own, tmp_path / "network.onnx")
    check = verify_single_graph(tmp_path / "network.onnx", folder, own, digits.test.inputs)
    assert not check.differing.size


def test_the_change_can_be_printed(digits_tables, policy):
    table = digits_tables["test"]
    one = Tabulated(table, policy, 3_000_000)
    lines = compare_networks(one, one).to_text().splitlines()
    assert lines[0] == "| network | accuracy per exit | accuracy | mean depth | same exit | same answer | MB |"
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["fp32", "int8"]
    assert lines[3].endswith("| 100.0% | 100.0% | 3.00 |")
    assert {line.count("|") for line in lines} == {8}


def test_only_the_same_samples_are_compared(digits_tables, policy):
    one, other = (Tabulated(digits_tables[name], policy, 1) for name in ("search", "test"))
    with pytest.raises(ExportError, match="compared on the same samples but the tables have other ids"):
        compare_networks(one, other)
