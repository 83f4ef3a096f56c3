"""A user's own network by module and attribute."""

import sys

import pytest
import torch
from torch import nn

from policies.errors import ExitSearchError
from trainables.errors import TrainingError
from trainables.models.imported.place import network_at


MODULE = """
from functools import partial
from torch import nn

class Net(nn.Module):
    def __init__(self, width=2):
        super().__init__()
        self.layer = nn.Linear(width, 3)

class Needy(nn.Module):
    def __init__(self, width):
        super().__init__()

def build():
    return Net(4)

def nothing():
    return None

NET, WIDE, NUMBER = Net(), partial(Net, width=5), 3
"""


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    (tmp_path / "somebodys.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "somebodys", raising=False)


@pytest.mark.parametrize(("name", "width"), [("Net", 2), ("build", 4), ("NET", 2), ("WIDE", 5)])
def test_networks_are_found_and_built(name, width):
    assert network_at(f"somebodys:{name}").layer.in_features == width


def test_weights_of_one_user_are_not_anothers():
    one, other = network_at("somebodys:NET"), network_at("somebodys:NET")
    nn.init.zeros_(one.layer.weight)
    assert not torch.equal(one.layer.weight, other.layer.weight)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (
            "somebodys",
            "a network must be named as module:attribute, such as my_module:somebodys, but 'somebodys' was given",
        ),
        ("nobodys:Net", "network 'nobodys:Net' cannot be imported"),
        ("somebodys:nett", "has no 'nett'; its Network is Net or Needy or build or nothing or NET or WIDE"),
        ("somebodys:NUMBER", "must be a Network but is 3"),
        ("somebodys:Needy", r"Needy\(\) failed: TypeError: .*missing 1 required positional argument"),
        ("somebodys:nothing", "must build a network, a torch.nn.Module, but gives NoneType"),
        ("os:abort", "must be a Network"),
        ("shutil:get_terminal_size", "must be a Network"),
        ("torch:rand", "must be a Network"),
    ],
)
def test_what_is_no_network_is_refused(place, message):
    with pytest.raises((ExitSearchError, TrainingError), match=message) as refused:
        network_at(place)
    assert "\n" not in str(refused.value)
