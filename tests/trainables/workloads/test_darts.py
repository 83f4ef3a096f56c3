"""The workload of the document trains, at its own sizes."""

import math

import numpy as np
import pytest
import torch

from policies.goals.request import Request
from trainables.data import Split
from trainables.models import NetworkSpec
from trainables.recipes.recipe import Recipe
from trainables.trials.spec import TrialSpec
from trainables.workloads import get_workload


N_SAMPLES = 64
"""Two batches."""


@pytest.mark.slow
def test_an_epoch_of_the_document_s_network_moves_all_of_its_weights():
    draw = np.random.default_rng(0)
    labels = np.arange(N_SAMPLES) % 10
    inputs = draw.integers(0, 128, (N_SAMPLES, 3, 32, 32)) + (12 * labels)[:, None, None, None]
    train = Split(inputs.astype(np.uint8), labels, np.arange(N_SAMPLES).astype(str), None)
    workload = get_workload("darts")
    spec = TrialSpec(
        workload="darts",
        class_names=tuple("abcdefghij"),
        network=NetworkSpec(workload.n_exits, workload.width),
        recipe=Recipe(epochs=1, batch_size=32, gradient_clip=5.0, ema_decay=0.9),
        search_target=Request(target=0.5),
        seeds=(11,),
    )
    assert (workload.n_exits, workload.width) == (4, 64)
    params = {"weight_decay": 5e-4, "cost_weight": 0.05, "perturbation_weight": 1e-3}
    training = spec.training(params, train)
    before = {name: tensor.clone() for name, tensor in training.model.state_dict().items()}
    loss = training.train_epoch()
    assert math.isfinite(loss)
    moved = [name for name, tensor in training.model.named_parameters() if not torch.equal(tensor, before[name])]
    assert len(moved) == len(before) - len([name for name, _ in training.model.named_buffers()])
