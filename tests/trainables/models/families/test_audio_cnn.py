"""The network for log-mel features: where its exits are, and what its heads compute."""

import numpy as np
import pytest
import torch
from torch import nn

from trainables.errors import TrainingError
from trainables.models import relative_cost
from trainables.models.families.audio_cnn import audio_cnn
from trainables.models.families.audio_heads import HEADS, AttentiveStatisticsHead, AverageHead, MaxMeanHead, build_head


SHAPE = (1, 64, 101)


def network(**options):
    torch.manual_seed(0)
    given = {"n_exits": 3, "width": 4} | options
    return audio_cnn(input_shape=SHAPE, n_classes=5, mean=[0.0], std=[1.0], **given).eval()


def channels(model):
    """Output channels of the convolutions of each stage."""
    return [[layer.out_channels for layer in stage.modules() if isinstance(layer, nn.Conv2d)] for stage in model.stages]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[4], [8], [16]]),
        ({"n_exits": 1}, [[4]]),
        ({"n_exits": 1, "depth": 3}, [[4, 8, 16]]),
        ({"depth": 5}, [[4, 8], [16], [32, 32]]),
        ({"blocks": ["block1", "block2"]}, [[4], [8], [16]]),
        ({"blocks": ["block2", "block3"], "depth": 5}, [[4, 8], [16], [32, 32]]),
    ],
)
def test_exits_follow_the_blocks_that_are_named(options, expected):
    model = network(**options)
    assert channels(model) == expected
    assert model(torch.rand(2, *SHAPE)).shape == (2, len(expected), 5)
    assert (np.diff(relative_cost(model, SHAPE), prepend=0) > 0).all()


def test_a_block_is_the_documents_convolution_normalisation_relu_and_maximum():
    stage = network().train().stages[0][0]
    convolution, normalisation = stage[0], stage[1]
    inputs = torch.randn(3, *SHAPE)
    outcomes = []
    for run in (stage, nn.Sequential(convolution, normalisation, nn.ReLU(), nn.MaxPool2d(2))):
        stage.zero_grad()
        features = run(inputs)
        (features * torch.linspace(-1, 1, features.numel()).view_as(features)).sum().backward()
        outcomes.append([features.detach(), *(one.grad.clone() for one in stage.parameters())])
    for own, expected in zip(*outcomes, strict=True):
        torch.testing.assert_close(own, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blocks": ["block2", "block1"]}, "in rising order and before the last block but are 'block2', 'block1'; re"),
        ({"blocks": ["block0", "block1"]}, "blocks must be block1, block2"),
        ({"blocks": ["block1", "features.3"]}, "but are 'block1', 'features.3'"),
        ({"blocks": ["block1", "block3"], "depth": 3}, "but are 'block1', 'block3' of 3"),
        ({"blocks": ["block1"]}, "3 exits need 2 blocks but 1 are named"),
        ({"depth": 2}, "depth must be at least the number of exits, 3, but is 2"),
        ({"head": "median"}, "head must be one of max-mean, average, attentive-statistics but is 'median'"),
    ],
)
def test_what_cannot_be_built_is_one_line(options, message):
    with pytest.raises(TrainingError, match=message):
        network(**options)


@pytest.mark.parametrize(
    ("head", "kinds"),
    [
        (None, [AttentiveStatisticsHead] * 3),
        ("max-mean", [MaxMeanHead, MaxMeanHead, AverageHead]),
        ("average", [AverageHead] * 3),
    ],
)
def test_heads_are_those_that_are_named(head, kinds):
    assert [type(one) for one in network(head=head).heads] == kinds


def test_maps_stay_large_enough():
    model = network(n_exits=7)
    assert model(torch.rand(1, *SHAPE)).shape == (1, 7, 5)


def test_head_of_the_document_takes_the_maximum_over_time_and_then_the_mean_over_mels():
    head = MaxMeanHead(3, 5)
    features = torch.randn(2, 3, 8, 11)
    expected = features.numpy().max(axis=3).mean(axis=2) @ head.linear.weight.detach().numpy().T
    np.testing.assert_allclose(head(features).detach(), expected + head.linear.bias.detach().numpy(), atol=1e-5)


def test_attention_weighs_mean_and_deviation_over_time():
    head = AttentiveStatisticsHead(3, 5).eval()
    features = torch.randn(2, 3, 16, 11)
    frames = features.numpy().reshape(2, 3, 8, 2, 11).mean(axis=3).reshape(2, 24, 11)
    first, last = (layer.weight.detach().numpy()[:, :, 0] for layer in (head.attention[0], head.attention[2]))
    scores = last @ np.tanh(first @ frames + head.attention[0].bias.detach().numpy()[:, None])
    weights = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    mean = (weights * frames).sum(axis=2)
    deviation = np.sqrt((weights * (frames - mean[:, :, None]) ** 2).sum(axis=2))
    statistics = np.concatenate([mean, deviation], axis=1) / np.sqrt(1 + 1e-5)
    expected = statistics @ head.linear.weight.detach().numpy().T + head.linear.bias.detach().numpy()
    np.testing.assert_allclose(head(features).detach(), expected, atol=1e-4)


@pytest.mark.parametrize("name", sorted(HEADS))
@pytest.mark.parametrize("size", [(64, 101), (4, 3), (1, 1)])
def test_every_head_answers_and_learns_on_maps_of_any_size(name, size):
    head = build_head(name, 3, 5)
    features = torch.zeros(2, 3, *size, requires_grad=True)
    head(features).square().sum().backward()
    assert torch.isfinite(features.grad).all()


@pytest.mark.parametrize("mels", [32, 16, 8, 4, 20])
def test_bands_of_mels_are_means(mels):
    torch.manual_seed(0)
    features = torch.randn(3, 5, mels, 7).to(memory_format=torch.channels_last)
    expected = nn.functional.adaptive_avg_pool2d(features, (8, 7))
    torch.testing.assert_close(AttentiveStatisticsHead._bands(features), expected)
