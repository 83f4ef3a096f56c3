"""``exitsearch teacher`` and ``exitsearch soft-labels``, one after the other, and a sweep's gate after them."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
import torch
from torch import nn
from torchvision.models import resnet18

from search.cli.app import main
from search.config.files import load_sweep
from search.inputs import load_inputs, load_splits
from search.teaching.checks import load_teachers
from trainables.export.model_file import load_model
from trainables.teachers.soft_labels import SoftLabels
from trainables.trials.imported_teacher import IMAGENET_MEAN, IMAGENET_STD


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    command = ["teacher", "digits", "--set", "training.epochs=4", "--set", "training.n_exits=2"]
    command += ["--param", "learning_rate_adamw=0.02", "--out", str(folder / "large")]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 0
    return folder


def export(folder, *options, code=0):
    with pytest.raises(SystemExit) as ended:
        main(["soft-labels", str(folder / "large" / "model.safetensors"), "digits", *options])
    assert ended.value.code == code


def test_teacher_is_trained_and_described(folder):
    network, config = load_model(folder / "large" / "model.safetensors")
    assert (network.n_exits, config.workload, config.input_shape) == (2, "digits", (1, 8, 8))
    told = json.loads((folder / "large" / "teacher.json").read_text())
    assert len(told["search_accuracy_by_exit"]) == 2
    assert told["search_accuracy_by_exit"][-1] > 0.8
    assert 1 <= told["best_epoch"] <= 4
    assert told["params"] == {"learning_rate_adamw": 0.02}


def test_teacher_may_have_a_width_and_a_head_of_its_own(tmp_path):
    command = ["teacher", "digits", "--set", "training.network=audio-cnn", "--set", "training.epochs=3"]
    command += ["--param", "width=12", "--param", "head=max-mean", "--param", "learning_rate_adamw=0.02"]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--out", str(tmp_path / "wide")])
    assert ended.value.code == 0
    network, config = load_model(tmp_path / "wide" / "model.safetensors")
    assert (config.network.width, config.network.head) == (12, "max-mean")
    assert next(network.stages.parameters()).shape[0] == 12


@pytest.mark.parametrize("images", ["training.augment=false", "training.views=2"])
def test_exported_soft_labels_pass_the_gate_of_their_sweep(folder, tmp_path, images, capsys):
    export(folder, "--set", images, "--out", str(tmp_path / "soft.npz"))
    printed = " ".join(capsys.readouterr().out.split())
    soft = SoftLabels.load(tmp_path / "soft.npz")
    assert f"temperature 2, right about {soft.metadata['accuracy']:.1%}" in printed
    assert soft.metadata["accuracy"] > 0.8
    teacher = json.dumps([{"name": "large", "soft_labels": str(tmp_path / "soft.npz")}])
    config = load_sweep("digits", [f"teachers={teacher}", "space.name=distillation", images])
    found = load_teachers(load_inputs(config), report_file=tmp_path / "report.json")
    assert found.reports[0].problem == ""
    np.testing.assert_allclose(found.reports[0].agreement, soft.metadata["accuracy"])


def test_images_that_cannot_be_shown_again_are_refused(folder, tmp_path, capsys):
    export(folder, "--out", str(tmp_path / "soft.npz"), code=2)
    assert "set training.views to how many fixed augmentations" in capsys.readouterr().err
    assert not (tmp_path / "soft.npz").exists()


def test_a_folder_that_exists_is_not_overwritten(folder, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["teacher", "digits", "--out", str(folder / "large")])
    assert ended.value.code == 2
    assert "must be a new folder but exists" in capsys.readouterr().err


def test_weights_from_elsewhere_are_taken_in(tmp_path, capsys):
    config = load_sweep("digits", [])
    splits = load_splits(config)
    network = resnet18(num_classes=10)
    torch.save(network.state_dict(), tmp_path / "random.pth")
    command = ["teacher", "digits", "--set", "training.network=resnet-18", "--set", "training.width=64"]
    untrained = [*command, "--weights", str(tmp_path / "random.pth"), "--out", str(tmp_path / "untrained")]
    refused(untrained, "one answer for all of search but accuracy 0.", capsys)
    assert not (tmp_path / "untrained").exists()
    fit_last_layer(network, splits.train)
    saved = {"state_dict": torch.nn.DataParallel(network).state_dict(), "epoch": 3}
    torch.save(saved, tmp_path / "fitted.pth")
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*command, "--weights", str(tmp_path / "fitted.pth"), "--out", str(tmp_path / "fitted")])
    assert ended.value.code == 0
    told = json.loads((tmp_path / "fitted" / "teacher.json").read_text())
    assert told["search_accuracy_by_exit"][0] > 0.5
    assert told["weights_were_wrapped"] == "taken from 'state_dict' without 'module' in their names"
    assert f"Weights of {tmp_path / 'fitted.pth'}: {told['weights_were_wrapped']}\n" in capsys.readouterr().out
    assert load_model(tmp_path / "fitted" / "model.safetensors")[1].network.width == 64


def test_options_of_weights_need_weights(tmp_path, capsys):
    command = ["teacher", "digits", "--out", str(tmp_path / "out")]
    refused([*command, "--image-size", "64"], "--image-size is about --weights, which are not given", capsys)
    weights = ["--weights", str(tmp_path / "x.pth")]
    refused([*command, *weights, "--std", "a,b"], "--std must be numbers joined by commas", capsys)
    refused([*command, *weights, "--param", "a=1"], "--param a=1 is about training", capsys)
    refused([*command, *weights], f"--weights must be a file but there is no file {tmp_path / 'x.pth'}", capsys)


def refused(command, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def fit_last_layer(network, train):
    """Have a random network name the classes by a linear fit of its last features."""
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    layer, network.fc = network.fc, nn.Identity()
    with torch.inference_mode():
        features = network.eval()((torch.from_numpy(train.inputs) - mean) / std).numpy()
    fitted = LogisticRegression(max_iter=300).fit(features, train.labels)
    network.fc = layer
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(fitted.coef_))
        layer.bias.copy_(torch.from_numpy(fitted.intercept_))
