"""Torchvision's own weights in a network of ours: the same answers, or one clear line."""

import numpy as np
import pytest
import torch
from torchvision import models

from trainables.data import Split
from trainables.errors import TrainingError
from trainables.foreign_weights import ForeignWeights, with_foreign_weights
from trainables.model_file import load_model, save_model
from trainables.models import NetworkSpec
from trainables.recipe import Recipe
from trainables.task import TrialTask


CLASSES = ("cat", "dog", "owl")


@pytest.fixture(scope="module")
def trained():
    """A network of torchvision whose normalisation has seen something."""
    torch.manual_seed(0)
    network = models.resnet18(num_classes=3)
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 64, 64))
    return network.eval()


@pytest.fixture
def file(trained, tmp_path):
    torch.save(trained.state_dict(), tmp_path / "resnet.pth")
    return tmp_path / "resnet.pth"


def images(channels=3):
    draw = np.random.default_rng(0).integers(0, 256, (6, channels, 32, 32), dtype=np.uint8)
    return Split(draw, np.arange(6) % 3, np.array([str(i) for i in range(6)]), None)


def task(family="resnet-18", width=64):
    spec = NetworkSpec(4, width, family)
    return TrialTask("image-folder", CLASSES, spec, Recipe(epochs=1, batch_size=2), aim=0.5, seeds=(0,))


def test_answers_are_those_of_the_network_itself(trained, file, tmp_path):
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
    network, facts = with_foreign_weights(ForeignWeights(file, 64, mean, std), task(), images())
    assert (facts.input_shape, facts.network.n_exits, facts.class_names) == ((3, 64, 64), 1, CLASSES)
    save_model(tmp_path / "model.safetensors", network, facts)
    again, _ = load_model(tmp_path / "model.safetensors")
    inputs = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        expected = trained((inputs - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1))
        for one in (network, again):
            np.testing.assert_allclose(one(inputs)[:, 0], expected, atol=1e-4)


def test_grey_images_are_shown_to_a_network_for_colours(trained, file):
    network, facts = with_foreign_weights(ForeignWeights(file), task(), images(channels=1))
    assert facts.input_shape == (1, 32, 32)
    with torch.inference_mode():
        assert network(torch.rand(2, 1, 32, 32)).shape == (2, 1, 3)


def test_what_does_not_fit_is_one_line(file, tmp_path):
    (tmp_path / "text.pth").write_text("weights")
    torch.save({"epoch": 3, "state": {}}, tmp_path / "checkpoint.pth")
    torch.save(models.resnet18(num_classes=7).state_dict(), tmp_path / "seven.pth")
    for path, family, width, message in (
        (tmp_path / "none.pth", "resnet-18", 64, "there is no such file of weights"),
        (tmp_path / "text.pth", "resnet-18", 64, "a file of weights must be readable without running code"),
        (tmp_path / "checkpoint.pth", "resnet-18", 64, "weights must be tensors by name"),
        (tmp_path / "seven.pth", "resnet-18", 64, r"do not \(size mismatch for fc"),
        (file, "resnet-18", 16, "name the network and the width that they are of"),
        (file, "mobilenet-v3-small", 16, "weights must fit the network but do not"),
    ):
        with pytest.raises(TrainingError, match=message) as refused:
            with_foreign_weights(ForeignWeights(path), task(family, width), images())
        assert "\n" not in str(refused.value)
    with pytest.raises(TrainingError, match="mean and std must have as many values .* but have 2"):
        with_foreign_weights(ForeignWeights(file, mean=(0.5, 0.5), std=(0.1, 0.1)), task(), images())
