"""Stop heads in the runtime: samples leave where the policy says on the table, at the cost that the table states."""

import numpy as np
import pytest
import torch

from policies.policy import Policy
from policies.rules import get_rule
from policies.runtime.agreement import Agreement
from policies.runtime.onnx_stages import OnnxStages
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.torch_stages import TorchStages, classifier_outputs
from tests.policies.runtime.midpoints import policy_for
from tests.stopping_network import SHAPE, stopping_network, stopping_split
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.models import cumulative_macs
from trainables.models.base import flop_counter
from trainables.models.stopping import ExitSaid
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


@pytest.fixture(scope="module", params=["torch", "onnx"])
def stages(request, model, tmp_path_factory):
    if request.param == "torch":
        return TorchStages(model)
    folder = tmp_path_factory.mktemp("graphs")
    write_stage_graphs(model, SHAPE, folder)
    return OnnxStages(folder)


def test_logits_come_alone_or_with_stop_probabilities_in_single_precision():
    logits, stop = torch.zeros(2, 3, dtype=torch.bfloat16), torch.tensor([0.0, torch.inf], dtype=torch.bfloat16)
    assert classifier_outputs(logits).stop_prob is None
    for said in ((logits, stop), ExitSaid(logits, stop)):
        found = classifier_outputs(said)
        assert (found.logits.dtype, found.stop_prob.dtype) == (np.float32, np.float32)
        assert found.stop_prob.tolist() == [0.5, 1.0]


def test_samples_leave_at_every_exit_and_the_stop_heads_matter(policy, table):
    exits = policy.decide(table).exits
    assert np.bincount(exits, minlength=3).min() > 10
    sure_alone = Policy("confidence", tuple(row[1] for row in policy.thresholds), (1.0,) * 3)
    assert (sure_alone.decide(table).exits != exits).sum() > 20


@pytest.mark.parametrize("chunk_size", [2, 7, 64])
def test_batches_leave_where_the_policy_says(stages, policy, table, chunk_size):
    answers = EarlyExitRuntime(stages, policy, chunk_size=chunk_size).run(SPLIT.inputs)
    assert_as_decided(answers, policy.decide(table), table)


def test_single_samples_leave_where_the_policy_says(stages, policy, table):
    runtime, decision = EarlyExitRuntime(stages, policy), policy.decide(table)
    for row in range(len(SPLIT.ids)):
        answers = runtime.run(SPLIT.inputs[row : row + 1])
        assert_as_decided(answers, decision, table, rows=slice(row, row + 1))


def assert_as_decided(answers, decision, table, rows=slice(None)):
    found = Agreement.of(answers, decision.exits[rows], decision.answers[rows])
    assert not found.differing.size, found.sentence(SPLIT.ids[rows].tolist())
    stop = np.take_along_axis(table.stop_prob[rows], answers.exits[:, None], axis=1)
    np.testing.assert_allclose(answers.scores[:, :1], stop, atol=1e-5)


def test_both_scores_are_told_as_the_reason(stages, policy):
    answers = EarlyExitRuntime(stages, policy, chunk_size=64).run(SPLIT.inputs)
    row = int(np.flatnonzero(answers.exits == 0)[0])
    assert answers.reason(row).startswith("scores ")
    assert answers.reason(row).count(">=") == 2


def test_what_is_counted_is_what_the_exit_taken_costs(model, policy, table):
    full, runtime = cumulative_macs(model, SHAPE)[-1], EarlyExitRuntime(TorchStages(model), policy)
    seen = set()
    for row in range(40):
        with flop_counter() as counter:
            answers = runtime.run(SPLIT.inputs[row : row + 1])
        assert counter.get_total_flops() / 2 == pytest.approx(table.cost[answers.exits[0]] * full, rel=1e-12)
        seen.add(int(answers.exits[0]))
    assert seen == {0, 1, 2}


def test_stages_after_the_exit_are_not_run(model, policy, table):
    runtime, exits = EarlyExitRuntime(TorchStages(model), policy), policy.decide(table).exits
    ran = []
    parts = (*model.stages, *model.heads)
    hooks = [part.register_forward_hook(lambda part, *_: ran.append(part)) for part in parts]
    for row in range(20):
        ran.clear()
        runtime.run(SPLIT.inputs[row : row + 1])
        expected = [part for k in range(exits[row] + 1) for part in (model.stages[k], model.heads[k])]
        assert [id(part) for part in ran] == [id(part) for part in expected]
    for hook in hooks:
        hook.remove()
