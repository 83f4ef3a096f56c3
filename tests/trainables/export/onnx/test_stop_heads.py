"""Graphs of a network with stop heads: what they say, in single precision, in eight bits, and in one graph."""

import numpy as np
import onnx
import pytest

from policies.policy import Policy
from policies.rules import get_rule
from policies.runtime.onnx_stages import OnnxStages, stage_path
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.single_graph import SingleGraph
from tests.onnx_graphs import write_table_stages
from tests.policies.runtime.midpoints import policy_for
from tests.stopping_network import SHAPE, stopping_network, stopping_split
from trainables.errors import ExportError
from trainables.export.onnx.gates import GRAPH_RULES
from trainables.export.onnx.quantise import quantise_stage_graphs
from trainables.export.onnx.single_graph import write_single_graph
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.export.onnx.verification import verify_single_graph, verify_stage_graphs
from trainables.export.stage_tables import tabulate_stages
from trainables.tasks.classification import ClassificationTraining


SPLIT = stopping_split()


@pytest.fixture(scope="module")
def model():
    return stopping_network()


@pytest.fixture(scope="module")
def table(model):
    return ClassificationTraining().table(model, SPLIT, {})


@pytest.fixture(scope="module")
def policy(table):
    return policy_for(get_rule("dual-threshold"), table, np.ones(3))


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphs")
    write_stage_graphs(model, SHAPE, folder)
    return folder


@pytest.fixture(scope="module")
def quantised(folder, policy, tmp_path_factory):
    quantised = tmp_path_factory.mktemp("int8")
    quantise_stage_graphs(folder, SPLIT.inputs, quantised, policy=policy)
    return quantised


def test_graphs_give_stop_probabilities_beside_logits(folder):
    names = []
    for k in range(3):
        outputs = onnx.load(stage_path(folder, k)).graph.output
        names.append([value.name for value in outputs])
        (axis,) = outputs[-1].type.tensor_type.shape.dim
        assert axis.dim_param == "batch"
    said = ["logits", "stop_prob"]
    assert names == [["features_0", "features_1", *said], [f"features_{i}" for i in range(3)] + said, said]


def test_they_are_those_of_the_network_and_one_at_the_last_exit(model, folder, table):
    check = verify_stage_graphs(model, folder, SPLIT.inputs)
    assert check.largest_difference < 1e-4
    found = tabulate_stages(OnnxStages(folder), SPLIT, cost=table.cost, metadata={})
    np.testing.assert_allclose(found.stop_prob, table.stop_prob, atol=1e-5)
    assert (found.stop_prob[:, -1] == 1).all()
    assert found.stop_prob.dtype == np.float32


def test_a_stage_is_run_without_its_stop_head_too(folder):
    stages = OnnxStages(folder)
    given = stages.begin(SPLIT.inputs)
    alone, said = stages.run(0, given, with_head=False)
    assert said is None
    for one, other in zip(alone, stages.run(0, given)[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert stages.run(2, stages.run(1, alone, with_head=False)[0], with_head=False) == ((), None)


def test_graphs_of_other_stop_heads_are_refused(model, folder):
    other = stopping_network()
    for head in other.heads[:-1]:
        head.stop[1].bias.data += 0.5
    with pytest.raises(ExportError, match=r"a stop probability may differ by 0.0001 .* but differs by 0.1"):
        verify_stage_graphs(other, folder, SPLIT.inputs)


def test_graphs_without_stop_heads_are_refused(model, folder, tmp_path):
    for k in range(3):
        written = onnx.load(stage_path(folder, k))
        written.graph.output.remove(written.graph.output[-1])
        onnx.save(written, stage_path(tmp_path, k))
    with pytest.raises(ExportError, match="a stop probability where the network does but only the network gives one"):
        verify_stage_graphs(model, tmp_path, SPLIT.inputs)
    with pytest.raises(ExportError, match="rule 'dual-threshold' needs graphs that give 'stop_prob'"):
        write_single_graph(tmp_path, Policy("dual-threshold", ((0.5, 0.5),) * 2, (1.0,) * 3), tmp_path / "one.onnx")
    assert not (tmp_path / "one.onnx").exists()


def test_in_eight_bits_stop_heads_are_another_networks(quantised, table):
    found = tabulate_stages(OnnxStages(quantised), SPLIT, cost=table.cost, metadata={})
    differences = np.abs(found.stop_prob - table.stop_prob)
    assert 1e-4 < differences.max() < 0.1
    assert (found.stop_prob[:, -1] == 1).all()
    own = policy_for(get_rule("dual-threshold"), found, np.ones(3))
    answers = EarlyExitRuntime(OnnxStages(quantised), own, chunk_size=64).run(SPLIT.inputs)
    np.testing.assert_array_equal(answers.exits, own.decide(found).exits)


def test_probabilities_keep_their_precision_in_eight_bits(quantised):
    for k in range(2):
        graph = onnx.load(stage_path(quantised, k)).graph
        assert any(node.op_type == "DequantizeLinear" for node in graph.node)
        (last,) = (node for node in graph.node if "stop_prob" in node.output)
        assert last.op_type == "Sigmoid"


@pytest.mark.parametrize("rule", sorted(GRAPH_RULES))
def test_one_graph_leaves_where_the_policy_says(rule, folder, table, tmp_path):
    policy = policy_for(get_rule(rule), table, np.array([1.0, 2.0, 0.5]))
    assert len(np.unique(policy.decide(table).exits)) > 1
    write_single_graph(folder, policy, tmp_path / "one.onnx")
    graph, decision = SingleGraph(tmp_path / "one.onnx"), policy.decide(table)
    assert not verify_single_graph(tmp_path / "one.onnx", folder, policy, SPLIT.inputs).differing.size
    for row in range(0, len(SPLIT.ids), 3):
        answers = graph.answer(SPLIT.inputs[row : row + 1])
        assert (answers.exits[0], answers.answers[0]) == (decision.exits[row], decision.answers[row])


def test_one_graph_tells_both_scores(folder, policy, tmp_path):
    write_single_graph(folder, policy, tmp_path / "one.onnx")
    graph, runtime = SingleGraph(tmp_path / "one.onnx"), EarlyExitRuntime(OnnxStages(folder), policy)
    for row in range(20):
        found, expected = (one(SPLIT.inputs[row : row + 1]) for one in (graph.answer, runtime.run))
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-9)
        assert found.reason(0) == expected.reason(0)
        assert found.closeness[0] >= expected.closeness[0] - 1e-9


def test_one_graph_of_one_exit_stops_there(tmp_path):
    write_table_stages(tmp_path, 1, 4, has_stop_prob=True)
    write_single_graph(tmp_path, Policy("dual-threshold", (), (1.0,)), tmp_path / "one.onnx")
    sample = np.array([0.0, 3.0, 0.0, 0.0, 1.0], np.float32).reshape(1, 1, 1, 5)
    answers = SingleGraph(tmp_path / "one.onnx").answer(sample)
    assert (answers.exits[0], answers.answers[0], answers.reason(0)) == (0, 1, "exit 1 is the last")


def test_one_graph_keeps_the_least_depth(folder, table, tmp_path):
    open_gates = ((0.0, 0.0), (0.0, 0.0))
    policy = Policy("dual-threshold", open_gates, (1.0,) * 3, {"min_depth": 2})
    write_single_graph(folder, policy, tmp_path / "one.onnx")
    assert SingleGraph(tmp_path / "one.onnx").answer(SPLIT.inputs[:1]).exits[0] == 1
    half_closed = Policy("dual-threshold", ((0.0, float("inf")), (float("inf"), 0.0)), (1.0,) * 3)
    write_single_graph(folder, half_closed, tmp_path / "one.onnx")
    assert SingleGraph(tmp_path / "one.onnx").answer(SPLIT.inputs[:1]).exits[0] == 2
