from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.trainables.models.families.darts.networks import small
from trainables.augmentation.images import Augmentation
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.models import NetworkSpec
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.recipes.recipe import Recipe
from trainables.tasks import get_training_task
from trainables.training.bilevel import turns_of
from trainables.training.loop import MultiExitTraining
from trainables.workloads import get_workload


def training(digits, *, epochs=2, adaptive=True, **params):
    settings = TrainingSettings.from_params({"cost_weight": 0.05, **params}, n_exits=3, epochs=epochs)
    task = get_training_task("classification")
    model = small(n_classes=10, adaptive=adaptive)
    return MultiExitTraining(
        model,
        settings,
        Recipe(epochs=epochs, batch_size=32, gradient_clip=5.0),
        digits.train,
        loss=task.loss(settings, digits.train, n_classes=10, model=model),
        targets=task.targets(digits.train),
        augmentation=Augmentation(),
        seed=3,
        device=torch.device("cpu"),
    )


def test_everything_is_one_turn_unless_two_are_asked_for(digits):
    (turn,) = turns_of(small(), digits.train, is_bilevel=False, seed=1)
    assert len(turn.rows) == len(digits.train.ids)
    plain = get_workload("digits").build_model(digits.train, 10, NetworkSpec(3, 8))
    (turn,) = turns_of(plain, digits.train, is_bilevel=True, seed=1)
    assert len(turn.parameters) == len(list(plain.parameters()))


def test_the_architecture_learns_from_samples_that_weights_do_not_see(digits):
    model = small()
    architecture, weights = turns_of(model, digits.train, is_bilevel=True, seed=1)
    assert not set(architecture.rows.tolist()) & set(weights.rows.tolist())
    assert sorted([*architecture.rows.tolist(), *weights.rows.tolist()]) == list(range(len(digits.train.ids)))
    assert abs(len(architecture.rows) - len(weights.rows)) <= 1
    groups = model.parameter_groups()
    assert {id(one) for one in architecture.parameters} == {id(one) for one in groups["alpha"] + groups["controller"]}
    assert {id(one) for one in weights.parameters} == {id(one) for one in groups["weights"]}


def test_groups_are_held_out_whole(digits):
    train = digits.train
    groups = np.array([str(row // 7) for row in range(len(train.ids))])
    split = Split(train.inputs, train.labels, train.ids, groups)
    architecture, weights = turns_of(small(), split, is_bilevel=True, seed=1)
    assert not set(groups[architecture.rows]) & set(groups[weights.rows])
    assert abs(len(architecture.rows) - len(weights.rows)) <= 14


def test_one_group_cannot_be_shared_out():
    split = replace(of_size(10), groups=np.array(["one"] * 10))
    with pytest.raises(TrainingError, match="must be two at least but are one; set bilevel to false"):
        turns_of(small(), split, is_bilevel=True, seed=1)
    (turn,) = turns_of(small(), split, is_bilevel=False, seed=1)
    assert len(turn.rows) == 10


def test_a_turn_goes_through_its_samples_and_begins_again():
    turn = turns_of(small(), of_size(10), is_bilevel=False, seed=1)[0]
    batches = list(turn.batches(5, 4, torch.Generator().manual_seed(0)))
    assert [len(batch) for batch in batches] == [4] * 5
    order = torch.cat(batches)
    assert sorted(order[:10].tolist()) == list(range(10))
    assert torch.equal(order[:10], order[10:])


def of_size(n):
    return Split(np.zeros((n, 1, 8, 8), np.float32), np.zeros(n, np.int64), np.arange(n).astype(str), None)


def test_each_turn_moves_its_own_parameters_alone(digits, monkeypatch):
    one = training(digits, bilevel=True)
    moved = []

    def noted(loss, parameters, step=one._step):
        before = {name: value.detach().clone() for name, value in one.model.named_parameters()}
        step(loss, parameters)
        changed = {name for name, value in one.model.named_parameters() if not torch.equal(value, before[name])}
        moved.append(changed)

    monkeypatch.setattr(one, "_step", noted)
    one.train_epoch()
    architecture = {name for name, _ in one.model.named_parameters() if ".architecture." in name}
    assert len(moved) == 2 * (len(digits.train.ids) // 2 // 32)
    assert set.union(*moved[0::2]) == architecture
    assert not set.union(*moved[1::2]) & architecture


@pytest.mark.parametrize("bilevel", [True, False])
def test_it_learns_and_goes_on_from_where_it_was(digits, bilevel):
    whole, first = training(digits, bilevel=bilevel), training(digits, bilevel=bilevel)
    losses = [whole.train_epoch() for _ in range(2)]
    assert losses[1] < losses[0]
    first.train_epoch()
    second = training(digits, bilevel=bilevel)
    second.load_state(first.state())
    assert second.train_epoch() == losses[1]
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, second.model.state_dict()[name])
