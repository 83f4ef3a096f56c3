"""What every registered network family of classifiers must hold to; detectors have a contract of their own."""

import pickle

import numpy as np
import pytest
import torch

from policies.errors import ExitSearchError
from trainables.models import NETWORKS, NetworkFamily, get_network, relative_cost


OWN = NetworkFamily("own", NETWORKS["small-cnn"].build, width=4)


@pytest.fixture(params=sorted(name for name, family in NETWORKS.items() if family.task is None))
def family(request):
    return get_network(request.param)


def build(family, *, shape=(3, 32, 32), n_exits=None, width=None):
    torch.manual_seed(3)
    return family.build(
        input_shape=shape,
        n_classes=5,
        n_exits=n_exits or family.n_exits,
        width=width or family.width,
        mean=[0.4] * shape[0],
        std=[0.2] * shape[0],
    )


@pytest.mark.parametrize(
    ("shape", "n_exits"), [((3, 32, 32), None), ((1, 28, 28), None), ((3, 40, 33), 1), ((3, 32, 32), 7)]
)
def test_every_exit_answers_and_costs_more(family, shape, n_exits):
    model = build(family, shape=shape, n_exits=n_exits)
    assert model.n_exits == (n_exits or family.n_exits)
    assert model.training
    assert model(torch.rand(2, *shape)).shape == (2, model.n_exits, 5)
    cost = relative_cost(model, shape)
    assert (np.diff(cost) > 0).all()
    assert cost[-1] == 1.0


def test_exits_are_spread(family):
    cost = relative_cost(build(family, n_exits=4), (3, 32, 32))
    assert np.diff(cost, prepend=0.0).max() < 0.5


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_width_is_that_of_the_first_stage(family, factor):
    width = int(family.width * factor)
    model = build(family, width=width)
    assert next(model.parameters()).shape[0] == width
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, family.n_exits, 5)


def test_seed_decides_the_weights(family):
    one, other = build(family).state_dict(), build(family).state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_family_can_be_sent_to_a_worker(family):
    sent = pickle.loads(pickle.dumps(family))  # noqa: S301
    assert build(sent)(torch.rand(2, 3, 32, 32)).shape == (2, family.n_exits, 5)


def test_names():
    assert all(family.name == name for name, family in NETWORKS.items())
    assert get_network(f"{__name__}:OWN") is OWN
    with pytest.raises(ExitSearchError, match="no network 'resnet18'; did you mean 'resnet-18'"):
        get_network("resnet18")
