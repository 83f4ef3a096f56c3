import pytest

from search.errors import ConfigError
from search.network_check import require_networks
from search.sweep import load_splits
from search.sweep_file import load_sweep


@pytest.fixture(scope="module")
def splits():
    return load_splits(load_sweep("digits", []))


def checked(splits, *settings):
    require_networks(load_sweep("digits", ["search.first_trials=[]", *settings]), splits)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["space.name=audio"],
            "trained with width 16, head attentive-statistics: training.head is not for this",
        ),
        (["training.network=audio-cnn", "training.depth=2"], "depth must be at least the number of exits, 3"),
        (["training.network=audio-cnn", "training.head=median"], "head must be one of"),
        (
            ["training.network=audio-cnn", "space.name=audio", "space.overrides.width=0"],
            "trained with width 0, .*: width must be positive but is 0",
        ),
        (["training.network=mobilenet-v3-small", "training.width=12"], "width must be a multiple of 8"),
    ],
)
def test_networks_that_cannot_be_built_are_refused_before_anything_is_trained(settings, message, splits):
    with pytest.raises(ConfigError, match=message) as refused:
        checked(splits, *settings)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("settings", [[], ["training.network=audio-cnn", "space.name=audio"]])
def test_networks_that_can_be_built_pass(settings, splits):
    checked(splits, *settings)
