"""Training without early exits: the best epoch is kept, and a training that was stopped goes on to the same end."""

from dataclasses import replace
import math

import numpy as np
import pytest
import torch

from policies.metrics.classification import macro_f1
from trainables.errors import TrainingError
from trainables.export.model_file import save_model
from trainables.models.inference import unit_scale
from trainables.recipes.recipe import Recipe
from trainables.training.checkpoints import CheckpointFolder
from trainables.trials.full_network import FullNetworkTraining, quality_of
from trainables.trials.imported_weights import with_given_weights


PARAMS = {"learning_rate_adamw": 0.03}


@pytest.fixture
def plain(spec):
    return replace(spec, network=replace(spec.network, only_exit=3), recipe=Recipe(epochs=5, batch_size=64))


def training(spec, digits, folder, params=None, quality="accuracy"):
    own = PARAMS if params is None else params
    return FullNetworkTraining(spec, own, digits.train, digits.search, quality=quality, folder=CheckpointFolder(folder))


class StoppedError(Exception):
    """In place of a kill."""


@pytest.mark.parametrize("quality", ["accuracy", "macro_f1"])
def test_the_epoch_of_the_best_quality_is_kept(quality, plain, digits, tmp_path):
    found = training(plain, digits, tmp_path, quality=quality).run()
    qualities = [one.quality for one in found.curve]
    assert [one.epoch for one in found.curve] == [1, 2, 3, 4, 5]
    assert found.reached == max(qualities) == qualities[found.epoch - 1]
    assert found.curve[-1].train_loss < found.curve[0].train_loss
    with torch.inference_mode():
        answers = found.network(unit_scale(torch.tensor(digits.search.inputs)))[:, 0].argmax(dim=1).numpy()
    own = (answers == digits.search.labels).mean()
    expected = own if quality == "accuracy" else macro_f1(answers, digits.search.labels)
    assert found.reached == pytest.approx(expected)
    assert not found.network.training


@pytest.mark.parametrize("after", [1, 3, 5])
def test_stopped_and_continued_it_comes_to_the_same_end(after, plain, digits, tmp_path):
    whole = training(plain, digits, tmp_path / "whole").run()

    def stop(curve):
        if len(curve) == after:
            raise StoppedError

    with pytest.raises(StoppedError):
        training(plain, digits, tmp_path / "stopped").run(stop)
    told = []
    again = training(plain, digits, tmp_path / "stopped").run(lambda curve: told.append(len(curve)))
    assert told == list(range(after, 6))
    assert (again.curve, again.epoch, again.reached) == (whole.curve, whole.epoch, whole.reached)
    assert all(torch.equal(one, other) for one, other in zip(_weights(again), _weights(whole), strict=True))


def _weights(found):
    return list(found.network.state_dict().values())


def test_it_waits_no_longer_than_its_patience(plain, digits, tmp_path):
    patient = replace(plain, recipe=replace(plain.recipe, epochs=9, patience=2))
    found = training(patient, digits, tmp_path, {"learning_rate_adamw": 0.0, "learning_rate_schedule": "constant"})
    curve = found.run().curve
    assert len(curve) < 9
    best = int(np.argmax([one.quality for one in curve]))
    assert len(curve) - 1 - best >= 2


def test_a_training_that_diverges_ends_and_what_was_there_is_kept(plain, digits, tmp_path, monkeypatch):
    one = training(plain, digits, tmp_path)
    real, losses = one._training.train_epoch, []

    def train_epoch():
        losses.append(real())
        return losses[-1] if len(losses) < 3 else math.nan

    monkeypatch.setattr(one._training, "train_epoch", train_epoch)
    found = one.run()
    assert [figures.epoch for figures in found.curve] == [1, 2, 3]
    assert math.isnan(found.curve[-1].train_loss)
    assert math.isnan(found.curve[-1].quality)
    assert found.epoch in (1, 2)
    assert found.reached > 0.2


def test_what_the_last_step_of_an_epoch_spoils_is_a_divergence_too(plain, digits, tmp_path, monkeypatch):
    one = training(plain, digits, tmp_path)
    real = one._training.train_epoch

    def train_epoch():
        loss = real()
        if one._training.epoch == 2:
            torch.nn.init.constant_(next(one.model.heads[0].parameters()), math.nan)
        return loss

    monkeypatch.setattr(one._training, "train_epoch", train_epoch)
    found = one.run()
    assert (found.epoch, found.reached) == (1, found.curve[0].quality)
    assert math.isnan(found.curve[1].train_loss) and math.isnan(found.curve[1].quality)
    assert len(found.curve) == 2


def test_without_a_finite_epoch_there_is_no_network(plain, digits, tmp_path):
    found = training(plain, digits, tmp_path, {"learning_rate_adamw": 1e30}).run()
    assert (found.network, found.epoch, len(found.curve)) == (None, 0, 1)
    assert math.isnan(found.reached)
    # Nor is it tried again.
    assert training(plain, digits, tmp_path, {"learning_rate_adamw": 1e30}).run().curve[0].epoch == 1


def test_a_wrong_parameter_is_refused(plain, digits, tmp_path):
    with pytest.raises(TrainingError, match="unknown training parameter 'exit_weight_1'"):
        training(plain, digits, tmp_path, {"exit_weight_1": 1.0})


@pytest.mark.parametrize("network", [{}, {"family": "mobilenet-v3-small", "width": 16}])
def test_networks_with_exits_start_from_it(network, plain, digits, tmp_path):
    own = replace(plain.network, **network)
    short = replace(plain, network=own, recipe=replace(plain.recipe, epochs=1))
    part = replace(digits, train=digits.train.spread(64), search=digits.search.spread(50))
    found = training(short, part, tmp_path / "checkpoints").run()
    save_model(tmp_path / "full.safetensors", found.network, short.model_config(digits.train, PARAMS))
    with_exits = replace(plain, network=replace(own, only_exit=None))
    given = with_given_weights(with_exits, tmp_path / "full.safetensors", part.train)
    heads = {name.split(".")[1] for name in given.weights.tensors if name.startswith("heads.")}
    # The last head of a network that was cut may be nothing: its classifier is then its last stage's.
    assert heads <= {"2"}
    inputs = unit_scale(torch.tensor(digits.search.inputs[:20]))
    with torch.inference_mode():
        said, alone = given.build_model(part.train).eval()(inputs), found.network(inputs)
    assert torch.equal(said[:, 2], alone[:, 0])
    for frozen in ("nothing", "full-network"):
        with pytest.raises(TrainingError, match=r"with training\.epochs 0 weights must be of all exits"):
            recipe = Recipe(epochs=0, batch_size=8, frozen=frozen)
            with_given_weights(replace(with_exits, recipe=recipe), tmp_path / "full.safetensors", part.train)


def test_a_network_of_an_earlier_exit_lacks_later_stages(plain, digits, tmp_path):
    early = replace(plain, network=replace(plain.network, only_exit=2))
    model = early.build_model(digits.train)
    save_model(tmp_path / "early.safetensors", model, early.model_config(digits.train, {}))
    whole = replace(plain, network=replace(plain.network, only_exit=None))
    with pytest.raises(TrainingError, match=r"weights must fit the network but do not .* missing: 'stages\.2"):
        with_given_weights(whole, tmp_path / "early.safetensors", digits.train)


def test_what_is_frozen_must_be_given(plain, digits, tmp_path):
    whole = replace(plain, network=replace(plain.network, only_exit=None))
    state = whole.build_model(digits.train).state_dict()
    torch.save({name: own for name, own in state.items() if not name.startswith("heads.")}, tmp_path / "stages.pth")
    with_given_weights(
        replace(whole, recipe=replace(whole.recipe, frozen="backbone")), tmp_path / "stages.pth", digits.train
    )
    frozen = replace(whole, recipe=replace(whole.recipe, frozen="full-network"))
    with pytest.raises(TrainingError, match="weights must be of the last exit too, but .* tensors are missing"):
        with_given_weights(frozen, tmp_path / "stages.pth", digits.train)


def test_the_quality_is_that_of_the_last_exit(spec, digits):
    model = spec.build_model(digits.train)
    table = spec.table(model, digits.search, "search")
    expected = (table.exit_answers[:, -1] == digits.search.labels).mean()
    assert quality_of(table, "accuracy") == pytest.approx(expected)
