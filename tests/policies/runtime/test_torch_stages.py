"""A torch network that is run stage by stage."""

import numpy as np
import pytest
import torch
from torch import nn

from policies.errors import StagesError
from policies.policy import Policy
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.torch_stages import TorchStages
from policies.tables.classification import ClassificationTable


class Staged(nn.Module):
    """Three stages on pairs of features, with dropout and normalisation that training would change."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stages = nn.ModuleList([_Pair(2), _Pair(2), _Pair(2)])
        self.heads = nn.ModuleList([_PairHead(), _PairHead(), _PairHead()])

    def normalise(self, inputs):
        return (inputs - 0.5, inputs * 2.0)


class _Pair(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, features):
        one, other = features
        return self.norm(self.convolution(other)), one + other


class _PairHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(2 * 16, 5))

    def forward(self, features):
        return self.layers(features[0]) * 3


@pytest.fixture(scope="module")
def network():
    return Staged()


@pytest.fixture(scope="module")
def inputs():
    return np.random.default_rng(0).integers(0, 256, (90, 2, 4, 4), dtype=np.uint8)


def logits_of(network, inputs):
    network.eval()
    with torch.no_grad():
        features = network.normalise(torch.as_tensor(inputs).float() / 255.0)
        logits = []
        for stage, head in zip(network.stages, network.heads, strict=True):
            features = stage(features)
            logits.append(head(features))
    return torch.stack(logits, dim=1).numpy()


@pytest.mark.parametrize("batch", [1, 2, 7, 64])
def test_stages_decide_as_the_table_does(network, inputs, batch):
    logits = logits_of(network, inputs)
    ids = np.array([f"s{i}" for i in range(90)])
    table = ClassificationTable(
        logits=logits, labels=np.zeros(90, dtype=np.int64), cost=np.array([0.2, 0.6, 1.0]), ids=ids
    )
    scores = Policy("confidence", (1.0, 1.0), (1.0,) * 3).view(table).scores[:, :, 0]
    middles = tuple(float(np.sort(scores[:, k])[44:46].mean()) for k in range(2))
    policy = Policy("confidence", middles, (1.0,) * 3)
    runtime = EarlyExitRuntime(TorchStages(network.train()), policy, chunk_size=batch)
    decision = policy.decide(table)
    assert len(np.unique(decision.exits)) == 3
    answers = runtime.run(inputs) if batch > 1 else None
    for row in range(90):
        own = runtime.run(inputs[row : row + 1]) if answers is None else None
        found = (own.exits[0], own.answers[0]) if own else (answers.exits[row], answers.answers[row])
        assert found == (decision.exits[row], decision.answers[row])


def test_floats_are_taken_as_they_are(network, inputs):
    stages = TorchStages(network)
    _, of_bytes = stages.run(0, stages.begin(inputs))
    _, of_floats = stages.run(0, stages.begin((inputs / 255.0).astype(np.float32)))
    np.testing.assert_allclose(of_bytes.logits, of_floats.logits, atol=1e-5)
    assert of_bytes.logits.dtype == np.float32


def test_some_samples_are_taken_of_every_part(network, inputs):
    stages = TorchStages(network)
    features = stages.begin(inputs)
    taken = stages.take(features, np.array([5, 2]))
    for part, own in zip(features, taken, strict=True):
        torch.testing.assert_close(own, part[[5, 2]])


def test_an_exit_that_is_not_asked_is_not_computed(network, inputs):
    stages = TorchStages(network)
    asked = []
    hooks = [head.register_forward_hook(lambda head, *_: asked.append(head)) for head in network.heads]
    alone, said = stages.run(0, stages.begin(inputs), with_head=False)
    for hook in hooks:
        hook.remove()
    assert said is None and asked == []
    for part, own in zip(stages.run(0, stages.begin(inputs))[0], alone, strict=True):
        torch.testing.assert_close(own, part)


def test_samples_of_another_shape_are_refused_where_the_shape_is_known(network):
    stages = TorchStages(network, input_shape=(2, 4, 4))
    assert stages.begin(np.zeros((3, 2, 4, 4)))[0].dtype == torch.float32
    with pytest.raises(StagesError, match=r"samples must have shape \(n, 2, 4, 4\) but have \(3, 2, 5, 4\)"):
        stages.begin(np.zeros((3, 2, 5, 4), np.float32))
