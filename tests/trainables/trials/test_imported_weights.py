"""Weights that a sweep's networks start from: of a model file, of the network itself, or of what it was cut from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision import models

from policies.goals.request import Request
from tests.toys.rectangles import PLACE as RECTANGLES
from trainables.data import Split, SplitFractions
from trainables.errors import TrainingError
from trainables.export.model_file import save_model
from trainables.models import NetworkSpec
from trainables.recipes.recipe import Recipe
from trainables.trials.imported_weights import with_given_weights
from trainables.trials.seed_run import SeedRun
from trainables.trials.spec import TrialSpec
from trainables.workloads import get_workload


@pytest.fixture
def untrained(spec):
    """The same spec with nothing to train."""
    return replace(spec, recipe=Recipe(epochs=0, batch_size=64))


@pytest.fixture
def trained(spec, digits):
    """A network after an epoch, whose normalisation has seen something."""
    training = spec.training({}, digits.train)
    training.train_epoch()
    return training.model.eval()


def answers(model, split):
    with torch.inference_mode():
        return model.eval()(torch.from_numpy(split.inputs[:9]))


def test_a_model_file_is_taken_whole(untrained, trained, digits, tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, trained, untrained.model_config(digits.train, {}))
    given = with_given_weights(untrained, path, digits.train)
    assert torch.equal(answers(given.build_model(digits.train), digits.train), answers(trained, digits.train))
    # What was standardised with another split's mean stays so.
    part = Split(digits.train.inputs[:9], digits.train.labels[:9], digits.train.ids[:9], None)
    assert torch.equal(answers(given.build_model(part), digits.train), answers(trained, digits.train))


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"state_dict": state, "epoch": 3}])
def test_the_networks_own_weights_are_taken(wrap, untrained, trained, digits, tmp_path):
    torch.save(wrap(trained.state_dict()), tmp_path / "weights.pth")
    given = with_given_weights(untrained, tmp_path / "weights.pth", digits.train)
    assert torch.equal(answers(given.build_model(digits.train), digits.train), answers(trained, digits.train))
    assert ("state_dict" in given.weights.description) == ("epoch" in wrap({}))


@pytest.fixture
def images():
    draw = np.random.default_rng(0).integers(0, 256, (6, 3, 32, 32), dtype=np.uint8)
    return Split(draw, np.arange(6) % 3, np.array([str(i) for i in range(6)]), None)


@pytest.fixture
def cut():
    return TrialSpec(
        "image-folder",
        ("cat", "dog", "owl"),
        NetworkSpec(3, 64, "resnet-18"),
        Recipe(1, 2),
        search_target=Request(target=0.5),
        seeds=(0,),
    )


def test_a_classifiers_weights_are_taken_into_the_network_cut_from_it(cut, images, tmp_path):
    torch.manual_seed(4)
    classifier = models.resnet18(num_classes=3).eval()
    torch.save(classifier.state_dict(), tmp_path / "resnet.pth")
    given = with_given_weights(cut, tmp_path / "resnet.pth", images)
    model = given.build_model(images).eval()
    inputs = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(model(inputs)[:, -1], classifier(model.normalise(inputs)), atol=1e-4, rtol=1e-4)


def test_a_network_with_one_exit_gives_its_weights_to_the_one_with_all(cut, images, tmp_path):
    """What is trained first without early exits is where they start from."""
    only = replace(cut, network=replace(cut.network, only_exit=3))
    plain = replace(only, seeds=(5,)).build_model(images)
    save_model(tmp_path / "model.safetensors", plain, only.model_config(images, {}))
    for spec, exits in ((cut, slice(2, 3)), (only, slice(0, 1))):
        given = with_given_weights(spec, tmp_path / "model.safetensors", images)
        assert torch.equal(answers(given.build_model(images), images)[:, exits], answers(plain, images))


def test_new_exits_must_be_trained(cut, images, tmp_path):
    torch.save(models.resnet18(num_classes=3).state_dict(), tmp_path / "resnet.pth")
    with pytest.raises(
        TrainingError, match=r"weights must be of all exits, but 4 tensors are missing \('heads\.0"
    ) as no:
        with_given_weights(replace(cut, recipe=Recipe(0, 2)), tmp_path / "resnet.pth", images)
    assert "\n" not in str(no.value)


def test_what_does_not_fit_is_one_line(cut, images, untrained, trained, digits, tmp_path):
    torch.save(models.resnet18(num_classes=7).state_dict(), tmp_path / "seven.pth")
    torch.save(trained.state_dict(), tmp_path / "digits.pth")
    torch.save({"epoch": 3}, tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("weights")
    config = replace(untrained.model_config(digits.train, {}), class_names=tuple("abcdefghij"))
    save_model(tmp_path / "letters.safetensors", trained, config)
    wider = replace(untrained, network=replace(untrained.network, width=16))
    for path, own, split, message in (
        ("absent.pth", cut, images, "there is no such file of weights"),
        ("text.pth", cut, images, "a file of weights must be readable without running code"),
        ("none.pth", cut, images, "weights must be tensors by name"),
        ("seven.pth", cut, images, r"do not \(of \d+ tensors 2 of another shape: 'stages.2.fc.weight \[7, 512\]"),
        ("digits.pth", cut, images, "weights must fit the network but do not"),
        (
            "digits.pth",
            wider,
            digits.train,
            r"weights must fit .* of another shape: .* and \d+ more\); name the network",
        ),
        (
            "letters.safetensors",
            untrained,
            digits.train,
            "must know the classes of the data, '0', '1', .* but knows 'a'",
        ),
    ):
        with pytest.raises(TrainingError, match=message) as refused:
            with_given_weights(own, tmp_path / path, split)
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 700


def test_another_width_than_the_weights_have_is_refused_where_it_is_built(untrained, trained, digits, tmp_path):
    torch.save(trained.state_dict(), tmp_path / "weights.pth")
    given = with_given_weights(untrained, tmp_path / "weights.pth", digits.train)
    with pytest.raises(TrainingError, match=r"training.weights must fit the network but do not \(of \d+ tensors"):
        given.with_params({"width": 16}).build_model(digits.train)


@pytest.mark.parametrize("how", [{}, {"patience": 2}, {"ema_decay": 0.9}])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {
            "distillation": "self",
            "alpha": 0.5,
            "alpha_schedule": "linear",
            "alpha_end": 0.1,
            "alpha_warmup": 0.4,
            "margin_weight": 0.1,
            "margin_weight_schedule": "linear",
            "margin_weight_until": 0.3,
        },
    ],
)
def test_without_an_epoch_a_run_reports_the_network_as_it_is(how, params, spec, trained, digits):
    own = replace(spec, recipe=Recipe(epochs=0, batch_size=64, **how))
    training = own.training(params, digits.train)
    training.model.load_state_dict(trained.state_dict())
    if training.network is not training.model:
        training.network.load_state_dict(trained.state_dict())
    run = SeedRun(own, training, digits.search)
    run.step()
    assert run.is_over
    assert {key: run.report[key] for key in ("epoch", "best_epoch", "epochs_left")} == dict.fromkeys(
        ("epoch", "best_epoch", "epochs_left"), 0
    )
    assert np.isnan(run.report["train_loss"])
    expected = (answers_of(trained, digits.search) == digits.search.labels).mean()
    assert run.report["accuracy_exit_3"] == pytest.approx(expected)
    for name, tensor in trained.state_dict().items():
        assert torch.equal((run.kept or training.model.state_dict())[name], tensor)


def answers_of(model, split):
    with torch.inference_mode():
        return model(torch.from_numpy(split.inputs))[:, -1].argmax(dim=1).numpy()


@pytest.fixture
def detection():
    data = get_workload(RECTANGLES).load(None, SplitFractions(), split_seed=0)
    asked, network = Request(target=0.5, quality="map_50"), NetworkSpec(2, 8)
    return data.train, TrialSpec(RECTANGLES, data.class_names, network, Recipe(1, 8), search_target=asked, seeds=(0,))


@pytest.mark.parametrize("only_exit", [2, None])
def test_trained_heads_stay_on_the_anchors_that_they_were_trained_with(only_exit, detection, tmp_path):
    train, spec = detection
    labels = train.labels.copy()
    labels[..., 2:4] = labels[..., :2] + (labels[..., 2:4] - labels[..., :2]) / 2
    other = replace(train, labels=labels)
    own = replace(spec, network=replace(spec.network, only_exit=only_exit))
    trained = own.build_model(train)
    assert not torch.equal(own.build_model(other).anchors, trained.anchors)
    save_model(tmp_path / "model.safetensors", trained, own.model_config(train, {}))
    training = with_given_weights(spec, tmp_path / "model.safetensors", other).training({}, other)
    assert torch.equal(training.model.anchors, trained.anchors)
    assert torch.equal(training._loss.anchors, trained.anchors)
    assert torch.equal(training.model.heads[1].maps[0].weight, trained.heads[-1].maps[0].weight)


def test_heads_without_their_anchors_are_refused(detection, tmp_path):
    train, spec = detection
    state = spec.build_model(train).state_dict()
    torch.save({name: own for name, own in state.items() if name != "anchors"}, tmp_path / "weights.pth")
    with pytest.raises(TrainingError, match=r"weights must fit the network but do not .*missing: 'anchors'"):
        with_given_weights(spec, tmp_path / "weights.pth", train)
