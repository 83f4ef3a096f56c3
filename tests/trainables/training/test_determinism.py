"""Deterministic algorithms while something is trained, and only then."""

from dataclasses import replace
import os

import pytest
import torch
from torch import nn

from trainables.models import MultiExitModel, NetworkFamily, NetworkSpec
from trainables.training.determinism import deterministic_operations
from trainables.trials.batch_check import check_batch
from trainables.trials.teacher import train_teacher
from trainables.trials.trial import Trial


WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


def settings():
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
        os.environ.get(WORKSPACE),
    )


@pytest.mark.parametrize("workspace", [None, ":16:8"])
@pytest.mark.parametrize("was_warning", [False, True])
def test_settings_are_put_back(workspace, was_warning, monkeypatch):
    monkeypatch.delenv(WORKSPACE, raising=False)
    if workspace is not None:
        monkeypatch.setenv(WORKSPACE, workspace)
    torch.use_deterministic_algorithms(was_warning, warn_only=was_warning)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    before = settings()
    try:
        with deterministic_operations(enabled=False):
            assert settings() == before
        with deterministic_operations(enabled=True):
            assert settings() == (True, False, False, workspace or ":4096:8")
        assert settings() == before
        with pytest.raises(KeyError), deterministic_operations(enabled=True):
            raise KeyError
        assert settings() == before
    finally:
        torch.use_deterministic_algorithms(False)


class Unpooled(nn.Module):
    """Has an operation without a deterministic algorithm, on every device."""

    def forward(self, features):
        pooled, places = nn.functional.max_pool2d(features, 2, return_indices=True)
        return nn.functional.max_unpool2d(pooled, places, 2, output_size=features.shape[-2:])


def unpooling(*, input_shape, n_classes, n_exits, width, mean, std):
    stages = [nn.Sequential(nn.Conv2d(1, width, 3, padding=1), Unpooled())]
    stages += [nn.Conv2d(width, width, 3, padding=1) for _ in range(n_exits - 1)]
    heads = [nn.Sequential(nn.Flatten(), nn.Linear(width * 64, n_classes)) for _ in range(n_exits)]
    return MultiExitModel(stages, heads, mean=mean, std=std)


@pytest.fixture
def unpooled(spec, monkeypatch):
    family = NetworkFamily("unpooling", unpooling, width=4)
    monkeypatch.setattr("trainables.workloads.base.get_network", lambda name: family)
    return replace(spec, network=NetworkSpec(2, 4, family="unpooling"))


def deterministic(spec):
    return replace(spec, recipe=replace(spec.recipe, epochs=1, deterministic=True))


def test_an_operation_without_a_deterministic_form_fails_the_trial(unpooled, spec, digits):
    assert not Trial(unpooled, {}, digits.train, digits.search).step()["failure"]
    report = Trial(deterministic(unpooled), {}, digits.train, digits.search).step()
    assert report["done"]
    assert "max_unpooling2d_forward_out does not have a deterministic implementation" in report["failure"]
    # The next trial of the same process is not disturbed.
    assert not torch.are_deterministic_algorithms_enabled()
    assert not Trial(deterministic(spec), {}, digits.train, digits.search).step()["failure"]
    assert not torch.are_deterministic_algorithms_enabled()


def test_it_is_known_before_anything_is_trained(unpooled, digits):
    check_batch(unpooled, {}, digits.train)
    with pytest.raises(Exception, match="does not have a deterministic implementation"):
        check_batch(deterministic(unpooled), {}, digits.train)
    with pytest.raises(Exception, match="does not have a deterministic implementation"):
        train_teacher(deterministic(unpooled), {}, digits.train, digits.search)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_processors_repeat_a_training_with_as_many_threads(n_threads, spec, digits):
    """With deterministic algorithms and without, bit for bit, whatever else the process does."""
    torch.set_num_threads(n_threads)
    train, search = digits.train.spread(200), digits.search.spread(100)
    found = []
    for one in (spec, spec, replace(spec, recipe=replace(spec.recipe, deterministic=True))):
        trial = Trial(one, {"mixup": 0.2}, train, search)
        trial.step()
        torch.rand(7)
        trial.step()
        found.append(trial.runs[0].training.model.state_dict())
    for name, tensor in found[0].items():
        assert torch.equal(tensor, found[1][name]), name
        assert torch.equal(tensor, found[2][name]), name
