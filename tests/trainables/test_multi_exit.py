"""The trainable itself, without a cluster around it."""

import math

import pytest
import torch

from trainables.checkpoints import STATE_FILE, read_state
from trainables.errors import CheckpointError
from trainables.multi_exit import MultiExitTrainable


REPORTED = {"accuracy", "mean_depth", "mean_cost", "depth_at_target", "train_loss", "epoch", "seconds"}
REPORTED |= {f"{name}_exit_{depth}" for name in ("accuracy", "ece") for depth in (1, 2, 3)}


@pytest.fixture
def trainable(task, digits):
    return begun({}, task, digits)


def begun(config, task, digits, checkpoints=None):
    """As Tune begins a trial, without the actor."""
    one = MultiExitTrainable.__new__(MultiExitTrainable)
    one.setup(config, task=task, train=digits.train, search=digits.search, checkpoints=checkpoints)
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
    other = begun({"learning_rate_adamw": 0.5}, task, digits)
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
    state = torch.load(tmp_path / STATE_FILE, weights_only=True)
    assert {"epoch", "model", "optimiser", "scheduler", "generator", "torch_random", "report"} == state.keys()


def test_saved_network_is_the_trained_one(task, digits, tmp_path):
    trainable = begun({"trial": "trial-0001"}, task, digits, tmp_path)
    while not trainable.step()["done"]:
        with pytest.raises(CheckpointError, match="trial-0001: the checkpoint of the last epoch is gone or damaged"):
            task.load_model(tmp_path / "trial-0001", digits.train)
    model = task.load_model(tmp_path / "trial-0001", digits.train)
    inputs = torch.from_numpy(digits.search.inputs[:50])
    with torch.inference_mode():
        torch.testing.assert_close(model(inputs), trainable._training.model.eval()(inputs))


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_restarted_trial_repeats_its_last_report_and_goes_on_exactly(killed_after, task, digits, tmp_path):
    undisturbed = begun({"trial": "trial-0001"}, task, digits, tmp_path / "undisturbed")
    expected = [undisturbed.step() for _ in range(task.epochs)]
    killed = begun({"trial": "trial-0001"}, task, digits, tmp_path / "killed")
    for _ in range(killed_after):
        killed.step()
    again = begun({"trial": "trial-0001"}, task, digits, tmp_path / "killed")
    results = [again.step() for _ in range(task.epochs - killed_after + 1)]
    for result, wanted in zip(results, expected[killed_after - 1 :], strict=True):
        assert {key: result[key] for key in REPORTED - {"seconds"}} == {
            key: wanted[key] for key in REPORTED - {"seconds"}
        }
        assert result["done"] == wanted["done"]


def test_a_damaged_checkpoint_costs_one_epoch(task, digits, tmp_path):
    killed = begun({"trial": "trial-0001"}, task, digits, tmp_path)
    expected = [killed.step() for _ in range(2)]
    (tmp_path / "trial-0001" / "epoch_000002" / STATE_FILE).write_bytes(b"half of it")
    again = begun({"trial": "trial-0001"}, task, digits, tmp_path)
    assert [again.step()["epoch"] for _ in range(2)] == [1, 2]
    again = begun({"trial": "trial-0001"}, task, digits, tmp_path)
    assert again.step()["train_loss"] == expected[1]["train_loss"]


def test_an_actor_goes_from_trial_to_trial(task, digits, tmp_path):
    trainable = begun({"trial": "trial-0001"}, task, digits, tmp_path)
    trainable.step()
    assert trainable.reset_config({"trial": "trial-0002"})
    assert trainable.step()["epoch"] == 1
    trainable.reset_config({"trial": "trial-0001"})
    assert [trainable.step()["epoch"] for _ in range(2)] == [1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial-0001", "trial-0002"]


def test_an_exception_in_the_loss_is_the_configurations_own_fault(trainable, monkeypatch):
    def broken(*args, **kwargs):
        raise ValueError("shapes do not fit\nand more")

    monkeypatch.setattr(trainable._training, "train_epoch", broken)
    result = trainable.step()
    assert result["done"]
    assert result["failure"] == "epoch 1: ValueError: shapes do not fit"
    assert result.keys() >= REPORTED


def test_a_network_that_cannot_be_built_is_a_failure_too(task, digits):
    result = begun({"trial": "trial-0001", "optimiser": "nonsense"}, task, digits).step()
    assert result["done"]
    assert "nonsense" in result["failure"]
    assert result.keys() >= REPORTED


def test_a_failed_trial_keeps_the_checkpoint_of_its_last_good_epoch(task, digits, tmp_path, monkeypatch):
    trainable = begun({"trial": "trial-0001"}, task, digits, tmp_path)
    trainable.step()
    monkeypatch.setattr(trainable._training, "train_epoch", lambda: math.nan)
    assert trainable.step()["failure"] == "the loss is nan in epoch 2"
    assert read_state(tmp_path / "trial-0001" / "epoch_000001")["epoch"] == 1
    assert not (tmp_path / "trial-0001" / "epoch_000002").exists()


def test_diverged_training_ends_with_its_reason(task, digits):
    result = begun({"optimiser": "sgd", "learning_rate_sgd": 1e30}, task, digits).step()
    assert result["done"]
    assert result["failure"].startswith(("the loss is nan in epoch 1", "the loss is inf", "epoch 1: 'logits'"))
    assert math.isnan(result["accuracy"])
    assert result.keys() >= REPORTED
