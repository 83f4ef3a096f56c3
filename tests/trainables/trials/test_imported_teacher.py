"""Torchvision's own weights in a network of ours: the same answers, or one clear line."""

import numpy as np
import pytest
from safetensors.torch import save_file
import torch
from torchvision import models

from policies.goals.request import Request
from tests.trainables.weight_sets import CHECKPOINTS
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.export.model_file import load_model, save_model
from trainables.models import NetworkSpec
from trainables.recipes.recipe import Recipe
from trainables.trials.imported_teacher import IMAGENET_MEAN, IMAGENET_STD, ForeignWeights, with_foreign_weights
from trainables.trials.spec import TrialSpec


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


def spec(family="resnet-18", width=64):
    spec = NetworkSpec(4, width, family)
    return TrialSpec(
        "image-folder", CLASSES, spec, Recipe(epochs=1, batch_size=2), search_target=Request(target=0.5), seeds=(0,)
    )


def test_answers_are_those_of_the_network_itself(trained, file, tmp_path):
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
    network, config, wrapped = with_foreign_weights(ForeignWeights(file, 64, mean, std), spec(), images())
    assert wrapped == ""
    assert (config.input_shape, config.network.n_exits, config.class_names) == ((3, 64, 64), 1, CLASSES)
    save_model(tmp_path / "model.safetensors", network, config)
    again, _ = load_model(tmp_path / "model.safetensors")
    inputs = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        expected = trained((inputs - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1))
        for one in (network, again):
            np.testing.assert_allclose(one(inputs)[:, 0], expected, atol=1e-4)


def test_grey_images_are_shown_to_a_network_for_colours(trained, file):
    network, config, _ = with_foreign_weights(ForeignWeights(file), spec(), images(channels=1))
    assert config.input_shape == (1, 32, 32)
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
        (
            tmp_path / "seven.pth",
            "resnet-18",
            64,
            r"do not \(of 122 tensors 2 of another shape: 'fc.weight \[7, 512\] instead of \[3, 512\]', 'fc.bias",
        ),
        (file, "resnet-18", 16, "name the network and the width that they are of"),
        (file, "mobilenet-v3-small", 16, "weights must fit the network but do not"),
    ):
        with pytest.raises(TrainingError, match=message) as refused:
            with_foreign_weights(ForeignWeights(path), spec(family, width), images())
        assert "\n" not in str(refused.value)
    with pytest.raises(TrainingError, match="mean and std must have as many values .* but have 2"):
        with_foreign_weights(ForeignWeights(file, mean=(0.5, 0.5), std=(0.1, 0.1)), spec(), images())


@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_weights_are_taken_out_of_what_they_were_saved_in(trained, tmp_path, kind):
    saved, told = CHECKPOINTS[kind](trained)
    torch.save(saved, tmp_path / "saved.pth")
    network, _, wrapped = with_foreign_weights(ForeignWeights(tmp_path / "saved.pth", 64), spec(), images())
    assert wrapped == told
    inputs = torch.rand(2, 3, 64, 64)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.inference_mode():
        np.testing.assert_allclose(network(inputs)[:, 0], trained((inputs - mean) / std), atol=1e-4)


def test_safetensors_are_taken_and_our_own_model_files_are_named(trained, tmp_path):
    save_file(trained.state_dict(), tmp_path / "net.safetensors")
    network, config, _ = with_foreign_weights(ForeignWeights(tmp_path / "net.safetensors"), spec(), images())
    save_model(tmp_path / "ours.safetensors", network, config)
    for name, message in (
        ("ours.safetensors", "this is a model file of exitsearch; name it as it is"),
        ("none.safetensors", "there is no such file of weights"),
        ("bad.safetensors", "a safetensors file must be whole but is not"),
    ):
        if name.startswith("bad"):
            (tmp_path / name).write_bytes((tmp_path / "net.safetensors").read_bytes()[:5000])
        with pytest.raises(TrainingError, match=message):
            with_foreign_weights(ForeignWeights(tmp_path / name), spec(), images())


def test_whole_networks_are_not_unpickled_and_the_line_says_so(trained, tmp_path):
    for saved in (trained, {"model": trained, "epoch": 3}):
        torch.save(saved, tmp_path / "whole.pth")
        with pytest.raises(TrainingError) as refused:
            with_foreign_weights(ForeignWeights(tmp_path / "whole.pth"), spec(), images())
        message = str(refused.value)
        assert "holds objects of classes of its own, such as a whole network ('" in message
        assert "'torchvision.models.resnet.ResNet'" in message or "more)" in message
        assert message.endswith("where you trust it, write it anew with torch.save(model.state_dict(), ...)")
        assert "\n" not in message
        assert len(message) < 600


def test_two_networks_in_one_file_are_refused(trained, tmp_path):
    state = trained.state_dict()
    torch.save({f"{who}.{k}": v for who in ("student", "teacher") for k, v in state.items()}, tmp_path / "two.pth")
    with pytest.raises(TrainingError, match="of one network.* but 'student', 'teacher' fit alike; save just one's"):
        with_foreign_weights(ForeignWeights(tmp_path / "two.pth"), spec(), images())


def test_of_a_student_and_its_wider_teacher_the_one_that_fits_is_taken(trained, tmp_path):
    other = models.resnet18(num_classes=9).state_dict()
    torch.save({"teacher": other, "student": trained.state_dict()}, tmp_path / "two.pth")
    _, _, told = with_foreign_weights(ForeignWeights(tmp_path / "two.pth"), spec(), images())
    assert told == "taken from 'student'"


def test_a_mismatch_has_at_most_five_names_and_the_counts(trained, tmp_path):
    state = trained.state_dict()
    for name, saved in (
        ("other", models.mobilenet_v3_large(num_classes=3).state_dict()),
        ("wrapped", {f"module.{k}": v for k, v in models.resnet34(num_classes=7).state_dict().items()}),
        ("part", {k: v for k, v in state.items() if k.startswith("layer")}),
        ("long", {**state, **{f"{'x' * 500}{i}": torch.zeros(1) for i in range(1000)}}),
    ):
        torch.save({"state_dict": saved}, tmp_path / f"{name}.pth")
        with pytest.raises(TrainingError, match=r"must fit the network but do not \(of 122 tensors \d+ ") as refused:
            with_foreign_weights(ForeignWeights(tmp_path / f"{name}.pth"), spec(), images())
        message = str(refused.value)
        named = message.split("do not (")[1].split(")")[0]
        assert 2 <= named.count("'") <= 10 + named.count("network's"), named
        assert len(message) < 1000
        assert "\n" not in message
