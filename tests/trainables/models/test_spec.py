"""Which network is built: what a trial varies of it, and options that every file can hold."""

import math

import numpy as np
import pytest

from trainables.errors import TrainingError
from trainables.models import NetworkSpec, is_of_network


def test_some_parameters_of_a_trial_are_the_network_s():
    of_network = ["width", "head", "network_head_grid", "network_depth"]
    of_training = ["learning_rate_adamw", "networks", "width_1", "exit_weight_1", "head_network_1"]
    assert [name for name in of_network + of_training if is_of_network(name)] == of_network


def test_parameters_come_before_what_the_file_says():
    spec = NetworkSpec(3, 8, options={"adaptive": False, "reductions": 2})
    params = {"width": 16, "network_adaptive": True, "network_operations": None, "mixup": 0.1}
    varied = spec.with_params(params)
    assert (varied.n_exits, varied.width, varied.head) == (3, 16, None)
    assert varied.options == {"adaptive": True, "reductions": 2, "operations": None}
    assert spec.options == {"adaptive": False, "reductions": 2}
    assert spec.with_params({}) == spec


def test_options_are_as_a_file_has_them():
    spec = NetworkSpec(3, 8, options={"operations": ("skip", "pool")})
    assert spec.options == {"operations": ["skip", "pool"]}
    assert hash(spec) == hash(NetworkSpec(3, 8))
    assert spec != NetworkSpec(3, 8)


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, np.float32(1.0), object()])
def test_what_no_file_can_hold_is_no_option(value):
    with pytest.raises(TrainingError, match="network_options must be finite numbers, texts") as refused:
        NetworkSpec(3, 8, options={"scale": value})
    assert "\n" not in str(refused.value)
