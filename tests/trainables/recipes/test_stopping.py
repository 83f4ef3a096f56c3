import pytest
import torch

from tests.trainables.models.families.darts.networks import small
from trainables.errors import TrainingError
from trainables.losses.exit_loss import LossWeights
from trainables.recipes.hyperparameters import TrainingSettings


def settings(epochs=25, **params):
    return TrainingSettings.from_params(params, n_exits=3, epochs=epochs)


def test_nothing_given_leaves_the_cost_out():
    assert settings().loss_weights(24) == LossWeights()
    assert settings().stopping.auxiliary_weight == 0.35


def test_the_document_s_schedule():
    chosen = settings(cost_weight=0.05, cost_weight_warmup=0.2, perturbation_weight=1e-3)
    weights = [chosen.loss_weights(epoch) for epoch in range(25)]
    costs = [one.cost for one in weights]
    assert costs[:6] == [0.0] * 6
    assert costs[6] > 0
    assert costs == sorted(costs)
    assert costs[-1] == 0.05
    # Half of the cosine lies behind the middle between warm-up and end.
    assert costs[14] < 0.025 < costs[15]
    assert {one.perturbation for one in weights} == {1e-3}


def test_a_ramp_may_be_straight_or_none_at_all():
    straight = settings(cost_weight=0.1, cost_weight_schedule="linear", cost_weight_warmup=0.2, cost_weight_until=0.6)
    assert [straight.loss_weights(epoch).cost for epoch in (4, 5, 10, 15, 24)] == pytest.approx([0, 0, 0.05, 0.1, 0.1])
    at_once = settings(cost_weight=0.1, cost_weight_schedule="constant", cost_weight_warmup=0.2)
    assert [at_once.loss_weights(epoch).cost for epoch in (4, 5, 24)] == [0.0, 0.1, 0.1]


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_the_shortest_training_ends_at_the_end(epochs):
    assert settings(epochs, cost_weight=0.1).loss_weights(epochs - 1).cost == 0.1


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_three_groups_have_their_own_rates(name):
    model = small()
    chosen = settings(
        **{"optimiser": name, f"learning_rate_{name}": 3e-3}, learning_rate_alpha=2e-4, learning_rate_controller=1e-4
    )
    optimiser = chosen.build_optimiser(model)
    assert [group["lr"] for group in optimiser.param_groups] == [3e-3, 2e-4, 1e-4]
    assert sum(len(group["params"]) for group in optimiser.param_groups) == len(list(model.parameters()))
    scheduler = chosen.build_scheduler(optimiser, n_steps=20, final_div_factor=1e4)
    largest = torch.zeros(3)
    for step in range(20):
        largest = torch.maximum(largest, torch.tensor([group["lr"] for group in optimiser.param_groups]))
        optimiser.step()
        if step < 19:
            scheduler.step()
    torch.testing.assert_close(largest, torch.tensor([3e-3, 2e-4, 1e-4]), rtol=0.02, atol=0)


def test_a_network_without_a_controller_has_two():
    assert len(settings().build_optimiser(small(adaptive=False)).param_groups) == 2


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"cost_weight": -1}, "cost_weight must not be negative but is -1"),
        ({"cost_weight": float("nan")}, "cost_weight must not be negative but is nan"),
        ({"cost_weight_warmup": 1.5}, "cost_weight_warmup is a share of the training"),
        ({"cost_weight_warmup": 0.5, "cost_weight_until": 0.2}, "must not lie before the warm-up"),
        ({"cost_weight_schedule": "step"}, "a ramp must be one of cosine, linear, constant but is 'step'"),
        ({"auxiliary_weight": -0.1}, "auxiliary_weight must not be negative"),
        ({"bilevel": "no"}, "bilevel must be true or false but is 'no'"),
    ],
)
def test_what_is_out_of_range_is_refused(params, said):
    with pytest.raises(TrainingError, match=said):
        settings(**params)
