"""Networks drawn at random, cut into stages: whatever they compute, samples may leave wherever they like."""

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import torch
from torch import nn

from tests.trainables.models.imported.networks import SHAPE
from trainables.errors import CutError
from trainables.models import as_multi_exit, cumulative_macs


CHANNELS = 3


class Drawn(nn.Module):
    """Steps that each take two earlier maps; an exit after each block of steps, some of which share a classifier.

    Args:
        blocks: For each exit its steps: kind, and which two of the maps so far are taken.
        is_shared: Whether all exits share one classifier.
    """

    def __init__(self, blocks, *, is_shared):
        super().__init__()
        self.plan = blocks
        self.stem = nn.Conv2d(SHAPE[0], CHANNELS, 1)
        self.convs = nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 1) for block in blocks for _ in (*block, "exit"))
        self.joins = nn.ModuleList(nn.Conv2d(2 * CHANNELS, CHANNELS, 1) for block in blocks for _ in block)
        heads = [nn.Linear(CHANNELS, 4) for _ in blocks]
        self.heads = nn.ModuleList(heads[:1] * len(heads) if is_shared else heads)

    def forward(self, x):
        n, maps, logits = x.shape[0], [self.stem(x)], []
        convs, joins = iter(self.convs), iter(self.joins)
        for block, head in zip(self.plan, self.heads, strict=True):
            for kind, first, second in block:
                one, other = maps[first % len(maps)], maps[second % len(maps)]
                conv, join = next(convs), next(joins)
                if kind == "conv":
                    maps.append(conv(one))
                elif kind == "join":
                    maps.append(join(torch.cat([one, other], 1)))
                elif kind == "split":
                    parts = torch.chunk(torch.cat([one, other], 1), 2, dim=1)
                    maps += [parts[1], conv(parts[0])]
                elif kind == "scale":
                    maps.append(one * torch.arange(1.0, 9.0) + other.mean((2, 3), keepdim=True))
                elif kind == "in place":
                    maps.append(conv(one).relu_().add_(other))
                else:
                    maps.append(other.permute(2, 0, 1, 3).tanh().permute(1, 2, 0, 3))
            maps.append(next(convs)(maps[-1]))
            logits.append(head(maps[-1].reshape(n, CHANNELS, -1).mean(2)))
        return logits


KINDS = st.sampled_from(["conv", "join", "split", "scale", "in place", "turn"])
BLOCKS = st.lists(st.lists(st.tuples(KINDS, st.integers(0, 9), st.integers(0, 9)), max_size=4), min_size=2, max_size=4)


@pytest.mark.filterwarnings("ignore::trainables.errors.ImportedNetworkWarning")
@settings(max_examples=40, deadline=None)
@given(BLOCKS, st.booleans(), st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_samples_may_leave_wherever_they_like(blocks, is_shared, leaves):
    torch.manual_seed(0)
    network = Drawn(blocks, is_shared=is_shared).eval()
    inputs = torch.rand(5, *SHAPE)
    with torch.no_grad():
        wanted = torch.stack(network(inputs), 1)
        model = as_multi_exit(network, input_shape=SHAPE)
        torch.testing.assert_close(model(inputs), wanted)
        depth = torch.tensor([min(exit_, len(blocks) - 1) for exit_ in leaves])
        left, features = torch.arange(5), model.normalise(inputs)
        for k, (stage, head) in enumerate(zip(model.stages, model.heads, strict=True)):
            features = stage(features)
            torch.testing.assert_close(head(features), wanted[left, k])
            stay = (depth[left] > k).nonzero().flatten()
            if not len(stay):
                break
            left = left[stay]
            features = tuple(one[stay] for one in features) if isinstance(features, tuple) else features[stay]
    assert (cumulative_macs(model, SHAPE)[1:] > cumulative_macs(model, SHAPE)[:-1]).all()


class InPlace(nn.Module):
    """Changes earlier maps in place, anywhere."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.convs = nn.ModuleList(nn.Conv2d(SHAPE[0] if k == 0 else CHANNELS, CHANNELS, 1) for k in range(4))
        self.heads = nn.ModuleList(nn.Linear(CHANNELS, 4) for _ in range(4))

    def forward(self, x):
        maps, logits = [], []
        for k, conv in enumerate(self.convs):
            maps.append(conv(maps[-1] if maps else x))
            for changed, read in self.steps[k]:
                maps[changed % len(maps)].mul_(1 + maps[read % len(maps)].mean((1, 2, 3), keepdim=True))
            if k % 2 == 0:
                logits.append(self.heads[k](maps[k // 2].mean((2, 3))))
        return [*logits, self.heads[3](maps[-1].mean((2, 3)))]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=2), min_size=4, max_size=4))
def test_changes_in_place_are_kept_or_refused(steps):
    torch.manual_seed(0)
    network, inputs = InPlace(steps).eval(), torch.rand(4, *SHAPE)
    with torch.no_grad():
        wanted = torch.stack(network(inputs), 1)
        try:
            model = as_multi_exit(network, input_shape=SHAPE)
        except CutError:
            return
        torch.testing.assert_close(model(inputs), wanted, rtol=1e-2, atol=1e-3)
