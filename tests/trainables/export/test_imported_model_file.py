"""Model files of networks from elsewhere: cut anew where they are read, with weights that exits share written once."""

from dataclasses import replace
import json

import pytest
from safetensors import safe_open
from safetensors.torch import save_file
import torch

from tests import stopping_network
from tests.trainables.models.imported.networks import SHAPE, build
from trainables.errors import ModelFileError
from trainables.export.model_file import ModelConfig, load_model, save_model
from trainables.models import MultiExitModel, NetworkSpec, as_multi_exit
from trainables.models.inference import model_hash


MODULE = """
from torch import nn
from tests.trainables.models.imported import networks
from trainables.models import MultiExitModel

for name, build in networks.NETWORKS.items():
    globals()[name.replace(" ", "_").replace("-", "_")] = build

class Named(MultiExitModel):
    def __init__(self):
        stages = [nn.Sequential(nn.Flatten(), nn.Linear(64, 8)), nn.Linear(8, 8)]
        super().__init__(stages, [nn.Linear(8, 5), nn.Linear(8, 5)], mean=[0.5], std=[2.0])
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))


def saved(path, model, place):
    names = tuple("abcde")
    config = ModelConfig.of_imported(f"elsewhere:{place}", model, data="digits", input_shape=SHAPE, class_names=names)
    save_model(path, model, config)
    return config


@pytest.mark.parametrize("name", ["list", "dense", "u-shaped", "recurrent", "samples second", "viewing"])
def test_a_network_is_cut_and_filled_again(name, tmp_path):
    model = as_multi_exit(build(name, seed=3), input_shape=SHAPE, mean=[0.3], std=[0.6])
    config = saved(tmp_path / "model.safetensors", model, name.replace(" ", "_").replace("-", "_"))
    loaded, stated = load_model(tmp_path / "model.safetensors")
    assert stated == config
    inputs = torch.rand(3, *SHAPE)
    assert torch.equal(loaded(inputs), model(inputs))
    assert model_hash(loaded) == model_hash(model)
    assert not loaded.training


def test_stop_heads_are_filled_again(tmp_path):
    model = as_multi_exit(stopping_network.stopping_network(seed=7), input_shape=stopping_network.SHAPE, n_classes=4)
    place = "tests.stopping_network:stopping_network"
    config = ModelConfig.of_imported(
        place, model, data="noise", input_shape=stopping_network.SHAPE, class_names=tuple("abcd")
    )
    save_model(tmp_path / "model.safetensors", model, config)
    loaded, _ = load_model(tmp_path / "model.safetensors")
    inputs = torch.rand(3, *stopping_network.SHAPE)
    assert torch.equal(loaded.outputs(inputs).stop_logits, model.outputs(inputs).stop_logits)
    assert model_hash(loaded) == model_hash(model)


def test_a_model_with_named_stages_is_built_again(tmp_path):
    from elsewhere import Named

    model = Named().eval()
    assert isinstance(model, MultiExitModel)
    saved(tmp_path / "model.safetensors", model, "Named")
    loaded, _ = load_model(tmp_path / "model.safetensors")
    assert loaded.std.item() == 2.0
    assert model_hash(loaded) == model_hash(model)


def test_shared_weights_are_written_once(tmp_path):
    model = as_multi_exit(build("dense"), input_shape=SHAPE)
    saved(tmp_path / "model.safetensors", model, "dense")
    with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        names = [name for name in file.keys() if "classifier" in name]  # noqa: SIM118
    assert len(names) == 2 < sum("classifier" in name for name in model.state_dict())


def test_older_versions_must_not_read_it_as_a_workload(tmp_path):
    model = as_multi_exit(build("list"), input_shape=SHAPE)
    saved(tmp_path / "model.safetensors", model, "list")
    with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["exitsearch"])["schema"] == 2
    ordinary = ModelConfig("digits", NetworkSpec(3, 4), SHAPE, tuple("abc"))
    assert "imported" not in json.loads(ordinary.metadata())
    assert json.loads(ordinary.metadata())["schema"] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imported": "elsewhere:gone"}, "network cannot be built .*has no 'gone'"),
        ({"imported": "os:abort"}, "network cannot be built .*must be a Network"),
        ({"imported": "elsewhere:dense"}, r"weights must fit the network .* but do not \(of \d+ tensors"),
        ({"imported": "elsewhere:u_shaped"}, "weights must fit the network"),
        ({"imported": "elsewhere:transformer"}, "has 2 exits now and had 3"),
        ({"class_names": list("abc")}, "cannot be built .*one logit for each class of the data, 3"),
        ({"schema": 1}, "states what it was built from but this one does not"),
        ({"imported": None}, "states what it was built from but this one does not"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(changes, message, tmp_path):
    path = tmp_path / "model.safetensors"
    saved(path, as_multi_exit(build("list"), input_shape=SHAPE), "list")
    with safe_open(path, framework="pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        stated = json.loads(file.metadata()["exitsearch"]) | changes
    save_file(weights, path, metadata={"exitsearch": json.dumps(stated)})
    with pytest.raises(ModelFileError, match=message) as refused:
        load_model(path)
    assert "\n" not in str(refused.value)


def test_the_config_of_a_sweep_is_as_before():
    config = ModelConfig("digits", NetworkSpec(3, 4), SHAPE, tuple("abc"))
    assert replace(config, imported=None) == config
