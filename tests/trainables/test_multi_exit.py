"""The trainable itself, without a cluster around it."""

from dataclasses import replace
import math

import numpy as np
import pytest
import torch

from trainables.augmentation.images import Augmentation
from trainables.errors import CheckpointError
from trainables.multi_exit import MultiExitTrainable
from trainables.teachers.teacher import TeacherSet
from trainables.training.checkpoints import STATE_FILE, read_state


REPORTED = {
    "accuracy",
    "mean_depth",
    "mean_cost",
    "violation",
    "objective_at_target",
    "depth_at_target",
    "train_loss",
    "epoch",
    "seconds",
}
REPORTED |= {f"{name}_exit_{depth}" for name in ("accuracy", "ece") for depth in (1, 2, 3)}


@pytest.fixture
def trainable(spec, digits):
    return begun({}, spec, digits)


def begun(config, spec, digits, checkpoints=None):
    """As Tune begins a trial, without the actor."""
    one = MultiExitTrainable.__new__(MultiExitTrainable)
    one.setup(config, spec=spec, train=digits.train, search=digits.search, checkpoints=checkpoints)
    return one


def test_one_step_is_one_epoch_and_reports_everything(trainable):
    results = [trainable.step() for _ in range(3)]
    assert [result["epoch"] for result in results] == [1, 2, 3]
    assert [result["done"] for result in results] == [False, False, True]
    for result in results:
        assert result.keys() >= REPORTED
        assert all(math.isfinite(result[key]) for key in REPORTED)


def test_checkpoint_continues_exactly(trainable, spec, digits, tmp_path):
    trainable.step()
    trainable.save_checkpoint(str(tmp_path))
    expected = trainable.step()
    other = begun({"learning_rate_adamw": 0.5}, spec, digits)
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
    assert state.keys() == {"params", "runs", "report"}
    expected = {"epoch", "model", "optimiser", "scheduler", "generator", "torch_random"}
    assert state["runs"][0]["training"].keys() >= expected


def test_saved_network_is_the_trained_one(spec, digits, tmp_path):
    trainable = begun({"trial": "trial-0001"}, spec, digits, tmp_path)
    while not trainable.step()["done"]:
        with pytest.raises(CheckpointError, match="trial-0001: the checkpoint of the last epoch is gone or damaged"):
            spec.load_model(tmp_path / "trial-0001", digits.train)
    model = spec.load_model(tmp_path / "trial-0001", digits.train)
    inputs = torch.from_numpy(digits.search.inputs[:50])
    with torch.inference_mode():
        torch.testing.assert_close(model(inputs), trainable.trial.runs[0].training.model.eval()(inputs))


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_restarted_trial_repeats_its_last_report_and_goes_on_exactly(killed_after, spec, digits, tmp_path):
    undisturbed = begun({"trial": "trial-0001"}, spec, digits, tmp_path / "undisturbed")
    expected = [undisturbed.step() for _ in range(spec.recipe.epochs)]
    killed = begun({"trial": "trial-0001"}, spec, digits, tmp_path / "killed")
    for _ in range(killed_after):
        killed.step()
    again = begun({"trial": "trial-0001"}, spec, digits, tmp_path / "killed")
    results = [again.step() for _ in range(spec.recipe.epochs - killed_after + 1)]
    for result, wanted in zip(results, expected[killed_after - 1 :], strict=True):
        assert {key: result[key] for key in REPORTED - {"seconds"}} == {
            key: wanted[key] for key in REPORTED - {"seconds"}
        }
        assert result["done"] == wanted["done"]


def test_a_damaged_checkpoint_costs_one_epoch(spec, digits, tmp_path):
    killed = begun({"trial": "trial-0001"}, spec, digits, tmp_path)
    expected = [killed.step() for _ in range(2)]
    (tmp_path / "trial-0001" / "epoch_000002" / STATE_FILE).write_bytes(b"half of it")
    again = begun({"trial": "trial-0001"}, spec, digits, tmp_path)
    assert [again.step()["epoch"] for _ in range(2)] == [1, 2]
    again = begun({"trial": "trial-0001"}, spec, digits, tmp_path)
    assert again.step()["train_loss"] == expected[1]["train_loss"]


def test_an_actor_goes_from_trial_to_trial(spec, digits, tmp_path):
    trainable = begun({"trial": "trial-0001"}, spec, digits, tmp_path)
    trainable.step()
    assert trainable.reset_config({"trial": "trial-0002"})
    assert trainable.step()["epoch"] == 1
    trainable.reset_config({"trial": "trial-0001"})
    assert [trainable.step()["epoch"] for _ in range(2)] == [1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial-0001", "trial-0002"]


def test_an_exception_in_the_loss_is_the_configurations_own_fault(trainable, monkeypatch):
    def broken(*args, **kwargs):
        raise ValueError("shapes do not fit\nand more")

    monkeypatch.setattr(trainable.trial.runs[0].training, "train_epoch", broken)
    result = trainable.step()
    assert result["done"]
    assert result["failure"].startswith("epoch 1: ValueError: shapes do not fit (")
    assert "test_multi_exit.py, line " in result["failure"]
    assert result.keys() >= REPORTED


def test_a_network_that_cannot_be_built_is_a_failure_too(spec, digits):
    result = begun({"trial": "trial-0001", "optimiser": "nonsense"}, spec, digits).step()
    assert result["done"]
    assert "nonsense" in result["failure"]
    assert result.keys() >= REPORTED


def test_a_failed_trial_keeps_the_checkpoint_of_its_last_good_epoch(spec, digits, tmp_path, monkeypatch):
    trainable = begun({"trial": "trial-0001"}, spec, digits, tmp_path)
    trainable.step()
    monkeypatch.setattr(trainable.trial.runs[0].training, "train_epoch", lambda: math.nan)
    assert trainable.step()["failure"] == "the loss is nan in epoch 2"
    assert read_state(tmp_path / "trial-0001" / "epoch_000001")["report"]["epoch"] == 1
    assert not (tmp_path / "trial-0001" / "epoch_000002").exists()


def test_diverged_training_ends_with_its_reason(spec, digits):
    result = begun({"optimiser": "sgd", "learning_rate_sgd": 1e30}, spec, digits).step()
    assert result["done"]
    assert result["failure"].startswith(("the loss is nan in epoch 1", "the loss is inf", "epoch 1: 'logits'"))
    assert math.isnan(result["accuracy"])
    assert result.keys() >= REPORTED


def judged(monkeypatch, depths):
    """Have the epochs of a training be worth so much."""
    left = iter(depths)

    def report(table, **options):
        depth = next(left)
        return {"objective_at_target": depth, "accuracy": 0.9, "mean_depth": depth}

    monkeypatch.setattr("trainables.trials.seed_run.quick_report", report)


def test_patience_ends_a_trial_with_the_network_of_its_best_epoch(spec, digits, tmp_path, monkeypatch):
    patient = replace(spec, recipe=replace(spec.recipe, epochs=9, patience=2))
    judged(monkeypatch, [2.5, 1.5, 1.7, 1.6])
    trainable = begun({"trial": "trial-0001"}, patient, digits, tmp_path)
    results, networks = [], []
    while not results or not results[-1]["done"]:
        results.append(trainable.step())
        networks.append({k: v.clone() for k, v in trainable.trial.runs[0].training.model.state_dict().items()})
    assert [result["epoch"] for result in results] == [1, 2, 3, 4]
    assert [result["best_epoch"] for result in results] == [1, 2, 3, 2]
    assert results[-1]["objective_at_target"] == 1.5
    kept = patient.load_model(tmp_path / "trial-0001", digits.train).state_dict()
    assert all(torch.equal(kept[name], networks[1][name]) for name in kept)


def test_a_restarted_trial_remembers_its_best_epoch(spec, digits, tmp_path, monkeypatch):
    patient = replace(spec, recipe=replace(spec.recipe, epochs=9, patience=2))
    judged(monkeypatch, [1.5, 1.7, 1.6])
    killed = begun({"trial": "trial-0001"}, patient, digits, tmp_path)
    for _ in range(2):
        killed.step()
    again = begun({"trial": "trial-0001"}, patient, digits, tmp_path)
    results = [again.step() for _ in range(2)]
    assert [result["done"] for result in results] == [False, True]
    assert (results[1]["best_epoch"], results[1]["objective_at_target"]) == (1, 1.5)


def test_average_of_the_weights_is_kept(spec, digits, tmp_path):
    averaging = replace(spec, recipe=replace(spec.recipe, ema_decay=0.9))
    trainable = begun({"trial": "trial-0001"}, averaging, digits, tmp_path)
    while not trainable.step()["done"]:
        pass
    kept = averaging.load_model(tmp_path / "trial-0001", digits.train).state_dict()
    wanted, trained = (
        trainable.trial.runs[0].training.network.state_dict(),
        trainable.trial.runs[0].training.model.state_dict(),
    )
    assert all(torch.equal(kept[name], wanted[name]) for name in kept)
    assert not all(torch.equal(kept[name], trained[name]) for name in kept)


def test_teachers_are_built_once_and_asked_where_a_trial_wants_them(spec, digits, tmp_path):
    logits = np.zeros((1, len(digits.train.labels), 10), dtype=np.float32)
    logits[0, np.arange(len(digits.train.labels)), digits.train.labels] = 5
    taught = replace(spec, teachers=("oracle",), augmentation=Augmentation())
    one = MultiExitTrainable.__new__(MultiExitTrainable)
    config = {"distillation": "teachers", "kd_alpha": 0.5}
    one.setup(config, taught, digits.train, digits.search, teachers=TeacherSet({0: logits}, {}))
    alone = begun({}, taught, digits)
    with_teacher, without = one.step(), alone.step()
    assert with_teacher["train_loss"] != without["train_loss"]
    one.reset_config({})
    assert one.step()["train_loss"] == without["train_loss"]


def test_a_teacher_that_is_not_there_is_the_trials_failure(spec, digits):
    missing = begun({"distillation": "teachers"}, spec, digits)
    result = missing.step()
    assert result["done"]
    assert "needs teachers but the sweep names none" in result["failure"]


def test_every_seed_trains_the_configuration(spec, digits, tmp_path):
    several = replace(spec, seeds=(7, 11))
    both = begun({"trial": "trial-0001"}, several, digits, tmp_path)
    alone = [begun({}, replace(spec, seeds=(seed,)), digits) for seed in (7, 11)]
    for _ in range(3):
        report, own = both.step(), [one.step() for one in alone]
        assert report["accuracy"] == pytest.approx((own[0]["accuracy"] + own[1]["accuracy"]) / 2)
        assert [report[f"mean_depth_seed_{seed}"] for seed in (7, 11)] == [one["mean_depth"] for one in own]
        assert (report["epoch"], report["done"]) == (own[0]["epoch"], own[0]["done"])
    for seed, one in zip((7, 11), alone, strict=True):
        kept = several.load_model(tmp_path / "trial-0001", digits.train, seed=seed).state_dict()
        trained = one.trial.runs[seed].training.model.state_dict()
        assert all(torch.equal(kept[name], trained[name]) for name in kept)


def test_a_restarted_trial_goes_on_with_all_of_its_seeds(spec, digits, tmp_path):
    several = replace(spec, seeds=(7, 11))
    undisturbed = begun({"trial": "trial-0001"}, several, digits, tmp_path / "undisturbed")
    expected = [undisturbed.step() for _ in range(3)]
    begun({"trial": "trial-0001"}, several, digits, tmp_path / "killed").step()
    again = begun({"trial": "trial-0001"}, several, digits, tmp_path / "killed")
    for wanted in expected:
        found = again.step()
        assert all(found[key] == wanted[key] for key in wanted if key != "seconds")


def test_the_seed_that_fails_is_named(spec, digits):
    several = replace(spec, seeds=(7, 11))
    report = begun({"optimiser": "sgd", "learning_rate_sgd": 1e30}, several, digits)
    while not (found := report.step())["done"]:
        pass
    assert "with seed 7" in found["failure"]


def test_a_trial_may_vary_width_and_head_of_its_network(spec, digits, tmp_path):
    audio = replace(spec, network=replace(spec.network, family="audio-cnn", width=4))
    trial = begun({"trial": "trial-0001", "width": 8, "head": "max-mean"}, audio, digits, tmp_path)
    while not trial.step()["done"]:
        pass
    kept = audio.load_model(tmp_path / "trial-0001", digits.train)
    trained = trial.trial.runs[spec.seeds[0]].training.model
    assert kept.stages[0][0][0].out_channels == 8
    assert all(torch.equal(kept.state_dict()[name], tensor) for name, tensor in trained.state_dict().items())
    config = audio.model_config(digits.train, {"width": 8, "head": "max-mean", "alpha": 0.5})
    assert (config.network.width, config.network.head, config.network.family) == (8, "max-mean", "audio-cnn")


def test_a_head_that_is_not_for_the_network_is_the_trials_failure(spec, digits):
    assert "training.head is not for this network" in begun({"head": "max-mean"}, spec, digits).step()["failure"]
