"""Networks with stop heads: which heads they may have, and what they say."""

import pytest
import torch
from torch import nn

from trainables.models.stopping import StoppingHead, StoppingModel


def network(*stops):
    """Exits on the same two features; where there is no stop head, None stands for it."""
    heads = [StoppingHead(nn.Linear(2, 3), stop) for stop in stops]
    return StoppingModel([nn.Flatten() for _ in heads], heads, mean=[0.0], std=[1.0])


def stop():
    return nn.Linear(2, 1)


@pytest.mark.parametrize(
    ("stops", "said"),
    [
        ((stop(), stop()), "every exit but the last must have a stop head, but exit 2 of 2 has one"),
        ((stop(), None, None), "but exit 2 of 3 has none"),
        ((stop(),), "but exit 1 of 1 has one"),
    ],
)
def test_all_exits_but_the_last_have_a_stop_head(stops, said):
    with pytest.raises(ValueError, match=said):
        network(*stops)


def test_other_heads_are_refused():
    with pytest.raises(ValueError, match="the head of exit 2 must be a StoppingHead but is a Linear"):
        StoppingModel(
            [nn.Flatten(), nn.Identity()],
            [StoppingHead(nn.Linear(2, 3), stop()), nn.Linear(2, 3)],
            mean=[0.0],
            std=[1.0],
        )


@pytest.mark.parametrize("n_exits", [1, 3])
def test_logits_are_the_classifiers_and_stop_logits_those_of_earlier_exits(n_exits):
    model, inputs = network(*(stop() for _ in range(n_exits - 1)), None), torch.rand(4, 1, 1, 2)
    outputs, flat = model.outputs(inputs), inputs.flatten(1)
    assert torch.equal(outputs.logits, model(inputs))
    assert (outputs.logits.shape, outputs.stop_logits.shape) == ((4, n_exits, 3), (4, n_exits - 1))
    for k, head in enumerate(list(model.heads)[:-1]):
        torch.testing.assert_close(outputs.stop_logits[:, k], head.stop(flat)[:, 0])
    assert torch.isposinf(model.said(inputs)[-1].stop_logits).all()
