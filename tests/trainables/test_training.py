import torch

from policies.exit_metrics import exit_accuracies
from trainables.augment import Augmentation
from trainables.settings import TrainingSettings
from trainables.tabulate import exit_table
from trainables.training import MultiExitTraining


def training(task, split, **params):
    return MultiExitTraining(
        task.build_model(split),
        TrainingSettings.from_params(params, n_exits=3, epochs=task.epochs),
        split,
        augmentation=Augmentation(shift=0.1),
        epochs=task.epochs,
        batch_size=64,
        seed=task.seed,
        device=torch.device("cpu"),
    )


def weights(one):
    return {name: tensor.clone() for name, tensor in one.model.state_dict().items()}


def assert_same(left, right):
    for name, tensor in left.items():
        torch.testing.assert_close(tensor, right[name], rtol=0, atol=0)


def test_loss_falls_and_every_exit_learns(task, digits):
    one = training(task, digits.train, learning_rate_adamw=0.05)
    losses = [one.train_epoch() for _ in range(3)]
    assert losses[2] < losses[0] * 0.8
    untrained = exit_accuracies(exit_table(task.build_model(digits.train), digits.search))
    assert (exit_accuracies(exit_table(one.model, digits.search)) > untrained + 0.05).all()


def test_same_seed_gives_the_same_weights(task, digits):
    first, second = training(task, digits.train), training(task, digits.train)
    assert first.train_epoch() == second.train_epoch()
    assert_same(weights(first), weights(second))


def test_continuing_from_a_state_equals_never_stopping(task, digits, tmp_path):
    whole = training(task, digits.train, distillation="self", alpha=0.5)
    whole.train_epoch()
    torch.save(whole.state(), tmp_path / "state.pt")
    expected = [whole.train_epoch() for _ in range(2)]
    resumed = training(task, digits.train, distillation="self", alpha=0.5)
    resumed.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    assert resumed.epoch == 1
    assert [resumed.train_epoch() for _ in range(2)] == expected
    assert_same(weights(whole), weights(resumed))


def test_diverging_shows_in_the_loss(task, digits):
    one = training(task, digits.train, optimiser="sgd", learning_rate_sgd=1e30)
    assert not all(torch.isfinite(torch.tensor(one.train_epoch())) for _ in range(3))
