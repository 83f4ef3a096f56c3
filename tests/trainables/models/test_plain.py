"""Plain networks: what is left of a network with exits where only one of them is wanted."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.stopping_network import SHAPE as SMALL
from tests.stopping_network import stopping_network, stopping_split
from trainables.errors import TrainingError
from trainables.models import NETWORKS, MultiExitModel, NetworkSpec, cumulative_macs, get_network
from trainables.models.plain import classifier_of, plain_macs, plain_network
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.trials.imported_weights import with_given_weights
from trainables.workloads import get_workload


SHAPE = (3, 32, 32)


@pytest.fixture(params=sorted(name for name, family in NETWORKS.items() if family.task is None))
def model(request):
    family = get_network(request.param)
    torch.manual_seed(3)
    scale = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.1]}
    width = min(family.width, 16)
    built = family.build(input_shape=SHAPE, n_classes=5, n_exits=family.n_exits, width=width, **scale)
    return built.eval()


def test_it_says_what_the_exit_says_and_costs_no_more_than_stages_and_head(model):
    images = torch.rand(3, *SHAPE)
    expected, macs = model(images), plain_macs(model, SHAPE)
    for k in range(model.n_exits):
        plain = plain_network(model, k)
        assert torch.equal(plain(images), expected[:, k : k + 1])
        assert plain.n_exits == len(plain.stages) == 1
        assert not plain.training
        assert cumulative_macs(plain, SHAPE).tolist() == [macs[k]]


def test_what_is_saved_are_earlier_heads_and_stop_heads_alone(model):
    with_heads, plain = cumulative_macs(model, SHAPE), plain_macs(model, SHAPE)
    heads = [_macs_of(model, k, model.heads[k]) for k in range(model.n_exits)]
    classifiers = [_macs_of(model, k, classifier_of(model.heads[k])) for k in range(model.n_exits)]
    np.testing.assert_array_equal(with_heads - plain, np.cumsum(heads) - classifiers)


def _macs_of(model, k, head):
    """A head with stages that cost nothing: its features are there already."""
    features = model.normalise(torch.zeros(1, *SHAPE))
    with torch.no_grad():
        for stage in model.stages[: k + 1]:
            features = stage(features)
    only_head = MultiExitModel([Given(features)], [head], mean=[0.0] * 3, std=[1.0] * 3)
    return cumulative_macs(only_head, SHAPE)[0]


class Given(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        self.features = features

    def forward(self, inputs):
        return self.features


def test_weights_of_the_plain_network_are_those_that_it_runs(model):
    plain = plain_network(model, 0)
    own = (model.stages[0], classifier_of(model.heads[0]))
    kept = sum(part.numel() for module in own for part in module.parameters())
    assert sum(weight.numel() for weight in plain.parameters()) == kept


def test_of_a_network_with_stop_heads_it_has_none():
    model, images = stopping_network(), torch.as_tensor(stopping_split(5).inputs)
    macs, with_heads = plain_macs(model, SMALL), cumulative_macs(model, SMALL)
    for k in range(model.n_exits):
        plain = plain_network(model, k)
        assert torch.equal(plain(images), model(images)[:, k : k + 1])
        assert [name for name in plain.state_dict() if "stop" in name] == []
        assert cumulative_macs(plain, SMALL).tolist() == [macs[k]]
    stop_head, classifier = 3 * 36, 4 * 3 * 36
    assert (with_heads - macs).tolist() == [stop_head, 2 * stop_head + classifier, 2 * (stop_head + classifier)]


@pytest.mark.parametrize("exit_index", [-1, 4])
def test_an_exit_that_is_not_there_is_refused(exit_index):
    model = get_workload("digits").build_network((1, 8, 8), 10, NetworkSpec(4, 4), mean=[0.0], std=[1.0])
    with pytest.raises(TrainingError, match=rf"one of the network's 4 but is number {exit_index + 1}"):
        plain_network(model, exit_index)


class OwnScale(MultiExitModel):
    def normalise(self, inputs):
        return inputs.log1p()


def test_a_users_own_standardising_would_be_lost_and_is_refused():
    own = OwnScale([torch.nn.Flatten()], [torch.nn.Linear(4, 2)], mean=[0.0], std=[1.0])
    with pytest.raises(TrainingError, match=r"normalise\(\).*OwnScale has its own"):
        plain_network(own, 0)


def test_a_spec_builds_it_from_the_same_weights_with_one_exit(spec, digits):
    only = replace(spec, network=replace(spec.network, only_exit=2))
    plain, whole = (one.build_model(digits.train).eval() for one in (only, spec))
    images = torch.rand(2, 1, 8, 8)
    assert torch.equal(plain(images), whole(images)[:, 1:2])
    assert (only.n_exits, plain.n_exits, only.network.n_kept) == (1, 1, 1)
    assert only.settings({"learning_rate_adamw": 1e-3}).loss.exit_weights == (1.0,)
    assert only.table(plain, digits.search, "search").cost.tolist() == [1.0]


def test_given_weights_go_by_the_names_of_the_whole_network(spec, digits, tmp_path):
    source = replace(spec, seeds=(5,)).build_model(digits.train).eval()
    torch.save(source.state_dict(), tmp_path / "weights.pt")
    given = with_given_weights(spec, tmp_path / "weights.pt", digits.train)
    plain = replace(given, network=replace(given.network, only_exit=1)).build_model(digits.train).eval()
    images = torch.rand(2, 1, 8, 8)
    assert torch.equal(plain(images), source(images)[:, :1])


def test_parameters_keep_the_rates_of_their_groups():
    """Also those of a copy, such as an average of the weights."""
    images = torch.rand(2, *SHAPE)
    whole = get_network("darts").build(
        input_shape=SHAPE, n_classes=5, n_exits=3, width=4, mean=[0.5] * 3, std=[0.2] * 3
    )
    plain = plain_network(whole, 1)
    for one in (plain, deepcopy(plain)):
        groups = one.parameter_groups()
        own = dict(one.named_parameters())
        assert groups["alpha"] == [own["stages.0.0.architecture.alpha"]]
        assert {id(weight) for weight in groups["controller"]} == {
            id(weight) for name, weight in own.items() if ".controller." in name
        }
        assert sum(map(len, groups.values())) == len(own)
    settings = TrainingSettings.from_params(
        {"learning_rate_adamw": 0.01, "learning_rate_alpha": 0.0002}, n_exits=1, epochs=1
    )
    assert [group["lr"] for group in settings.build_optimiser(plain).param_groups] == [0.01, 0.0002, 0.0003]
    assert plain(images).shape == (2, 1, 5)
    assert type(plain_network(stopping_network(), 1)) is MultiExitModel
