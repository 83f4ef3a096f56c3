"""What is frozen stays to the last bit, and the rest is trained."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.toys.rectangles import grid_detector
from trainables.errors import TrainingError
from trainables.models import MultiExitModel
from trainables.models.inference import unit_scale
from trainables.recipes.recipe import Recipe
from trainables.training.checkpoints import read_state, write_state
from trainables.training.freezing import freeze, train_the_rest
from trainables.trials.spec import GivenWeights


STILL = {"backbone": ("stages.", "mean", "std"), "full-network": ("stages.", "heads.2.", "mean", "std")}


def answers(model, split):
    with torch.inference_mode():
        return model.eval()(unit_scale(torch.tensor(split.inputs[:50])))


@pytest.fixture
def trained(spec, digits):
    """The spec with weights whose normalisation has seen something."""
    training = spec.training({}, digits.train)
    training.train_epoch()
    return replace(spec, weights=GivenWeights({key: own.clone() for key, own in training.model.state_dict().items()}))


@pytest.mark.parametrize("ema_decay", [None, 0.3, 0.9])
@pytest.mark.parametrize("frozen", ["backbone", "full-network"])
def test_what_stays_is_the_same_to_the_last_bit(frozen, ema_decay, trained, digits):
    spec = replace(trained, recipe=replace(trained.recipe, frozen=frozen, ema_decay=ema_decay))
    training = spec.training({"weight_decay": 0.1}, digits.train)
    before = {name: tensor.clone() for name, tensor in training.network.state_dict().items()}
    said = answers(training.network, digits.search)
    for _ in range(2):
        training.train_epoch()
    for name, tensor in training.network.state_dict().items():
        is_still = name.startswith(STILL[frozen])
        # Of a head's normalisation the count may be what it was.
        assert torch.equal(tensor, before[name]) == is_still or name.endswith("num_batches_tracked"), name
    now = answers(training.network, digits.search)
    assert torch.equal(now[:, 2], said[:, 2]) == (frozen == "full-network")
    assert not torch.equal(now[:, 0], said[:, 0])


def test_without_it_everything_moves(trained, digits):
    training = trained.training({}, digits.train)
    before = {name: tensor.clone() for name, tensor in training.model.state_dict().items()}
    training.train_epoch()
    same = [name for name, tensor in training.model.state_dict().items() if torch.equal(tensor, before[name])]
    assert same == ["mean", "std"]


def test_early_heads_learn_on_a_frozen_network(trained, digits):
    spec = replace(trained, recipe=replace(trained.recipe, frozen="full-network"))
    training = spec.training({"learning_rate_adamw": 0.02}, digits.train)
    losses = [training.train_epoch() for _ in range(3)]
    assert losses[2] < losses[0]


def test_nothing_is_kept_for_a_backward_pass_through_a_frozen_backbone(trained, digits):
    spec = replace(trained, recipe=replace(trained.recipe, frozen="backbone"))
    model = spec.training({}, digits.train).model
    features = model.normalise(unit_scale(torch.tensor(digits.train.inputs[:4])))
    for stage in model.stages:
        features = stage(features)
        assert not features.requires_grad
    assert model.heads[-1](features).requires_grad


def test_it_goes_on_from_a_state(trained, digits, tmp_path):
    spec = replace(trained, recipe=replace(trained.recipe, frozen="full-network"))
    one = spec.training({}, digits.train)
    one.train_epoch()
    other = spec.training({}, digits.train)
    write_state(tmp_path, one.state())
    other.load_state(read_state(tmp_path))
    assert one.train_epoch() == other.train_epoch()


class Scaled(MultiExitModel):
    """A network with a parameter that belongs to no stage, and heads that share a layer with the last one."""

    def __init__(self):
        shared = nn.Linear(4, 3)
        stages = [nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)), nn.Identity()]
        super().__init__(stages, [nn.Sequential(nn.Linear(4, 4), shared), shared], mean=[0.0], std=[1.0])
        self.scale = nn.Parameter(torch.ones(1))

    def normalise(self, inputs):
        return super().normalise(inputs) * self.scale


def test_parameters_outside_of_stages_and_shared_ones_stay_too():
    model = Scaled()
    freeze(model, "full-network")
    moving = {name for name, one in model.named_parameters() if one.requires_grad}
    assert moving == {"heads.0.0.weight", "heads.0.0.bias"}
    train_the_rest(model, "full-network")
    inputs = torch.rand(8, 1, 8, 8)
    assert torch.equal(model(inputs)[:, 1], model(inputs)[:, 1])
    assert model.stages[0][2].num_batches_tracked == 0


def test_all_of_a_detector_but_its_heads_is_its_backbone_unless_it_says_more():
    scale = {"mean": [0.4] * 3, "std": [0.2] * 3}
    model = grid_detector(input_shape=(3, 64, 64), n_classes=2, n_exits=2, width=4, **scale)
    freeze(model, "backbone")
    moving = {name.split(".")[0] for name, one in model.named_parameters() if one.requires_grad}
    assert moving == {"heads"}


def test_something_must_be_left_to_train():
    whole = MultiExitModel([nn.Linear(4, 4)], [nn.Linear(4, 2)], mean=[0.0], std=[1.0])
    with pytest.raises(TrainingError, match="of a network with 1 exit nothing is where full-network is frozen"):
        freeze(whole, "full-network")


def test_a_part_that_is_none_is_refused():
    with pytest.raises(TrainingError, match="frozen must be one of nothing, backbone, full-network but is 'heads'"):
        Recipe(epochs=1, batch_size=1, frozen="heads")
