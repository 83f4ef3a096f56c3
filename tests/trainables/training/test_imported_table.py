"""What a network from elsewhere says, as a table."""

import numpy as np
import pytest
import torch
from torch import nn

from policies.errors import ExitTableError
from tests.stopping_network import stopping_network, stopping_split
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.models import as_multi_exit
from trainables.training.imported_table import imported_table


class Said(nn.Module):
    """Says what it is told to, exit by exit."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, x):
        return self.change(torch.stack([x.flatten(1)[:, :4], x.flatten(1)[:, 4:8]], 1) * 8 - 4)


SPLIT = Split(
    inputs=np.random.default_rng(0).integers(0, 255, (300, 1, 8, 8), dtype=np.uint8),
    labels=np.arange(300) % 4,
    ids=np.array([f"s{i}" for i in range(300)]),
    groups=np.array([f"g{i // 2}" for i in range(300)]),
)


def table(change=lambda logits: logits, cost=None):
    return imported_table(Said(change), SPLIT, cost=cost, metadata={"network": "a:b"}, name="a:b on search")


def test_the_table_holds_what_was_said_of_whom():
    made = table(cost=np.array([2.0, 8.0]))
    np.testing.assert_allclose(made.logits[:, 1], SPLIT.inputs.reshape(300, -1)[:, 4:8] / 255 * 8 - 4, atol=1e-5)
    assert made.cost.tolist() == [0.25, 1.0]
    assert (made.meta["network"], made.assumed) == ("a:b", frozenset())
    np.testing.assert_array_equal(made.groups, SPLIT.groups)


def test_of_a_network_with_stop_heads_it_holds_their_probabilities():
    split = stopping_split()
    model = as_multi_exit(stopping_network(), input_shape=(1, 6, 6), n_classes=4)
    made = imported_table(model, split, cost=np.array([1.0, 2.0, 3.0]), metadata={}, name="a:b")
    assert made.has_stop_prob
    assert np.ptp(made.stop_prob, axis=0).min() == 0 < np.ptp(made.stop_prob, axis=0)[:2].min()
    assert (made.stop_prob[:, 2] == 1).all()


def test_cost_that_nobody_knows_is_assumed(recwarn):
    made = table()
    assert made.cost.tolist() == [0.5, 1.0]
    assert made.assumed == {"cost"}
    assert not recwarn.list


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda logits: logits * 0 + torch.tensor([0.0, torch.nan, 0, 0]), "a:b on search: .*NaN or infinity"),
        (lambda logits: logits.softmax(2), "a:b on search: .*outputs before the softmax"),
    ],
)
def test_what_are_no_logits_is_refused(change, message):
    with pytest.raises(ExitTableError, match=message):
        table(change)


def test_a_network_that_fails_is_named():
    with pytest.raises(TrainingError, match=r"Said.forward\(\) failed: RuntimeError"):
        table(lambda logits: logits @ logits)
