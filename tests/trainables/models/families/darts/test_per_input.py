import numpy as np
import pytest
import torch

from tests.trainables.models.families.darts.networks import SHAPE, images, logits_by_loops, small, stirred
from trainables.errors import TrainingError
from trainables.losses.stopping_loss import StoppingLoss
from trainables.models import cumulative_macs, relative_cost
from trainables.models.base import flop_counter, part_macs
from trainables.models.families.darts.choices import PER_INPUT, largest_operations
from trainables.models.families.darts.choosing import FewSampleNorm
from trainables.models.families.darts.deriving import begin_derived
from trainables.models.families.darts.operations import N_OPERATIONS, Separable
from trainables.models.plain import plain_network


OPTIONS = [{}, {"nodes_per_exit": 2}, {"reductions": 1}, {"reductions": 2, "nodes_per_exit": 2}]


def varied(n):
    """Images that differ as a whole, so that they choose differently."""
    return torch.nn.functional.interpolate(images(n, shape=(1, 2, 2)), size=SHAPE[1:])


def derived_of(soft, inputs, *, is_settled=False, **options):
    derived = small(seed=5, operations=PER_INPUT, **options)
    begin_derived(derived, soft, inputs.numpy(), is_settled=is_settled)
    return derived


def chosen(soft, inputs):
    """One-hot weights of the largest operation of each edge."""
    with torch.no_grad():
        largest = largest_operations(soft.mixing_weights(inputs), soft.plan)
    return torch.nn.functional.one_hot(largest, N_OPERATIONS).float()


@pytest.mark.parametrize("options", OPTIONS)
def test_each_sample_gets_the_mixture_with_all_weight_on_its_largest_operations(options, monkeypatch):
    soft, inputs = stirred(small(**options)), varied(20)
    weights = chosen(soft, inputs)
    assert len(weights.flatten(1).unique(dim=0)) >= 3
    derived = derived_of(soft, inputs, **options)
    with torch.no_grad():
        assert torch.equal(derived.mixing_weights(inputs), weights)
        found = derived(inputs)
        alone = torch.cat([derived(inputs[row : row + 1]) for row in range(len(inputs))])
        torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-5)
        if "reductions" not in options:
            torch.testing.assert_close(found, logits_by_loops(soft, inputs, weights), rtol=1e-4, atol=1e-5)
        monkeypatch.setattr(soft.architecture, "weights", lambda _: weights)
        torch.testing.assert_close(found, soft(inputs), rtol=1e-4, atol=1e-5)


def test_an_operation_runs_on_those_samples_alone_that_chose_it():
    soft, inputs = stirred(small()), varied(20)
    derived, calls = derived_of(soft, inputs), []
    for module in derived.modules():
        if isinstance(module, Separable):
            module.register_forward_hook(lambda _, given, __: calls.append(len(given[0])))
    with torch.no_grad():
        derived(inputs)
    assert sum(calls) == chosen(soft, inputs)[..., :2].sum()
    assert 0 not in calls


@pytest.mark.parametrize("options", OPTIONS)
def test_its_cost_is_the_mean_over_samples(options):
    soft, inputs = stirred(small(**options)), varied(24)
    derived = derived_of(soft, inputs, **options)
    per_sample = [flops_by_part(derived, inputs[row : row + 1]) for row in range(len(inputs))]
    assert len({tuple(own) for own in per_sample}) > 1
    mean = np.mean(per_sample, axis=0) / 2
    stages, heads = part_macs(derived, SHAPE)
    np.testing.assert_allclose(stages, mean[::2], atol=0.5)
    assert heads.tolist() == mean[1::2].tolist()
    together = np.array(flops_by_part(derived, inputs)) / 2 / len(inputs)
    np.testing.assert_allclose(cumulative_macs(derived, SHAPE), together.reshape(-1, 2).sum(1).cumsum(), atol=2)
    assert cumulative_macs(derived, SHAPE)[-1] < cumulative_macs(soft, SHAPE)[-1]
    assert relative_cost(derived, SHAPE)[-1] == 1.0


def flops_by_part(model, inputs):
    model.eval()
    seen = [0]
    with flop_counter() as counter:
        features = model.normalise(inputs)
        for stage, head in zip(model.stages, model.heads, strict=True):
            features = stage(features)
            seen.append(counter.get_total_flops())
            head(features)
            seen.append(counter.get_total_flops())
    return np.diff(seen)


def test_training_leaves_what_is_chosen_and_what_it_costs():
    soft, inputs = stirred(small()), varied(40)
    derived = derived_of(soft, inputs, is_settled=True)
    weights, cost = derived.mixing_weights(inputs), cumulative_macs(derived, SHAPE)
    assert list(derived.parameter_groups()) == ["weights"]
    optimiser = torch.optim.AdamW(derived.parameter_groups()["weights"], lr=0.05, weight_decay=0.1)
    loss, before = StoppingLoss((0.2, 0.5, 1.0)), None
    for _ in range(5):
        derived.train()
        optimiser.zero_grad()
        value = loss(derived.outputs(inputs), torch.arange(40) % 5)
        value.backward()
        optimiser.step()
        before = before or value.item()
    assert value.item() < before
    assert torch.equal(derived.eval().mixing_weights(inputs), weights)
    assert cumulative_macs(derived, SHAPE).tolist() == cost.tolist()
    assert all(one.grad is None for one in derived.architecture.parameters())


@pytest.mark.parametrize("n", [2, 3, 9])
def test_batches_of_few_samples_can_be_trained_on(n):
    derived = derived_of(stirred(small(stem_stride=2, reductions=2)), varied(20), stem_stride=2, reductions=2).train()
    before = {name: value.clone() for name, value in derived.state_dict().items() if "running" in name}
    derived(varied(n)).sum().backward()
    assert all(torch.isfinite(one.grad).all() for one in derived.parameters() if one.grad is not None)
    few = {name for name, module in derived.named_modules() if isinstance(module, FewSampleNorm)}
    moved = {name for name, value in before.items() if not torch.equal(value, derived.state_dict()[name])}
    assert bool({name.rpartition(".")[0] for name in moved} & few) is (n >= 8)


def test_it_learns_in_half_precision():
    derived = derived_of(stirred(small()), varied(20)).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = derived.outputs(varied(16))
    StoppingLoss((0.2, 0.5, 1.0))(outputs.float(), torch.arange(16) % 5).backward()
    assert all(torch.isfinite(one.grad).all() for one in derived.parameters() if one.grad is not None)


def test_it_reports_what_inputs_choose():
    soft, inputs = stirred(small()), varied(24)
    report = derived_of(soft, inputs).architecture_report(inputs.numpy())
    mean = chosen(soft, inputs).mean(0)
    np.testing.assert_allclose(report.mean, mean, atol=1e-6)
    assert report.is_adaptive and report.edges == soft.plan.edge_names


def test_it_cannot_be_made_plain():
    with pytest.raises(TrainingError, match="must cost the same for every sample to be made plain"):
        plain_network(small(operations=PER_INPUT), 1)
