from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
import torch.nn.functional as F

from trainables.errors import TrainingError
from trainables.models import relative_cost, with_exits


SHAPE = (3, 32, 32)
BLOCKS = {
    "mobilenet_v3_small": ["features.3", "features.8"],
    "mobilenet_v3_large": ["features.6", "features.12", "features.15"],
    "resnet18": ["layer1", "layer2.0", "layer3"],
    "resnet34": ["layer2.1", "layer3.2"],
    "efficientnet_b0": ["features.2", "features.4.1", "features.6"],
    "shufflenet_v2_x0_5": ["maxpool", "stage3.2"],
    "squeezenet1_1": ["features.4", "features.8"],
    "regnet_y_400mf": ["trunk_output.block2", "trunk_output.block3"],
    "densenet121": ["features.denseblock1", "features.transition2"],
}


def torchvision_classifier(name, **options):
    from torchvision.models import get_model

    torch.manual_seed(0)
    return get_model(name, weights=None, num_classes=7, **options)


def cut(network, blocks, *, shape=SHAPE, n_classes=7):
    channels = [0.4, 0.5, 0.6][: shape[0]]
    return with_exits(network, blocks, input_shape=shape, n_classes=n_classes, mean=channels, std=[0.3] * len(channels))


class Residual(nn.Module):
    """Two convolutions with a way around the second; the activation runs twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.activation = nn.ReLU()

    def forward(self, inputs):
        features = self.activation(self.first(inputs))
        return self.activation(features + self.second(features))


class Dropping(nn.Module):
    def forward(self, features):
        return F.dropout(features, 0.5, training=self.training)


class Tied(nn.Module):
    """One convolution used twice through two modules."""

    def __init__(self):
        super().__init__()
        self.before = nn.Conv2d(3, 3, 3, padding=1)
        self.after = nn.Conv2d(3, 3, 3, padding=1)
        self.after.weight = self.before.weight

    def forward(self, features):
        return self.after(self.before(features))


class Branching(nn.Module):
    def forward(self, features):
        return features if features.sum() > 0 else -features


def toy(middle=None):
    return nn.Sequential(middle or Residual(), nn.Conv2d(4, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())


@pytest.fixture(params=sorted(BLOCKS), scope="module")
def pair(request):
    """A network of torchvision and the model cut from it."""
    network = torchvision_classifier(request.param)
    return network, cut(network, BLOCKS[request.param])


@pytest.fixture
def images():
    return torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("training", [False, True])
def test_last_exit_is_the_network_itself(pair, images, training):
    """In training too, where dropped units and paths are drawn in the same order."""
    network, model = pair
    model.train(training)
    with torch.no_grad():
        torch.manual_seed(2)
        logits = model(images)
        torch.manual_seed(2)
        assert torch.equal(logits[:, -1], network.train(training)(model.normalise(images)))


def test_stage_by_stage_is_the_forward(pair, images):
    _, model = pair
    model.eval()
    with torch.no_grad():
        expected = model(images)
        features = model.normalise(images)
        for k, (stage, head) in enumerate(zip(model.stages, model.heads, strict=True)):
            features = stage(features)
            assert isinstance(features, torch.Tensor)
            assert torch.equal(head(features), expected[:, k])


def test_every_parameter_is_there_once_and_learns(pair, images):
    network, model = pair
    model.train().zero_grad()
    model(images).sum(dim=(0, 1)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    own = {id(parameter) for parameter in network.parameters()}
    heads = {id(parameter) for parameter in model.heads.parameters()}
    assert {id(parameter) for parameter in model.parameters()} == own | heads
    assert len(model.state_dict()) == len(network.state_dict()) + len(heads) + 2  # mean and std


def test_cost_increases(pair):
    _, model = pair
    model.train()
    cost = relative_cost(model, SHAPE)
    assert (np.diff(cost) > 0).all()
    assert cost[0] > 0
    assert cost[-1] == 1.0


def test_weights_survive_saving_and_copying(images):
    model = cut(torchvision_classifier("mobilenet_v3_small"), ["features.3"]).eval()
    other = cut(torchvision_classifier("mobilenet_v3_small"), ["features.3"]).eval()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(0.1)
        assert not torch.equal(model(images), other(images))
        other.load_state_dict(model.state_dict())
        assert torch.equal(model(images), other(images))
        twin = deepcopy(model)
        assert torch.equal(model(images), twin(images))
    assert not {id(parameter) for parameter in model.parameters()} & {id(parameter) for parameter in twin.parameters()}


def test_layers_follow_the_mode(images):
    """Dropout and stochastic depth change the answer in training only; normalisation learns in training only."""
    model = cut(torchvision_classifier("efficientnet_b0"), ["features.2"])
    statistics = {name: buffer.clone() for name, buffer in model.named_buffers() if "running_mean" in name}
    assert model.training
    with torch.no_grad():
        model.eval()
        assert torch.equal(model(images), model(images))
        assert all(torch.equal(model.get_buffer(name), before) for name, before in statistics.items())
        model.train()
        assert not torch.equal(model(images), model(images))
        assert not any(torch.equal(model.get_buffer(name), before) for name, before in statistics.items())


def test_mode_of_the_network_is_kept():
    assert not cut(torchvision_classifier("squeezenet1_1").eval(), ["features.4"]).training


@pytest.mark.parametrize("blocks", [[], ["0"], ["0.first", "0", "1"]])
def test_as_many_exits_as_blocks_and_one(blocks):
    model = cut(toy(), blocks, n_classes=5)
    assert model(torch.rand(2, *SHAPE)).shape == (2, len(blocks) + 1, 5)


def test_grey_images_are_repeated():
    network = torchvision_classifier("resnet18").eval()
    model = cut(network, ["layer2"], shape=(1, 28, 28))
    images = torch.rand(2, 1, 28, 28)
    with torch.no_grad():
        assert torch.equal(model(images)[:, -1], network(((images - 0.4) / 0.3).repeat(1, 3, 1, 1)))
    assert relative_cost(model, (1, 28, 28))[-1] == 1.0


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        (["layer5"], "there is no 'layer5'; use 'layer"),
        (["layer1.0.conv1"], "'layer1.0.conv1' lies inside a branch.* use 'maxpool' or 'layer1.0'"),
        (["layer1.0.relu"], "'layer1.0.relu' runs 2 times; use 'maxpool' or 'layer1'"),
        (["layer2", "layer1"], "'layer1' does not end after 'layer2'"),
        (["layer1", "layer1.1"], "'layer1.1' does not end after 'layer1'"),
        (["layer1", "layer1"], "'layer1' does not end after 'layer1'"),
        (["fc"], "own output is the last exit, and 'fc' gives just that"),
    ],
)
def test_blocks_that_cannot_be_cut_after(blocks, text):
    network = torchvision_classifier("resnet18")
    with pytest.raises(TrainingError, match=text) as error:
        cut(network, blocks)
    assert "\n" not in str(error.value)


def test_features_must_be_maps():
    network = torchvision_classifier("vit_b_32", image_size=32)
    with pytest.raises(TrainingError, match=r"'encoder.layers.encoder_layer_0' gives \(N, 2, 768\); it has no block"):
        cut(network, ["encoder.layers.encoder_layer_0"])


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("swin_t", {}, "'features.1.0.attn' does not"),
        ("densenet121", {"drop_rate": 0.1}, "'features.denseblock1.denselayer1' does not"),
        ("googlenet", {"init_weights": False}, "'aux1' does not.* without auxiliary outputs"),
        ("alexnet", {}, r"cannot take samples of shape \(3, 32, 32\)"),
    ],
)
def test_networks_that_cannot_be_cut(name, options, text):
    with pytest.raises(TrainingError, match=text) as error:
        cut(torchvision_classifier(name, **options), ["features"])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("network", "shape", "n_classes", "text"),
    [
        (toy(), SHAPE, 6, r"logits of shape \(N, 6\) for 6 classes, but Sequential gives \(N, 5\)"),
        (toy(), (2, 32, 32), 5, "they have 2 and Sequential wants 3"),
        (toy(nn.Sequential(nn.Conv2d(3, 4, 3), Dropping())), SHAPE, 5, "same code in training.* but '0.1' does not"),
        (toy(nn.Sequential(nn.Conv2d(3, 4, 3), Branching())), SHAPE, 5, "torch.fx can trace it, but Sequential cannot"),
        (
            nn.Sequential(Tied(), nn.Conv2d(3, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            SHAPE,
            5,
            "'0.after.weight'",
        ),
    ],
)
def test_networks_that_do_not_fit(network, shape, n_classes, text):
    with pytest.raises(TrainingError, match=text) as error:
        cut(network, ["0.before"], shape=shape, n_classes=n_classes)
    assert "\n" not in str(error.value)


def test_a_block_of_several_values():
    class Pair(nn.Module):
        def forward(self, features):
            return features, features

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 3)
            self.pair = Pair()
            self.tail = nn.Sequential(nn.Conv2d(4, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())

        def forward(self, inputs):
            one, other = self.pair(self.stem(inputs))
            return self.tail(one + other)

    with pytest.raises(TrainingError, match="'pair' gives several values; use 'stem' or 'tail.0' or 'tail.1'"):
        cut(Network(), ["pair"], n_classes=5)
