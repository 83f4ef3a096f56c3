import numpy as np
import pytest
import torch

from tests.trainables.models.families.darts.networks import SHAPE, images, logits_by_loops, small, stirred
from trainables.errors import TrainingError
from trainables.losses.exit_loss import ExitLoss, LossWeights
from trainables.losses.stopping_loss import StoppingLoss
from trainables.models import cumulative_macs
from trainables.models.families.darts.operations import N_OPERATIONS, Separable


@pytest.mark.parametrize("options", [{}, {"nodes_per_exit": 2}, {"n_exits": 1}, {"mixing_temperature": 0.3}])
def test_it_is_the_loop_over_edges_and_operations(options):
    model, inputs = stirred(small(**options)), images()
    with torch.no_grad():
        weights = model.mixing_weights(inputs)
        expected = logits_by_loops(model, inputs, weights)
        assert not torch.equal(weights[0], weights[1])
        torch.testing.assert_close(model(inputs), expected, rtol=1e-4, atol=1e-5)


def test_without_perturbation_it_is_plain_mixing_exactly():
    """Equations (23) and (24)."""
    adaptive, inputs = stirred(small()), images()
    plain = small(adaptive=False).eval()
    own = {name: value for name, value in adaptive.state_dict().items() if ".controller." not in name}
    plain.load_state_dict(own)
    with torch.no_grad():
        controller = adaptive.architecture.controller
        controller.perturbation.weight.zero_()
        controller.perturbation.bias.zero_()
        assert torch.equal(adaptive(inputs), plain(inputs))
        everywhere = torch.softmax(plain.architecture.alpha, dim=-1)
        assert torch.equal(adaptive.mixing_weights(inputs), everywhere.expand(len(inputs), -1, -1))


def test_a_batch_gives_each_sample_what_it_gets_alone():
    model, inputs = stirred(small()), images()
    with torch.no_grad():
        alone = torch.cat([model(inputs[row : row + 1]) for row in range(len(inputs))])
        torch.testing.assert_close(model(inputs), alone, rtol=1e-4, atol=1e-5)


def test_what_it_says_to_the_loss_is_what_it_answers():
    model, inputs = stirred(small()), images()
    with torch.no_grad():
        outputs = model.outputs(inputs)
        assert torch.equal(outputs.logits, model(inputs))
        said = model.said(inputs)
        assert torch.equal(outputs.stop_logits[:, 0], said[0].stop_logits)
        assert torch.isinf(said[-1].stop_logits).all()
        assert outputs.stop_logits.shape == (6, 2)
        assert outputs.perturbation.shape == (6, model.plan.n_edges, N_OPERATIONS)


def test_at_first_every_exit_has_the_same_share():
    model = small(n_exits=4)
    for k, head in enumerate(list(model.heads)[:-1]):
        assert torch.sigmoid(head.stop[-1].bias).item() == pytest.approx(1 / (4 - k))


@pytest.mark.parametrize("is_adaptive", [True, False])
def test_gradients_reach_everything(is_adaptive):
    model = small(adaptive=is_adaptive)
    loss = StoppingLoss.of(ExitLoss((1.0,) * 3, (1.0,) * 2), (0.2, 0.5, 1.0), auxiliary_weight=0.35)
    outputs = model.train().outputs(images(16))
    loss(outputs, torch.arange(16) % 5, LossWeights(cost=0.05, perturbation=1e-3)).backward()
    without = [name for name, one in model.named_parameters() if one.grad is None or not one.grad.abs().max() > 0]
    assert without == []
    assert (model.architecture.alpha.grad.abs().amax(dim=1) > 0).all()
    groups = model.parameter_groups()
    assert sum(len(group) for group in groups.values()) == len(list(model.parameters()))
    assert bool(groups["controller"]) is is_adaptive


def test_gradients_are_those_of_the_loop():
    model, inputs = small().double(), images().double()
    model.eval()
    with torch.no_grad():
        model.architecture.alpha.normal_()
    parameters = [model.architecture.alpha, model.stages[0].nodes.nodes[0].edges[0]["separable_3x3"].pointwise.weight]
    parameters.append(model.architecture.controller.perturbation.weight)
    fast = torch.autograd.grad(model(inputs).square().sum(), parameters)
    slow = torch.autograd.grad(logits_by_loops(model, inputs, model.mixing_weights(inputs)).square().sum(), parameters)
    for one, other in zip(fast, slow, strict=True):
        torch.testing.assert_close(one, other.to(one.dtype), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("options", "sides", "channels"),
    [
        ({}, [8, 8, 8], [4, 4, 4]),
        ({"stem_stride": 2}, [4, 4, 4], [4, 4, 4]),
        ({"reductions": 1}, [8, 8, 4], [4, 4, 8]),
        ({"reductions": 2, "nodes_per_exit": 2}, [8, 4, 2], [4, 8, 16]),
    ],
)
def test_cells_are_halved_and_doubled_by_reductions(options, sides, channels):
    model, inputs = small(**options).eval(), images(2)
    features, found = model.normalise(inputs), []
    with torch.no_grad():
        for stage in model.stages:
            features = stage(features)
            found.append(tuple(features[-1].shape[1:]))
            assert all(len(part) == 2 for part in features)
    assert found == [(c, side, side) for c, side in zip(channels, sides, strict=True)]
    assert len(model.plan.edge_names) == model.plan.n_edges == len(set(model.plan.edge_names))


def test_the_cost_of_a_soft_mixture_is_the_sum_of_its_operations():
    model = small(adaptive=False)
    macs = np.diff(cumulative_macs(model, SHAPE))
    side = 8 * 8
    separable = sum(side * (4 * kernel**2 + 4 * 4) for kernel in (3, 5))
    head = 16 * 4 * 5
    stop = 16 * 4 * 32 + 32
    assert macs.tolist() == [2 * separable + head + stop, 3 * separable + head]


def test_operations_are_run_once_for_all_samples():
    model, calls = small().eval(), []
    for module in model.modules():
        if isinstance(module, Separable):
            module.register_forward_hook(lambda _, given, __: calls.append(len(given[0])))
    with torch.no_grad():
        model(images(7))
    assert calls == [7] * (2 * model.plan.n_edges)


def test_it_learns_in_half_precision():
    model = small().train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = model.outputs(images(16))
    loss = StoppingLoss((0.2, 0.5, 1.0))(outputs.float(), torch.arange(16) % 5)
    loss.backward()
    assert all(torch.isfinite(one.grad).all() for one in model.parameters() if one.grad is not None)
    torch.testing.assert_close(outputs.float().logits, small().train().outputs(images(16)).logits, rtol=0.2, atol=0.2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mixing_temperature": 0.0}, "mixing_temperature must be positive"),
        ({"stem_stride": 3}, "stem_stride must be 1 or 2"),
        ({"reductions": 3}, "at most 2 with 3 exits"),
        ({"reductions": -1}, "at most 2 with 3 exits, but are -1"),
        ({"reductions": 1.5}, "a whole number of at most 2"),
        ({"nodes_per_exit": 0}, "nodes_per_exit must be a whole number from 1 to 64 but is 0"),
        ({"nodes_per_exit": 1.5}, "nodes_per_exit must be a whole number from 1 to 64 but is 1.5"),
        ({"nodes_per_exit": 10**9}, "nodes_per_exit must be a whole number from 1 to 64 but is 1000000000"),
        ({"head_grid": 0}, "head_grid must be a whole number from 1 but is 0"),
        ({"adaptive": "no"}, "adaptive must be true or false but is 'no'"),
    ],
)
def test_options_out_of_range_are_refused(options, said):
    with pytest.raises(TrainingError, match=said):
        small(**options)
