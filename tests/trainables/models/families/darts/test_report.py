"""Which operations the edges of a real network choose."""

import numpy as np
import pytest
import torch

from trainables.models.families.darts.network import darts
from trainables.models.families.darts.operations import OPERATIONS


@pytest.fixture
def inputs():
    return np.random.default_rng(0).integers(0, 256, (300, 1, 8, 8), dtype=np.uint8)


def network(**options):
    """One whose controller says something."""
    torch.manual_seed(0)
    model = darts(input_shape=(1, 8, 8), n_classes=3, n_exits=2, width=4, mean=[0.3], std=[0.2], **options)
    with torch.no_grad():
        model.architecture.alpha.normal_()
        if model.architecture.controller is not None:
            model.architecture.controller.perturbation.weight.normal_(std=5.0)
    return model


def test_report_is_that_of_the_mixing_weights(inputs):
    """Of more inputs than one batch, as bytes."""
    model = network(nodes_per_exit=2, reductions=1, mixing_temperature=0.5).eval()
    report = model.architecture_report(inputs)
    with torch.no_grad():
        scaled = torch.from_numpy(inputs).float() / 255
        weights, moved = model.mixing_weights(scaled), model.architecture.perturbation(model.normalise(scaled))
    np.testing.assert_allclose(report.mean, weights.mean(dim=0), atol=1e-5)
    np.testing.assert_allclose(report.sd, weights.std(dim=0, correction=0), atol=1e-5)
    np.testing.assert_allclose(report.perturbation_sd, moved.std(dim=0, correction=0), atol=1e-5)
    assert report.squared_norm == pytest.approx(moved.square().sum(dim=(1, 2)).mean().item(), rel=1e-5)
    np.testing.assert_allclose(report.chosen, torch.nn.functional.one_hot(weights.argmax(dim=2)).double().mean(dim=0))
    assert report.edges == model.plan.edge_names
    assert report.operations == OPERATIONS
    assert report.n_inputs == 300
    assert 0 < report.other_than_most < report.other_than_alpha <= 1


def test_bytes_and_numbers_in_0_to_1_are_the_same(inputs):
    model = network()
    one, other = (model.architecture_report(given) for given in (inputs, (inputs / 255).astype(np.float32)))
    np.testing.assert_allclose(one.mean, other.mean, atol=1e-6)


def test_a_fixed_architecture_is_told_without_looking_at_inputs(inputs):
    model = network(adaptive=False)
    model.normalise = None
    report = model.architecture_report(inputs)
    assert not report.is_adaptive
    assert report.n_inputs == 300
    np.testing.assert_allclose(report.mean, torch.softmax(model.architecture.alpha.detach(), dim=1), atol=1e-6)


@pytest.mark.parametrize("is_training", [True, False])
def test_telling_leaves_the_network_as_it_was(inputs, is_training):
    model = network().train(is_training)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for stage in list(model.stages)[1:]:
        stage.forward = None
    model.architecture_report(inputs)
    assert all(module.training is is_training for module in model.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
