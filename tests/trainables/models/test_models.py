import pytest
import torch
from torch import nn

from trainables.models import MultiExitModel, cumulative_macs, relative_cost
from trainables.models.families.small_cnn import small_cnn


def network(n_exits=3, size=8, width=4):
    return small_cnn(input_shape=(1, size, size), n_classes=5, n_exits=n_exits, width=width, mean=[0.3], std=[0.2])


@pytest.mark.parametrize(("n_exits", "size"), [(1, 8), (2, 8), (3, 9), (4, 28), (6, 33)])
def test_every_exit_answers(n_exits, size):
    model = network(n_exits, size)
    assert model.n_exits == n_exits
    assert model(torch.rand(2, 1, size, size)).shape == (2, n_exits, 5)


def test_an_exit_does_not_depend_on_later_stages():
    model = network().eval()
    inputs = torch.rand(3, 1, 8, 8)
    before = model(inputs)
    with torch.no_grad():
        for parameter in model.stages[2].parameters():
            parameter.add_(1.0)
    after = model(inputs)
    torch.testing.assert_close(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2], after[:, 2])


def test_inputs_are_standardised():
    model = network()
    assert model.normalise(torch.full((1, 1, 8, 8), 0.5)).mean().item() == pytest.approx(1.0)


def test_macs_worked_out_by_hand():
    """Convolution 1->2 of 3x3 on 4x4, head on 2x4x4 = 32 features; then 2->3 on 4x4, head on 48 features."""
    stages = [nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 3, 3, padding=1)]
    heads = [nn.Sequential(nn.Flatten(), nn.Linear(32, 5)), nn.Sequential(nn.Flatten(), nn.Linear(48, 5))]
    model = MultiExitModel(stages, heads, mean=[0.0], std=[1.0])
    first = 16 * 9 * 1 * 2 + 32 * 5
    second = first + 16 * 9 * 2 * 3 + 48 * 5
    assert cumulative_macs(model, (1, 4, 4)).tolist() == [first, second]
    assert relative_cost(model, (1, 4, 4)).tolist() == [first / second, 1.0]


@pytest.mark.parametrize("n_exits", [1, 3, 4])
def test_every_exit_may_cost_alike(n_exits):
    model = network(n_exits)
    counted = cumulative_macs(model, (1, 8, 8))
    model.cost_model = "exits"
    assert relative_cost(model, (1, 8, 8)).tolist() == [(k + 1) / n_exits for k in range(n_exits)]
    assert cumulative_macs(model, (1, 8, 8)).tolist() == counted.tolist()


def test_counting_leaves_the_mode_alone():
    model = network().train()
    statistics = model.stages[0][2].running_mean.clone()
    cumulative_macs(model, (1, 8, 8))
    assert model.training
    torch.testing.assert_close(model.stages[0][2].running_mean, statistics)


def test_stages_without_heads_are_refused():
    with pytest.raises(ValueError, match="2 stages and 1 heads"):
        MultiExitModel([nn.Identity(), nn.Identity()], [nn.Identity()], mean=[0.0], std=[1.0])
