"""Networks with exits and their stage graphs, exported once for all tests."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.models import NETWORKS, MultiExitModel
from trainables.tasks.classification import ClassificationTraining


@dataclass(frozen=True)
class Exported:
    """A network, its samples and its stage graphs."""

    model: MultiExitModel
    inputs: np.ndarray
    folder: Path


@pytest.fixture(scope="session")
def trained(digits):
    """A small network that is right about many digits, and less sure of others."""
    torch.manual_seed(0)
    train = digits.train
    model = NETWORKS["small-cnn"].build(input_shape=(1, 8, 8), n_classes=10, n_exits=3, width=8, mean=[0.3], std=[0.37])
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    inputs, labels = torch.as_tensor(train.inputs), torch.as_tensor(train.labels)
    for _ in range(4):
        for rows in torch.randperm(len(inputs)).split(64):
            loss = sum(nn.functional.cross_entropy(logits, labels[rows]) for logits in model(inputs[rows]).unbind(1))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model.eval()


@pytest.fixture(scope="session")
def exported_digits(trained, digits, tmp_path_factory):
    return exported(trained, digits.search.inputs, tmp_path_factory)


@pytest.fixture(scope="session")
def digits_tables(trained, digits):
    """What the network says in process: ``search`` and ``test``."""
    task = ClassificationTraining()
    return {name: task.table(trained, getattr(digits, name), {}) for name in ("search", "test")}


@pytest.fixture(scope="session")
def exported_pairs(tmp_path_factory):
    torch.manual_seed(0)
    stages = [PairStage(), nn.Identity(), PairStage()]
    model = MultiExitModel(stages, [PairHead() for _ in stages], mean=[0.4], std=[0.2])
    return exported(model, random_inputs(1, 6, 6), tmp_path_factory)


class PairStage(nn.Module):
    """Gives two tensors of different shapes, and takes one or both."""

    def __init__(self):
        super().__init__()
        self.convolution, self.linear = nn.Conv2d(1, 1, 3, padding=1), nn.Linear(6, 6)

    def forward(self, features):
        image, row = features if isinstance(features, tuple) else (features, features[:, 0, 0])
        return self.convolution(image).relu(), row + self.linear(image[:, 0].mean(dim=1))


class PairHead(nn.Module):
    """Looks at both tensors."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(42, 4)

    def forward(self, features):
        image, row = features
        return self.linear(torch.cat([image.flatten(1), row], dim=1))


def random_inputs(*shape):
    return np.random.default_rng(0).random((80, *shape), dtype=np.float32)


def exported(model, inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphs")
    write_stage_graphs(model, inputs.shape[1:], folder)
    return Exported(model, inputs, folder)
