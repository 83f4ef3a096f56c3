import itertools

import pytest

from search.config.files import load_sweep
from search.errors import ConfigError
from search.inputs import SweepInputs, load_splits
from search.preflight.networks import _combinations, require_networks
from spaces import Choice, Fixed, Number


@pytest.fixture(scope="module")
def splits():
    return load_splits(load_sweep("digits", []))


def checked(splits, *settings):
    require_networks(SweepInputs.of(load_sweep("digits", ["search.first_trials=[]", *settings]), splits))


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
            "trained with width 0, .*: width must be at least 1 and at most 4,096 but is 0",
        ),
        (
            ["training.network=audio-cnn", "space.name=audio", "space.overrides.width=1000000000"],
            "trained with width 1000000000, .*: width must be at least 1 and at most 4,096 but is 1000000000",
        ),
        (["training.network=mobilenet-v3-small", "training.width=12"], "width must be a multiple of 8"),
        (
            ["training.network_options={head_gird: 2}"],
            "training: the network cannot be trained: network_options: 'head_gird' is not for .* nearest are head_grid",
        ),
        (["training.network_options={head_grid: 0}"], "cannot be trained: head_grid must be a whole number from 1 but"),
    ],
)
def test_networks_that_cannot_be_built_are_refused_before_anything_is_trained(settings, message, splits):
    with pytest.raises(ConfigError, match=message) as refused:
        checked(splits, *settings)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["training.network=audio-cnn", "space.name=audio"],
        ["training.network_options={head_grid: 2}", "training.cost=exits", "training.deterministic=true"],
    ],
)
def test_networks_that_can_be_built_pass(settings, splits):
    checked(splits, *settings)


def test_rules_that_need_what_the_network_does_not_give_are_refused(splits):
    with pytest.raises(ConfigError, match="policy.rules: 'dual-threshold' cannot be used on this .* no 'stop_prob'"):
        checked(splits, "policy.rules=[confidence, dual-threshold]")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["space.name=self-distillation"], "no trial can be trained with: margin_weight must be 0 for a detector"),
        (
            ["policy.rules=[confidence]"],
            "policy.rules: 'confidence' cannot be used .* the rule is for 'classification'",
        ),
        (["training.views=3"], "training: .*: training.views must be left out for task 'detection' but is 3"),
        (
            ["teachers=[{name: big, network: ssd}]", "space.name=distillation"],
            "no trial can be trained with: distillation must be self or none for a detector",
        ),
    ],
)
def test_what_detectors_cannot_learn_from_is_refused(settings, message):
    given = ["search.first_trials=[]", "workload=tests.search.validity.rectangles:GOOD", "space.name=detection"]
    config = load_sweep("digits", [*given, *settings])
    with pytest.raises(ConfigError, match=message) as refused:
        require_networks(SweepInputs.of(config, load_splits(config)))
    assert "\n" not in str(refused.value)


_numbers = itertools.count()

OWN = """
from dataclasses import replace

import numpy as np
from torch import nn

from spaces import Choice, Number, Space
from trainables.models import MultiExitModel
from trainables.workloads import get_workload

DIGITS = get_workload("digits")


class Listed(MultiExitModel):
    def forward(self, inputs):
        return list(super().forward(inputs).unbind(1))


class Scalars(MultiExitModel):
    def forward(self, inputs):
        return super().forward(inputs).mean()


def built_by(model):
    def build(*, input_shape, n_classes, n_exits, width, mean, std):
        stages = [nn.Sequential(nn.Flatten(), nn.Linear(64, width))] + [nn.Linear(width, width)] * (n_exits - 1)
        return model(stages, [nn.Linear(width, n_classes) for _ in range(n_exits)], mean=mean, std=std)

    return build


LISTED = replace(DIGITS, build=built_by(Listed))
SCALARS = replace(DIGITS, build=built_by(Scalars))


class Mine(Space):
    name = "mine"

    @classmethod
    def defaults(cls, n_exits, teachers=()):
        return {"optimiser": ["adamw"], "learning_rate_adamw": {"low": "1e-3", "high": np.float64(0.01), "log": True},
                "label_smoothing": 0.1, "mixup": Number(0, 1), "class_weighting": Choice(["none", "balanced"])}

    def walk(self, ask):
        ask("optimiser")
        if ask("mixup") > 0.8:
            self.deep(ask)

    def deep(self, ask):
        ask("learning_rate_adamw")


class Grids(Mine):
    @classmethod
    def defaults(cls, n_exits, teachers=()):
        return super().defaults(n_exits, teachers) | {"width": [4, 8, 12], "network_head_grid": [1, 2, 0]}


class Deep(Mine):
    def deep(self, ask):
        ask("learning_rat_adamw")


class Crashes(Mine):
    def deep(self, ask):
        return {}["x"]


class Yields(Mine):
    def walk(self, ask):
        yield ask("optimiser")


class Unknown(Mine):
    @classmethod
    def defaults(cls, n_exits, teachers=()):
        return {"optimizer": ["adamw"]}

    def walk(self, ask):
        ask("optimizer")


class Pairs(Mine):
    @classmethod
    def defaults(cls, n_exits, teachers=()):
        return {"mixup": (0.0, 1.0)}


class Listing(Mine):
    @classmethod
    def defaults(cls, n_exits, teachers=()):
        return ["mixup"]


class Endless(Mine):
    @classmethod
    def defaults(cls, n_exits, teachers=()):
        return {"mixup": Number(0.0, float("inf"))}


class Other(Mine):
    def __init__(self, n_exits):
        super().__init__(n_exits=n_exits)


class Unwalked(Space):
    @classmethod
    def defaults(cls, n_exits, teachers=()):
        return {}


INSTANCE = Mine(n_exits=3)
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of a user's own, which its name names."""
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"own_{next(_numbers)}_module"
    (tmp_path / f"{name}.py").write_text(OWN)
    return name


def test_a_network_that_gives_a_list_passes(own, splits):
    checked(splits, f"workload={own}:LISTED")


def test_the_one_batch_is_run_before_anything_is_trained(own, splits):
    with pytest.raises(ConfigError, match=r"Scalars, which .* builds,: forward must give logits of shape") as refused:
        checked(splits, f"workload={own}:SCALARS")
    assert "\n" not in str(refused.value)


def test_a_space_of_plain_values_passes(own, splits):
    checked(splits, f"space.name={own}:Mine")
    space = load_sweep("digits", [f"space.name={own}:Mine", "search.first_trials=[]"]).build_space()
    assert space.dimensions == {
        "optimiser": Choice(("adamw",)),
        "learning_rate_adamw": Number(0.001, 0.01, log=True),
        "label_smoothing": Fixed(0.1),
        "mixup": Number(0.0, 1.0),
        "class_weighting": Choice(("none", "balanced")),
    }


def test_each_searched_option_is_tried_where_all_networks_would_be_too_many(own, splits):
    message = "trained with width 12, network_head_grid 0: head_grid must be a whole number from 1 but is 0"
    with pytest.raises(ConfigError, match=message):
        checked(splits, f"space.name={own}:Grids")
    checked(splits, f"space.name={own}:Grids", "space.overrides.network_head_grid=2")


def test_few_networks_are_all_tried():
    few = {"width": (4, 8), "network_a": (True, False), "network_b": (0.5, 2.0)}
    assert len(list(_combinations(few))) == 8
    assert list(_combinations({})) == [{}]
    many = few | {"network_c": ("x", "y", "z")}
    tried = list(_combinations(many))
    assert len(tried) == 3
    assert {name: {one[name] for one in tried} for name in many} == {name: set(one) for name, one in many.items()}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "Deep",
            r"Deep.walk\(\) failed: .* walk\(\) asks for 'learning_rat_adamw', .* nearest is 'learning_rate_adamw'",
        ),
        ("Crashes", r"Crashes.walk\(\) failed: KeyError: 'x' \(.*own_\d+_module.py, line \d+\)"),
        ("Yields", r"Yields.walk\(\) failed: .* must ask for values, and neither return nor yield anything"),
        ("Unknown", "space 'mine' draws what no trial can be trained with: unknown training parameter 'optimizer'"),
        (
            "Pairs",
            r"Pairs\(\) failed: .* defaults\(\): 'mixup' must be a number, a text, .* but \(0.0, 1.0\) was given",
        ),
        ("Listing", r"Listing\(\) failed: .* defaults\(\) must give dimensions by name but gives list"),
        ("Endless", r"Endless\(\) failed: .* high must be a finite number but inf was given"),
        ("Other", r"Other\(\) failed: TypeError: .* unexpected keyword argument"),
        ("Unwalked", r"Unwalked\(\) failed: TypeError: Can't instantiate abstract class"),
        ("INSTANCE", "must be a subclass of Space but is .*; name the class itself"),
        ("DIGITS", "must be a subclass of Space but is Workload"),
    ],
)
def test_a_space_that_fails_is_named_in_one_line(name, message, own, splits):
    with pytest.raises(ConfigError, match=message) as refused:
        checked(splits, f"space.name={own}:{name}")
    assert "\n" not in str(refused.value)
