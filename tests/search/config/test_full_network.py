"""What a sweep file may say of the network that is trained first, and of what is frozen afterwards."""

import pytest

from search.config.files import load_sweep
from search.config.full_network import FullNetworkSection
from search.config.sweep import SweepConfig
from search.errors import ConfigError


ASKED = "full_network.epochs=3"


def test_without_a_word_there_is_no_such_stage():
    config = load_sweep("digits", [])
    assert config.full_network == FullNetworkSection()
    assert not config.full_network.is_asked
    assert config.training.frozen == "nothing"


def test_it_is_kept_in_the_sweep_file():
    config = load_sweep("digits", [ASKED, "full_network.patience=2", "full_network.params={weight_decay: 0.1}"])
    own = config.full_network
    assert (own.epochs, own.least, own.quality, own.patience) == (3, 0.4, "accuracy", 2)
    assert SweepConfig.from_mapping(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (["full_network.least=0.3"], "full_network.epochs must be at least 1 where anything is said"),
        ([ASKED, "full_network.epochs=-1"], "full_network.epochs"),
        ([ASKED, "full_network.least=40"], r"full_network: least must lie in \[0, 1\] but is 40"),
        ([ASKED, "full_network.quality=nothing"], "full_network: there is no quality 'nothing'|unknown quality"),
        (
            [ASKED, "full_network.quality=flip_rate_to_exit"],
            "one of which more is better but of flip_rate_to_exit less",
        ),
        ([ASKED, "full_network.params={width: 8}"], "full_network.params must be of its training but names 'width'"),
        ([ASKED, "full_network.epoch=1"], "unknown key 'full_network.epoch'"),
        ([ASKED, "training.epochs=0", "training.weights=x"], "full_network.epochs is given but training.epochs is 0"),
        (["training.frozen=backbone"], "training.frozen is backbone, which must have been trained before"),
        (["training.frozen=full-network", "training.pretrained=true"], "training.frozen is full-network, which must"),
        (["training.frozen=heads"], "training.frozen must be 'nothing', 'backbone' or 'full-network' but 'heads'"),
    ],
)
def test_what_cannot_be_is_one_line(assignments, said):
    with pytest.raises(ConfigError, match=said) as raised:
        load_sweep("digits", assignments)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("given", [[ASKED], ["training.weights=w.pth"]])
def test_what_was_trained_before_may_be_frozen(given):
    config = load_sweep("digits", [*given, "training.frozen=full-network"])
    assert config.training.recipe(view_seed=0).frozen == "full-network"


def test_imagenets_backbone_may_be_frozen():
    assert load_sweep("digits", ["training.pretrained=true", "training.frozen=backbone"]).training.frozen == "backbone"


def test_teachers_are_trained_whole():
    teacher = "teachers=[{name: t, network: small-cnn}]"
    config = load_sweep("digits", [ASKED, "training.frozen=backbone", teacher, "space.name=distillation"])
    assert config.teachers[0].training(config.training).frozen == "nothing"


def test_networks_of_trials_must_be_alike():
    searched = ["workload=audio-folder", "space.name=audio", "search.first_trials=[]", ASKED]
    with pytest.raises(ConfigError, match="their networks must be alike, but (width|head) is searched"):
        load_sweep("digits", searched)
    fixed = ["space.overrides={width: 16, head: max-mean}"]
    assert load_sweep("digits", [*searched, *fixed]).full_network.is_asked
