"""The trainable itself, without a cluster around it."""

import math

import pytest
import torch

from trainables.multi_exit import CHECKPOINT_FILE, MultiExitTrainable, load_model


REPORTED = {"accuracy", "mean_depth", "mean_cost", "depth_at_target", "train_loss", "epoch", "seconds"}
REPORTED |= {f"{name}_exit_{depth}" for name in ("accuracy", "ece") for depth in (1, 2, 3)}


@pytest.fixture
def trainable(task, digits):
    one = MultiExitTrainable.__new__(MultiExitTrainable)
    one.setup({}, task=task, train=digits.train, search=digits.search)
    return one


def test_one_step_is_one_epoch_and_reports_everything(trainable):
    results = [trainable.step() for _ in range(3)]
    assert [result["epoch"] for result in results] == [1, 2, 3]
    assert [result["done"] for result in results] == [False, False, True]
    for result in results:
        assert result.keys() >= REPORTED
        assert all(math.isfinite(result[key]) for key in REPORTED)


def test_checkpoint_continues_exactly(trainable, task, digits, tmp_path):
    trainable.step()
    trainable.save_checkpoint(str(tmp_path))
    expected = trainable.step()
    other = MultiExitTrainable.__new__(MultiExitTrainable)
    other.setup({"learning_rate_adamw": 0.5}, task=task, train=digits.train, search=digits.search)
    assert other.reset_config({})
    other.load_checkpoint(str(tmp_path))
    again = other.step()
    for key in REPORTED - {"seconds"}:
        assert again[key] == expected[key]


def test_reset_starts_the_next_trial_afresh(trainable):
    first = trainable.step()
    trainable.reset_config({})
    again = trainable.step()
    assert again["train_loss"] == first["train_loss"]


def test_checkpoint_holds_nothing_that_could_run_code(trainable, tmp_path):
    trainable.step()
    trainable.save_checkpoint(str(tmp_path))
    state = torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)
    assert {"epoch", "model", "optimiser", "scheduler", "generator", "torch_random"} == state.keys()


def test_saved_network_is_the_trained_one(trainable, task, digits, tmp_path):
    trainable.step()
    trainable.save_checkpoint(str(tmp_path))
    model = load_model(tmp_path, task, digits.train)
    inputs = torch.from_numpy(digits.search.inputs[:50])
    with torch.inference_mode():
        torch.testing.assert_close(model(inputs), trainable._training.model.eval()(inputs))


def test_diverged_training_ends_with_its_reason(task, digits):
    one = MultiExitTrainable.__new__(MultiExitTrainable)
    one.setup({"optimiser": "sgd", "learning_rate_sgd": 1e30}, task=task, train=digits.train, search=digits.search)
    result = one.step()
    assert result["done"]
    assert result["failure"].startswith(("the loss is nan in epoch 1", "the loss is inf", "epoch 1: 'logits'"))
    assert math.isnan(result["accuracy"])
    assert result.keys() >= REPORTED
