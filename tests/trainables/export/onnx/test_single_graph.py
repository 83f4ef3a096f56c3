"""One graph with nested branches: it decides what the policy decides."""

from dataclasses import replace
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import onnx
import pytest

from policies.errors import StagesError
from policies.policy import Policy
from policies.rules import get_rule
from policies.runtime.agreement import ROUNDING
from policies.runtime.onnx_stages import stage_path
from policies.runtime.single_graph import OUTPUTS, SingleGraph
from policies.tables.network import NetworkIdentity
from policies.tables.origin import Origin
from tests.onnx_graphs import table_samples, write_table_stages
from tests.tables import CLASSIFIER_RULES, make_table, tied_tables
from trainables.errors import ExportError
from trainables.export.onnx.gates import GRAPH_RULES
from trainables.export.onnx.metadata import load_graph, stated_by, write_graph
from trainables.export.onnx.single_graph import write_single_graph
from trainables.export.onnx.verification import verify_single_graph


CLOSED = float("inf")
RULES_OF_LOGITS = sorted(set(GRAPH_RULES) - {"dual-threshold"})


def policy_on(table, rule, choose, **params):
    """A policy whose thresholds lie halfway between scores of a table, or where ``choose`` says so."""
    temperatures = tuple(0.5 + 0.75 * k for k in range(table.n_exits))
    params |= get_rule(rule).fit(table, np.array(temperatures)) if get_rule(rule).is_fitted else {}
    view = get_rule(rule).view(table, np.array(temperatures), **params)
    rows = [
        tuple(choose(levels(view.scores[:, k, column]), k, column) for column in range(view.n_columns))
        for k in range(table.n_exits - 1)
    ]
    return Policy(rule, tuple(rows), temperatures, params)


def levels(scores):
    """Halfway between neighbours among the scores that differ by more than rounding."""
    distinct = np.unique(scores.round(9))
    return (distinct[1:] + distinct[:-1]) / 2


def decided(graph, samples):
    found = [graph(sample[None]) for sample in samples]
    return {name: np.concatenate([one[name] for one in found]) for name in OUTPUTS}


@pytest.mark.parametrize("rule", RULES_OF_LOGITS)
def test_every_sample_leaves_where_the_policy_says(rule, exported_digits, digits, digits_tables, tmp_path):
    def choose(between, k, column):
        """In the midst of the scores; of a mixture, another column at each exit."""
        return float(np.quantile(between, 0.4)) if column in (0, k + 1) and len(between) else CLOSED

    policy = policy_on(digits_tables["search"], rule, choose)
    write_single_graph(exported_digits.folder, policy, tmp_path / "network.onnx")
    for name in ("search", "test"):
        table, samples = digits_tables[name], getattr(digits, name).inputs
        expected, view = policy.decide(table), policy.view(table)
        found = decided(SingleGraph(tmp_path / "network.onnx"), samples)
        check = verify_single_graph(tmp_path / "network.onnx", exported_digits.folder, policy, samples)
        clear = np.setdiff1d(np.arange(len(samples)), check.unsure)
        assert len(clear) > len(samples) - 5, f"near a threshold: {check.unsure}"
        assert np.array_equal(found["exit"][clear], expected.exits[clear])
        assert np.array_equal(found["label"][clear], expected.answers[clear])
        assert found["probabilities"][clear] == pytest.approx(expected.probabilities[clear], abs=ROUNDING)
        if view.n_columns == 1:
            assert found["score"][clear] == pytest.approx(view.scores[clear, expected.exits[clear], 0], abs=ROUNDING)
        assert (np.bincount(expected.exits, minlength=3) > 0).sum() > 1


@pytest.mark.parametrize("rule", sorted(GRAPH_RULES))
@settings(max_examples=30, deadline=None)
@given(data=st.data(), table=tied_tables())
def test_decisions_are_those_of_the_rule_whatever_the_thresholds(rule, data, table):
    def choose(between, k, column):
        return data.draw(st.sampled_from([-1.0, 0.0, CLOSED, *between.tolist()]))

    own = {"min_depth": data.draw(st.integers(1, 3)), "conf_temp": 0.7} if rule == "dual-threshold" else {}
    policy = policy_on(table, rule, choose, **own)
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_table_stages(folder, table.n_exits, table.n_classes, has_stop_prob=True)
        write_single_graph(folder, policy, folder / "network.onnx")
        found = decided(SingleGraph(folder / "network.onnx"), table_samples(table))
    expected = policy.decide(table)
    # A score on its threshold, such as no margin on 0, may be rounded to either side.
    view = policy.view(table)
    far = (np.abs(view.scores[:, :-1] - np.array(policy.thresholds).reshape(1, -1, view.n_columns)) > 1e-12).all((1, 2))
    assert np.array_equal(found["exit"][far], expected.exits[far])
    # So may two classes that are as good as equally probable.
    best_two = np.partition(expected.probabilities, -2, axis=1)[:, -2:]
    is_sure = far & (best_two[:, 1] - best_two[:, 0] > 1e-12)
    assert np.array_equal(found["label"][is_sure], expected.answers[is_sure])
    assert found["probabilities"][far] == pytest.approx(expected.probabilities[far])
    if view.n_columns == 1:
        scores = np.take_along_axis(view.scores[:, :, 0], expected.exits[:, None], axis=1)[:, 0]
        assert found["score"][far] == pytest.approx(scores[far])


def test_a_score_on_its_threshold_reaches_it(tmp_path):
    table = make_table(n_samples=50, n_exits=4, n_classes=6)
    policy = Policy("patience", thresholds=(2.0, 2.0, 2.0), temperatures=(1.0,) * 4)
    write_table_stages(tmp_path, table.n_exits, table.n_classes)
    write_single_graph(tmp_path, policy, tmp_path / "network.onnx")
    found, expected = decided(SingleGraph(tmp_path / "network.onnx"), table.logits[:, :, None]), policy.decide(table)
    assert np.array_equal(found["exit"], expected.exits)
    assert set(expected.exits.tolist()) == {1, 2, 3}
    assert np.array_equal(found["score"], policy.view(table).scores[np.arange(50), expected.exits, 0])


def test_a_network_of_tensors_in_pairs_becomes_one_graph(exported_pairs, tmp_path):
    policy = Policy("confidence", thresholds=(0.33, 0.3), temperatures=(1.0, 1.0, 1.0))
    write_single_graph(exported_pairs.folder, policy, tmp_path / "network.onnx")
    check = verify_single_graph(tmp_path / "network.onnx", exported_pairs.folder, policy, exported_pairs.inputs)
    assert (check.n_samples, len(check.differing)) == (80, 0)


def test_closed_exits_take_no_branch_and_no_head(exported_digits, tmp_path):
    policy = Policy("confidence", thresholds=(CLOSED, CLOSED), temperatures=(1.0, 1.0, 1.0))
    write_single_graph(exported_digits.folder, policy, tmp_path / "network.onnx")
    graph = onnx.load(tmp_path / "network.onnx").graph
    operators = [node.op_type for node in graph.node]
    assert {"If", "GreaterOrEqual"}.isdisjoint(operators)
    assert operators.count("Gemm") == 1
    assert len(graph.initializer) == len({name for node in graph.node for name in node.input} & names_of(graph))
    assert [value.name for value in graph.output] == list(OUTPUTS)
    check = verify_single_graph(tmp_path / "network.onnx", exported_digits.folder, policy, exported_digits.inputs[:9])
    assert not check.unsure.size


def names_of(graph):
    return {constant.name for constant in graph.initializer}


def test_samples_near_a_threshold_are_named(exported_digits, digits_tables, tmp_path):
    view = get_rule("confidence").view(digits_tables["search"], np.ones(3))
    row = int(np.argsort(view.scores[:, 0, 0])[180])
    policy = Policy("confidence", thresholds=(float(view.scores[row, 0, 0]), CLOSED), temperatures=(1.0, 1.0, 1.0))
    write_single_graph(exported_digits.folder, policy, tmp_path / "network.onnx")
    check = verify_single_graph(tmp_path / "network.onnx", exported_digits.folder, policy, exported_digits.inputs)
    assert row in check.unsure
    assert len(check.differing) <= len(check.unsure) < 20


def test_a_graph_of_another_policy_is_found_out(exported_digits, tmp_path):
    one, other = (Policy("confidence", thresholds=(t, 0.9), temperatures=(1.0, 1.0, 1.0)) for t in (0.5, 0.99))
    write_single_graph(exported_digits.folder, one, tmp_path / "network.onnx")
    with pytest.raises(ExportError, match=r"must decide as its policy does but \d+ of 360 samples, first \d+, are"):
        verify_single_graph(tmp_path / "network.onnx", exported_digits.folder, other, exported_digits.inputs)


@pytest.mark.parametrize("rule", sorted(set(CLASSIFIER_RULES) - set(GRAPH_RULES)))
def test_rules_that_cannot_are_refused_with_those_that_can(rule, exported_digits, tmp_path):
    # None of these is looked at further than its name.
    policy = object.__new__(Policy)
    object.__setattr__(policy, "rule", rule)
    with pytest.raises(
        ExportError, match=f"confidence, margin, .* but the policy's is '{rule}'; export a graph for each"
    ):
        write_single_graph(exported_digits.folder, policy, tmp_path / "network.onnx")
    assert not (tmp_path / "network.onnx").exists()


def test_policies_of_another_network_are_refused(exported_digits, tmp_path):
    policy = Policy("confidence", thresholds=(0.5,), temperatures=(1.0, 1.0))
    with pytest.raises(ExportError, match="number of exits is 2 in the policy and 3 in the graphs"):
        write_single_graph(exported_digits.folder, policy, tmp_path / "network.onnx")
    policy = Policy("confidence", thresholds=(0.5, 0.5), temperatures=(1.0, 1.0, 1.0))
    policy = replace(policy, origin=Origin(NetworkIdentity(3, model_hash="0" * 64)))
    with pytest.raises(ExportError, match="model hash is 000000000000 in the policy and"):
        write_single_graph(exported_digits.folder, policy, tmp_path / "network.onnx")


def test_files_that_are_no_graphs_are_refused(exported_digits, tmp_path):
    policy = Policy("confidence", thresholds=(0.5, 0.5), temperatures=(1.0, 1.0, 1.0))
    with pytest.raises(ExportError, match=r"stage_0.onnx: not a readable ONNX graph \("):
        write_single_graph(tmp_path, policy, tmp_path / "network.onnx")
    for k in range(2):
        stage_path(tmp_path, k).write_bytes(stage_path(exported_digits.folder, k).read_bytes())
    with pytest.raises(ExportError, match=r"stage_2.onnx: not a readable ONNX graph \("):
        write_single_graph(tmp_path, policy, tmp_path / "network.onnx")
    with pytest.raises(StagesError, match=r"network.onnx: not a readable single graph \("):
        SingleGraph(tmp_path / "network.onnx")


def test_a_sample_of_another_shape_is_refused(exported_digits, tmp_path):
    policy = Policy("confidence", thresholds=(0.5, 0.5), temperatures=(1.0, 1.0, 1.0))
    write_single_graph(exported_digits.folder, policy, tmp_path / "network.onnx")
    with pytest.raises(StagesError, match=r"samples must have shape \(n, 1, 8, 8\) but have \(1, 1, 8, 7\)"):
        SingleGraph(tmp_path / "network.onnx").answer(exported_digits.inputs[:1, :, :, :7])


def test_a_graph_has_no_module_imported(exported_digits, tmp_path):
    policy = Policy("confidence", thresholds=(0.5, 0.5), temperatures=(1.0, 1.0, 1.0))
    path = tmp_path / "network.onnx"
    write_single_graph(exported_digits.folder, policy, path)
    graph = load_graph(path)
    write_graph(path, graph, {**stated_by(graph), "policy": {**policy.to_dict(), "rule": "antigravity:rule"}})
    with pytest.raises(StagesError, match="a single graph has one of the rules .* but states 'antigravity:rule'"):
        SingleGraph(path)
    assert "antigravity" not in sys.modules
