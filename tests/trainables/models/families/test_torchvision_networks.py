from functools import partial
from pathlib import Path
import re
from urllib.error import URLError
from urllib.parse import urlparse

import pytest
import torch

from trainables.errors import TrainingError
from trainables.models import torchvision_network


IMAGENET_MEAN = [0.485, 0.456, 0.406]
WIDTHS = {"mobilenet_v3_small": 16, "densenet121": 64, "squeezenet1_1": 64}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty hub cache on a machine without a network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def unreachable(*_args, **_kwargs):
        raise URLError(OSError("Name or service not known"))

    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    return tmp_path / "hub" / "checkpoints"


def network(name="mobilenet_v3_small", *, width=None, shape=(3, 32, 32), n_exits=3, **options):
    return torchvision_network(
        name,
        input_shape=shape,
        n_classes=5,
        n_exits=n_exits,
        width=width or WIDTHS[name],
        mean=[0.5] * shape[0],
        std=[0.2] * shape[0],
        **options,
    )


def weights_file(hub, name):
    from torchvision.models import get_model_weights

    hub.mkdir(parents=True, exist_ok=True)
    return hub / Path(urlparse(get_model_weights(name).DEFAULT.url).path).name


def save_imagenet_network(hub, name, rename=lambda key: key):
    from torchvision.models import get_model

    trained = get_model(name, weights=None)
    torch.save({rename(key): weight for key, weight in trained.state_dict().items()}, weights_file(hub, name))
    return trained


def test_a_workload_can_build_one():
    build = partial(torchvision_network, "efficientnet_b0", blocks=["features.2", "features.4"], dropout=0.1)
    model = build(input_shape=(1, 32, 32), n_classes=5, n_exits=3, width=32, mean=[0.5], std=[0.2])
    assert model(torch.rand(2, 1, 32, 32)).shape == (2, 3, 5)
    assert model.stages[-1].get_submodule("classifier.0").p == 0.1


def test_exits_are_spread_without_names():
    assert network(n_exits=5)(torch.rand(2, 3, 32, 32)).shape == (2, 5, 5)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "mobilenet_v3_smal"}, "no 'mobilenet_v3_smal'; did you mean 'mobilenet_v3_small'"),
        ({"name": "fasterrcnn_resnet50_fpn"}, "must be a classifier of torchvision.models"),
        ({"width": 24}, "mobilenet_v3_small has 16, but it is 24; say width: 16"),
        (
            {"name": "densenet121", "growth": 3},
            "options of densenet121 must be those of torchvision.models.densenet121",
        ),
        ({"blocks": ["features.2"]}, "n_exits is 3 with 1 blocks named"),
    ],
)
def test_options_that_cannot_be(options, text):
    with pytest.raises(TrainingError, match=text) as error:
        network(**{"width": 16, **options})
    assert "\n" not in str(error.value)


def test_without_weights_nothing_is_made_up(hub):
    with pytest.raises(TrainingError, match="could not be had.*Name or service not known.*training.pretrained=false"):
        network(pretrained=True)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28)])
def test_pretrained_weights_come_from_the_cache(hub, shape):
    trained = save_imagenet_network(hub, "mobilenet_v3_small")
    model = network(pretrained=True, shape=shape)
    weights = {name: weight for stage in model.stages for name, weight in stage.state_dict().items()}
    assert all(torch.equal(weights[name], w) for name, w in trained.state_dict().items() if "classifier.3" not in name)
    assert model(torch.rand(2, *shape)).shape == (2, 3, 5)
    assert model.mean.flatten().tolist() == pytest.approx(IMAGENET_MEAN)
    assert {name: w.shape for name, w in network(shape=shape).state_dict().items()} == {
        name: w.shape for name, w in model.state_dict().items()
    }


def test_last_layer_may_be_a_convolution(hub):
    save_imagenet_network(hub, "squeezenet1_1")
    assert network("squeezenet1_1", pretrained=True)(torch.rand(2, 3, 32, 32)).shape == (2, 3, 5)


def test_old_names_in_densenets_files(hub):
    old = partial(re.sub, r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2")
    trained = save_imagenet_network(hub, "densenet121", rename=old)
    model = network("densenet121", pretrained=True)
    assert torch.equal(
        model.stages[0].features.denseblock1.denselayer1.norm1.weight,
        trained.features.denseblock1.denselayer1.norm1.weight,
    )


@pytest.mark.parametrize("content", [b"", b"not weights", {"features": torch.zeros(2)}, {"object": Path("any")}])
def test_damaged_and_foreign_files(hub, content):
    """Nothing but tensors is read from the cache."""
    path = weights_file(hub, "mobilenet_v3_small")
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(TrainingError, match="^ImageNet weights .*training.pretrained=false") as error:
        network(pretrained=True)
    assert "\n" not in str(error.value)
