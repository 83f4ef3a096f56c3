"""What every registered workload must hold to."""

import numpy as np
import pytest
import torch

from policies.errors import ExitSearchError
from trainables.data import SplitFractions
from trainables.errors import TrainingError
from trainables.models import NetworkSpec, relative_cost
from trainables.tasks import get_training_task
from trainables.workloads import WORKLOADS, get_workload


@pytest.fixture(scope="module", params=sorted(WORKLOADS))
def workload(request):
    return get_workload(request.param)


@pytest.fixture(scope="module")
def splits(workload, data_of):
    return workload.load(data_of(workload.source.name), SplitFractions(), split_seed=3)


@pytest.mark.parametrize("n_exits", [1, 2, 5])
def test_network_has_as_many_exits_as_asked_for(workload, splits, n_exits):
    model = workload.build_model(splits.train, len(splits.class_names), NetworkSpec(n_exits, width=8))
    images = torch.zeros(2, *splits.train.inputs.shape[1:])
    answer = get_training_task(workload.task).output_shape(model, len(splits.class_names))
    assert model(images).shape == (2, n_exits, *answer)
    cost = relative_cost(model, splits.train.inputs.shape[1:])
    assert (np.diff(cost) > 0).all()
    assert cost[-1] == 1.0


def test_inputs_are_standardised_with_the_training_split(workload, splits):
    model = workload.build_model(splits.train, len(splits.class_names), NetworkSpec(2, width=8))
    scale = 255.0 if splits.train.inputs.dtype == np.uint8 else 1.0
    normalised = model.normalise(torch.from_numpy(splits.train.inputs[:5000].astype(np.float32) / scale))
    assert abs(float(normalised.mean())) < 0.05
    assert float(normalised.std()) == pytest.approx(1.0, abs=0.05)


def test_options_that_a_network_does_not_have_are_refused(digits):
    workload = get_workload("digits")
    for network in (NetworkSpec(2, 8, blocks=("features.1",)), NetworkSpec(2, 8, family="small-cnn", pretrained=True)):
        with pytest.raises(TrainingError, match=r"training\.(blocks|depth|head|pretrained) is not for this network"):
            workload.build_model(digits.train, 10, network)


def test_another_network_may_be_named(workload, splits):
    network = NetworkSpec(3, 8, family="mobilenet-v3-small", blocks=("features.1", "features.4"))
    model = workload.build_model(splits.train, len(splits.class_names), network)
    assert model.n_exits == 3


def test_names():
    assert all(workload.name == name for name, workload in WORKLOADS.items())
    with pytest.raises(ExitSearchError, match="no workload 'digit'; did you mean 'digits'"):
        get_workload("digit")
    with pytest.raises(ExitSearchError, match="cannot be imported"):
        get_workload("no_such_module:WORKLOAD")
    with pytest.raises(ExitSearchError, match="must be a Workload but is "):
        get_workload("trainables.workloads:WORKLOADS")
    assert get_workload("trainables.workloads.digits:DIGITS") is WORKLOADS["digits"]
