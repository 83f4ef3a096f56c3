"""A network's file: built again from nothing else, and refused where it is damaged."""

from dataclasses import replace
import json
import pickle

import pytest
from safetensors import safe_open
from safetensors.torch import save_file
import torch

from trainables.errors import ModelFileError
from trainables.export.model_file import ModelConfig, load_model, save_model
from trainables.models import NetworkSpec


@pytest.fixture
def saved(spec, digits, tmp_path):
    model = spec.build_model(digits.train)
    save_model(tmp_path / "model.safetensors", model, spec.model_config(digits.train, {}))
    return tmp_path / "model.safetensors", model.eval()


def test_network_is_built_again(saved, spec, digits):
    path, model = saved
    loaded, config = load_model(path)
    assert (
        config
        == spec.model_config(digits.train, {})
        == ModelConfig("digits", spec.network, (1, 8, 8), spec.class_names)
    )
    images = torch.rand(3, 1, 8, 8)
    assert torch.equal(loaded(images), model(images))
    assert not loaded.training


def test_networks_of_torchvision_are_built_again_without_their_imagenet_weights(spec, digits, tmp_path):
    network = NetworkSpec(3, 8, family="mobilenet-v3-small", blocks=("features.1", "features.4"))
    other = replace(spec, network=network)
    model = other.build_model(digits.train).eval()
    config = replace(other.model_config(digits.train, {}), network=replace(network, pretrained=True))
    save_model(tmp_path / "model.safetensors", model, config)
    loaded, stated = load_model(tmp_path / "model.safetensors")
    assert stated.network == network
    images = torch.rand(2, 1, 8, 8)
    assert torch.equal(loaded(images), model(images))


def test_a_plain_network_is_built_again(spec, digits, tmp_path):
    plain = replace(spec, network=replace(spec.network, only_exit=2))
    model = plain.build_model(digits.train).eval()
    save_model(tmp_path / "control.safetensors", model, plain.model_config(digits.train, {}))
    loaded, stated = load_model(tmp_path / "control.safetensors")
    assert stated.network == plain.network
    assert loaded.n_exits == 1
    images = torch.rand(3, 1, 8, 8)
    assert torch.equal(loaded(images), model(images))


def test_older_files_say_nothing_of_an_only_exit(saved):
    path, model = saved
    with safe_open(path, framework="pt") as file:
        stated = json.loads(file.metadata()["exitsearch"])
    del stated["network"]["only_exit"]
    rewritten(path, config=stated)
    loaded, config = load_model(path)
    assert config.network.only_exit is None
    assert loaded.n_exits == model.n_exits


def test_options_and_cost_are_kept(spec, digits, tmp_path):
    network = replace(spec.network, options={"head_grid": 2}, cost="exits")
    other = replace(spec, network=network)
    model = other.build_model(digits.train).eval()
    save_model(tmp_path / "model.safetensors", model, other.model_config(digits.train, {"network_head_grid": 3}))
    with pytest.raises(ModelFileError, match="must fit the network"):
        load_model(tmp_path / "model.safetensors")
    save_model(tmp_path / "model.safetensors", model, other.model_config(digits.train, {"width": 8}))
    loaded, stated = load_model(tmp_path / "model.safetensors")
    assert stated.network == network
    assert loaded.cost_model == "exits"
    images = torch.rand(3, 1, 8, 8)
    assert torch.equal(loaded(images), model(images))


def test_files_without_options_are_as_they_always_were(saved):
    path, _ = saved
    with safe_open(path, framework="pt") as file:
        stated = json.loads(file.metadata()["exitsearch"])
    assert stated["schema"] == 1
    assert not {"options", "cost"} & set(stated["network"])
    config = load_model(path)[1]
    assert (config.network.options, config.network.cost) == ({}, "macs")


def test_other_versions_do_not_mistake_a_network_with_options(saved):
    """They would build it without."""
    path, _ = saved
    rewritten(path, config={"network": {"n_exits": 3, "width": 8, "options": {"head_grid": 1}}, "schema": 3})
    assert load_model(path)[1].network.options == {"head_grid": 1}
    rewritten(path, config={"schema": 1})
    with pytest.raises(ModelFileError, match="another schema"):
        load_model(path)


def rewritten(path, *, config=None, drop=(), metadata=None):
    with safe_open(path, framework="pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys() if name not in drop}  # noqa: SIM118
        stated = json.loads(file.metadata()["exitsearch"]) | (config or {})
    save_file(weights, path, metadata={"exitsearch": json.dumps(stated)} if metadata is None else metadata)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metadata": {}}, "states what it was built from but this one does not"),
        ({"metadata": {"exitsearch": "[]"}}, "states what it was built from"),
        ({"config": {"schema": 9}}, "another schema"),
        (
            {"config": {"network": {"n_exits": 3, "width": 8, "only_exit": 4}}},
            "network cannot be built .*3 but is number 4",
        ),
        ({"config": {"input_shape": "big"}}, "states what it was built from"),
        ({"config": {"schema": 3, "network": {"n_exits": 3, "width": 8, "cost": "watts"}}}, "unknown cost 'watts'"),
        ({"config": {"schema": 3, "network": {"n_exits": 3, "width": 8, "options": 7}}}, "states what it was built"),
        (
            {"config": {"schema": 3, "network": {"n_exits": 3, "width": 8, "options": {"head_grd": 7}}}},
            "network cannot be built .*'head_grd' is not for this network, .* nearest are head_grid",
        ),
        ({"config": {"workload": "digit"}}, "network cannot be built .*did you mean 'digits'"),
        ({"drop": ("mean",)}, r"must fit the network that .* but do not \(of \d+ tensors 1 missing: 'mean'\)"),
    ],
)
def test_files_that_break_the_contract_are_refused(saved, changes, message):
    path, _ = saved
    rewritten(path, **changes)
    with pytest.raises(ModelFileError, match=message) as refused:
        load_model(path)
    assert "\n" not in str(refused.value)


def test_class_names_have_one_spelling(saved):
    path, _ = saved
    names = [f"{k} e\u0301 " for k in range(10)]
    rewritten(path, config={"class_names": names})
    assert load_model(path)[1].class_names == tuple(f"{k} \u00e9" for k in range(10))


def test_other_files_are_no_models(tmp_path):
    with pytest.raises(ModelFileError, match="there is no such model file"):
        load_model(tmp_path / "none.safetensors")
    (tmp_path / "pickle.safetensors").write_bytes(pickle.dumps({"weights": 1}))
    with pytest.raises(ModelFileError, match="not a readable model file"):
        load_model(tmp_path / "pickle.safetensors")


def test_others_may_read_the_file_as_they_may_its_neighbours(digits, spec, tmp_path):
    path, neighbour = tmp_path / "model.safetensors", tmp_path / "summary.json"
    save_model(path, spec.build_model(digits.train), spec.model_config(digits.train, {}))
    neighbour.write_text("{}")
    assert path.stat().st_mode == neighbour.stat().st_mode
