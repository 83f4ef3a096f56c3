"""Leaving for real: as the rule decides on the table, without the nodes behind the exit and the edges into them."""

import numpy as np
import pytest
import torch

from policies.rules import get_rule
from policies.runtime.agreement import Agreement
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.torch_stages import TorchStages
from tests.policies.runtime.midpoints import policy_for
from tests.trainables.models.families.darts.networks import SHAPE, images, small, stirred
from trainables.data import Split
from trainables.models import cumulative_macs
from trainables.models.base import flop_counter
from trainables.models.families.darts.operations import Separable, Source
from trainables.tasks.classification import ClassificationTraining


N = 60


@pytest.fixture(scope="module")
def split():
    inputs = images(N, seed=7).numpy()
    return Split(inputs, np.arange(N) % 5, np.array([f"s{row}" for row in range(N)]), None)


@pytest.fixture(scope="module", params=["one cell", "a reduction"])
def model(request):
    model = stirred(small(reductions=int(request.param == "a reduction")))
    with torch.no_grad():
        for head in list(model.heads)[:-1]:
            # Untrained, all samples would be as likely to stop.
            head.stop[-1].weight.mul_(8.0)
    return model


@pytest.fixture(scope="module")
def table(model, split):
    return ClassificationTraining().table(model, split, {})


@pytest.fixture(scope="module")
def policy(table):
    return policy_for(get_rule("dual-threshold"), table, np.ones(3))


def test_batches_and_single_samples_leave_where_the_rule_says(model, table, policy, split):
    decision = policy.decide(table)
    assert np.bincount(decision.exits, minlength=3).min() >= 3
    runtime = EarlyExitRuntime(TorchStages(model), policy, chunk_size=16)
    found = Agreement.of(runtime.run(split.inputs), decision.exits, decision.answers)
    assert not found.differing.size, found.sentence(split.ids.tolist())
    for row in range(N):
        alone = runtime.run(split.inputs[row : row + 1])
        assert (alone.exits[0], alone.answers[0]) == (decision.exits[row], decision.answers[row])


def test_what_is_computed_costs_what_the_table_says(model, table, policy, split):
    decision, macs = policy.decide(table), cumulative_macs(model, SHAPE)
    np.testing.assert_allclose(table.cost, macs / macs[-1])
    runtime = EarlyExitRuntime(TorchStages(model), policy)
    for row in range(0, N, 5):
        with flop_counter() as counter:
            runtime.run(split.inputs[row : row + 1])
        assert counter.get_total_flops() // 2 == macs[decision.exits[row]]


def test_nodes_behind_the_exit_and_edges_into_them_are_not_computed(model, table, policy, split):
    exits, ran = policy.decide(table).exits, set()
    owner = {}
    for k, stage in enumerate(model.stages):
        for module in stage.modules():
            if isinstance(module, Separable | Source):
                owner[module] = k
                module.register_forward_hook(lambda module, *_: ran.add(owner[module]))
    runtime = EarlyExitRuntime(TorchStages(model), policy)
    for k in range(3):
        ran.clear()
        runtime.run(split.inputs[np.flatnonzero(exits == k)[:1]])
        assert ran == set(range(k + 1))
