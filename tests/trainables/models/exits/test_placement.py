import numpy as np
import pytest
import torch
from torch import nn

from trainables.errors import TrainingError
from trainables.models import relative_cost
from trainables.models.exits.placement import evenly_placed_blocks, with_evenly_placed_exits


SHAPE = (2, 16, 16)


def network(n_blocks=9):
    """Blocks of equal cost, each of a convolution and what follows it."""
    blocks = [nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU()) for _ in range(n_blocks)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))


@pytest.mark.parametrize(
    ("n_exits", "expected"), [(1, []), (2, ["4.2"]), (3, ["2.2", "5.2"]), (9, [f"{k}.2" for k in range(8)])]
)
def test_cost_is_shared_out_evenly(n_exits, expected):
    assert evenly_placed_blocks(network(), n_exits, input_shape=SHAPE, n_classes=3) == expected


def test_cost_decides_and_not_the_number_of_blocks():
    dear_first = nn.Sequential(nn.Conv2d(2, 40, 5, padding=2), nn.Conv2d(40, 2, 5, padding=2), *network(6))
    assert evenly_placed_blocks(dear_first, 2, input_shape=SHAPE, n_classes=3) == ["0"]


def test_all_costs_are_different():
    model = with_evenly_placed_exits(
        network(), n_exits=9, blocks=None, input_shape=SHAPE, n_classes=3, mean=[0.0] * 2, std=[1.0] * 2
    )
    assert model(torch.rand(2, *SHAPE)).shape == (2, 9, 3)
    assert (np.diff(relative_cost(model, SHAPE)) > 0).all()


def test_more_exits_than_places():
    """After the ninth block an exit would cost as much as the network's own."""
    with pytest.raises(
        TrainingError, match=r"room for at most 9 exits on samples of shape \(2, 16, 16\), but .* is 10"
    ):
        evenly_placed_blocks(network(), 10, input_shape=SHAPE, n_classes=3)


def test_named_blocks_must_be_as_many_as_exits_less_one():
    with pytest.raises(TrainingError, match="n_exits is 4 with 1 blocks named; name 3 blocks or say n_exits: 2"):
        with_evenly_placed_exits(
            network(), n_exits=4, blocks=["1"], input_shape=SHAPE, n_classes=3, mean=[0.0] * 2, std=[1.0] * 2
        )
