"""What a network's spec gives its build function, and what that does not take."""

from dataclasses import replace
from functools import partial

import pytest

from trainables.errors import TrainingError
from trainables.models import NetworkSpec
from trainables.workloads import get_workload
from trainables.workloads.build_options import build_options


def build(*, input_shape, n_classes, n_exits, width, mean, std, adaptive=True, reductions=0, operations=None):
    raise NotImplementedError


def build_with_any(*, input_shape, n_classes, n_exits, width, mean, std, blocks=None, **options):
    raise NotImplementedError


def options_of(build, **said):
    return build_options(NetworkSpec(3, 8, **said), build, "darts")


def model_of(**said):
    return get_workload("digits").build_network((1, 8, 8), 10, NetworkSpec(3, 8, **said), mean=[0.0], std=[1.0])


def test_only_what_is_said_is_given():
    assert options_of(build) == {}
    assert options_of(build, options={"adaptive": False, "operations": None}) == {"adaptive": False, "operations": None}
    assert options_of(partial(build, adaptive=True), options={"adaptive": False}) == {"adaptive": False}
    said = {"blocks": ("a", "b"), "options": {"momentum": 0.1}}
    assert options_of(build_with_any, **said) == {"blocks": ("a", "b"), "momentum": 0.1}


@pytest.mark.parametrize(
    ("function", "said", "message"),
    [
        (build, {"options": {"adaptve": 1}}, "'adaptve' is not for this network, which is darts; nearest are adaptive"),
        (build, {"options": {"x": 1}}, "'x' is not for .*; known are adaptive, reductions, operations"),
        (partial(print), {"options": {"x": 1}}, "'x' is not for this network"),
        (build, {"options": {"width": 3}}, "must leave 'width' to its own key; set training.width"),
        (build_with_any, {"options": {"blocks": []}}, "must leave 'blocks' to its own key; set training.blocks"),
        (build, {"options": {"mean": [0.5]}}, "must leave 'mean' to the data; leave it out"),
        (build, {"depth": 3}, "training.depth is not for this network, which is darts; leave it out, or choose"),
        (build_with_any, {"head": "average"}, "training.head is not for this network"),
        (build, {"pretrained": True}, "training.pretrained is not for this network"),
    ],
)
def test_what_a_function_does_not_take_is_refused(function, said, message):
    with pytest.raises(TrainingError, match=message) as refused:
        options_of(function, **said)
    assert "\n" not in str(refused.value)


def test_a_network_without_options_has_none_to_name():
    with pytest.raises(TrainingError, match="'x' is not for .*; it has no options, so leave it out"):
        options_of(lambda *, input_shape, n_classes, n_exits, width, mean, std: None, options={"x": 1})


def test_options_reach_the_network():
    coarse, fine = model_of(options={"head_grid": 1}), model_of(options={"head_grid": 4})
    assert coarse.heads[0][-1].in_features * 16 == fine.heads[0][-1].in_features


@pytest.mark.parametrize("value", [0, -2, 1.5, True, "many", [1]])
def test_a_value_that_the_function_refuses_is_one_line(value):
    with pytest.raises(TrainingError, match="head_grid must be a whole number from 1 but is"):
        model_of(options={"head_grid": value})


@pytest.mark.parametrize(
    "error", [ValueError("no such\noperation"), TypeError("no such operation"), KeyError("no such")]
)
def test_so_is_what_a_function_of_a_user_s_own_raises(error):
    def build(*, input_shape, n_classes, n_exits, width, mean, std, operations):
        raise error

    own = replace(get_workload("digits"), build=build)
    network = NetworkSpec(3, 8, options={"operations": "per-inputs"})
    with pytest.raises(TrainingError, match=r"build\(\) of workload 'digits' failed: .*no such") as refused:
        own.build_network((1, 8, 8), 10, network, mean=[0.0], std=[1.0])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("only_exit", [None, 2])
def test_a_network_knows_its_cost_model(only_exit):
    assert model_of(only_exit=only_exit).cost_model == "macs"
    assert model_of(cost="exits").cost_model == "exits"
