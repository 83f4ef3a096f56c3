"""Weights of a network from elsewhere, as people save them."""

import pytest
from safetensors.torch import save_file
import torch
from torch import nn

from trainables.errors import TrainingError
from trainables.weights.giving import give_weights


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def write(path, form):
    state = network(1).state_dict()
    if form == "safetensors":
        save_file(state, path)
    else:
        torch.save(
            {
                "plain": state,
                "checkpoint": {"epoch": 3, "model": {f"module.{name}": one for name, one in state.items()}},
            }[form],
            path,
        )


@pytest.mark.parametrize(("form", "told"), [("plain", ""), ("safetensors", ""), ("checkpoint", "'model' without")])
def test_weights_are_given_whatever_they_lie_in(form, told, tmp_path):
    path = tmp_path / f"w.{'safetensors' if form == 'safetensors' else 'pt'}"
    write(path, form)
    filled = network(0)
    assert told in give_weights(filled, path)
    for name, tensor in network(1).state_dict().items():
        assert torch.equal(filled.state_dict()[name], tensor)


def test_weights_of_another_network_are_refused(tmp_path):
    write(tmp_path / "w.pt", "plain")
    with pytest.raises(TrainingError, match=r"w\.pt: weights must fit Linear but do not \(of 2 tensors") as refused:
        give_weights(nn.Linear(7, 2), tmp_path / "w.pt")
    assert "\n" not in str(refused.value)
    with pytest.raises(TrainingError, match="there is no such file of weights"):
        give_weights(nn.Linear(7, 2), tmp_path / "none.pt")
