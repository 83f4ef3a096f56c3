from hypothesis import given
from hypothesis import strategies as st
import pytest
import torch
import torch.nn.functional as F

from trainables.errors import TrainingError
from trainables.losses.distillation import distillation
from trainables.losses.exit_loss import ExitLoss, LossWeights
from trainables.losses.stopping_loss import StoppingLoss, blend, exit_distribution, squared_norm
from trainables.losses.teacher_loss import TeacherLoss
from trainables.models.stopping import StoppingOutputs


COST = (0.2, 0.5, 1.0)
N, E, C = 7, 3, 4


@pytest.fixture
def outputs():
    draw = torch.Generator().manual_seed(3)
    shapes = ((N, E, C), (N, E - 1), (N, 6, 6))
    return StoppingOutputs(*(torch.randn(*shape, generator=draw) for shape in shapes))


LABELS = torch.arange(N) % C


@given(st.integers(1, 9), st.integers(0, 1000), st.sampled_from([0.1, 1.0, 30.0, 200.0]))
def test_shares_of_exits_sum_to_one(n_exits, seed, scale):
    logits = scale * torch.randn(5, n_exits - 1, generator=torch.Generator().manual_seed(seed))
    shares = exit_distribution(logits)
    assert shares.shape == (5, n_exits)
    assert (shares >= 0).all()
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(5))


def test_shares_are_products_of_stopping_and_going_on(outputs):
    s = torch.sigmoid(outputs.stop_logits)
    expected = torch.stack([s[:, 0], (1 - s[:, 0]) * s[:, 1], (1 - s[:, 0]) * (1 - s[:, 1])], dim=1)
    torch.testing.assert_close(exit_distribution(outputs.stop_logits), expected)


def test_saturated_stop_heads_still_learn():
    logits = torch.tensor([[60.0, -60.0]], requires_grad=True)
    (-exit_distribution(logits)[0, 0].log()).backward()
    assert torch.isfinite(logits.grad).all()


def test_expected_cost_is_that_of_drawn_stops(outputs):
    found = StoppingLoss(COST).expected_cost(exit_distribution(outputs.stop_logits))
    draw = torch.Generator().manual_seed(5)
    n_draws = 20_000
    stops = torch.rand(n_draws, N, E - 1, generator=draw) < torch.sigmoid(outputs.stop_logits)
    exits = torch.where(stops.any(dim=2), stops.float().argmax(dim=2), E - 1)
    drawn = torch.tensor(COST)[exits]
    error = drawn.std(dim=0) / n_draws**0.5
    assert ((drawn.mean(dim=0) - found).abs() < 4 * error).all()
    assert error.max() < 0.003


def test_without_lambda_and_mu_it_is_cross_entropy_and_the_auxiliary_loss(outputs):
    """Equations (25) to (27)."""
    loss = StoppingLoss.of(ExitLoss((1.0,) * E, (1.0,) * (E - 1)), COST, auxiliary_weight=0.35)
    blended = blend(exit_distribution(outputs.stop_logits), outputs.logits)
    early = torch.stack([F.cross_entropy(outputs.logits[:, k], LABELS) for k in range(E - 1)]).mean()
    expected = F.cross_entropy(blended, LABELS) + 0.35 * early
    torch.testing.assert_close(loss(outputs, LABELS), expected)
    alone = StoppingLoss.of(ExitLoss((1.0,) * E, (1.0,) * (E - 1)), COST, auxiliary_weight=0.0)
    torch.testing.assert_close(alone(outputs, LABELS), F.cross_entropy(blended, LABELS))


def test_the_last_exit_may_have_a_loss_of_its_own(outputs):
    exit_loss = ExitLoss((1.0,) * E, (1.0,) * (E - 1))
    without = StoppingLoss.of(exit_loss, COST, auxiliary_weight=0.35)
    with_own = StoppingLoss.of(exit_loss, COST, auxiliary_weight=0.35, final_exit_weight=0.5)
    own = 0.5 * F.cross_entropy(outputs.logits[:, -1], LABELS)
    torch.testing.assert_close(with_own(outputs, LABELS) - without(outputs, LABELS), own)


def test_lambda_and_mu_weigh_cost_and_perturbation(outputs):
    loss = StoppingLoss(COST)
    plain = loss(outputs, LABELS)
    cost = loss(outputs, LABELS, LossWeights(cost=0.5)) - plain
    torch.testing.assert_close(cost, 0.5 * loss.expected_cost(exit_distribution(outputs.stop_logits)).mean())
    bent = loss(outputs, LABELS, LossWeights(perturbation=0.01)) - plain
    torch.testing.assert_close(bent, 0.01 * (outputs.perturbation**2).sum() / N)
    torch.testing.assert_close(squared_norm(outputs.perturbation).sum(), (outputs.perturbation**2).sum())
    fixed = outputs._replace(perturbation=None)
    assert loss(fixed, LABELS, LossWeights(perturbation=0.01)) == loss(fixed, LABELS)


def test_what_teaches_exits_teaches_these_too(outputs):
    exit_loss = ExitLoss((1.0,) * E, (1.0,) * (E - 1), temperature=2.0)
    loss = StoppingLoss.of(exit_loss, COST, auxiliary_weight=0.4)
    plain, taught = loss(outputs, LABELS), loss(outputs, LABELS, LossWeights(alpha=0.5))
    early = torch.stack([F.cross_entropy(outputs.logits[:, k], LABELS) for k in range(E - 1)])
    pull = distillation(outputs.logits[:, :-1], outputs.logits[:, -1], temperature=2.0)
    torch.testing.assert_close(taught - plain, 0.2 * (0.5 * pull - 0.5 * early).sum())


def test_class_weights_and_smoothing_hold_for_the_blend(outputs):
    exit_loss = ExitLoss((1.0,) * E, (1.0,) * (E - 1), label_smoothing=0.1, class_weights=(1.0, 2.0, 0.5, 1.0))
    loss = StoppingLoss.of(exit_loss, COST, auxiliary_weight=0.0)
    blended = blend(exit_distribution(outputs.stop_logits), outputs.logits)
    weight = torch.tensor([1.0, 2.0, 0.5, 1.0])
    torch.testing.assert_close(
        loss(outputs, LABELS), F.cross_entropy(blended, LABELS, weight=weight, label_smoothing=0.1)
    )


def test_one_exit_is_plain_cross_entropy(outputs):
    one = StoppingOutputs(outputs.logits[:, :1], outputs.stop_logits[:, :0])
    loss = StoppingLoss.of(ExitLoss((1.0,), ()), (1.0,), auxiliary_weight=0.35)
    torch.testing.assert_close(loss(one, LABELS), F.cross_entropy(outputs.logits[:, 0], LABELS))


@pytest.mark.parametrize("n_exits", [1, E])
def test_teachers_need_an_exit_that_learns_by_itself(n_exits):
    exit_loss = ExitLoss((1.0,) * n_exits, (1.0,) * (n_exits - 1), teachers=TeacherLoss((1.0,)))
    auxiliary_weight = 0.35 if n_exits == 1 else 0.0
    with pytest.raises(TrainingError, match="here none has; set auxiliary_weight, .* or final_exit_weight above 0"):
        StoppingLoss.of(exit_loss, (1.0,) * n_exits, auxiliary_weight=auxiliary_weight)
    taught = StoppingLoss.of(exit_loss, (1.0,) * n_exits, auxiliary_weight=auxiliary_weight, final_exit_weight=1.0)
    assert taught.auxiliary.teachers is exit_loss.teachers


def test_costs_must_be_positive():
    with pytest.raises(TrainingError, match="must be positive"):
        StoppingLoss((0.0, 1.0))
