from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest
from scipy.special import expit, logit
import torch
import torch.nn.functional as F

from trainables.routing.confidence import ExitSignals, objectness, signals_of, tempered
from trainables.routing.router import Router, distribution_loss, straight_through
from trainables.routing.settings import QualityGate, RoutingSettings, Thresholds


unit = st.floats(0, 1, width=32)


def router(n_exits=3, **changes):
    options = {"thresholds": Thresholds.FIXED, "start": (0.4, 0.5), "end": None, **changes}
    return Router(RoutingSettings(**options), n_exits)


def signals(confidences, openness=None):
    confidences = torch.as_tensor(confidences)
    openness = torch.ones_like(confidences) if openness is None else torch.as_tensor(openness)
    return ExitSignals(confidences, openness, openness >= 0.5)


@given(data=st.data(), n_exits=st.integers(2, 5), softness=st.floats(1e-3, 1.0))
def test_soft_weights_are_the_probabilities_of_a_walk(data, n_exits, softness):
    own = router(n_exits, softness=softness)
    confidences = data.draw(arrays(np.float32, (4, n_exits), elements=unit))
    openness = data.draw(arrays(np.float32, (4, n_exits), elements=unit))
    weights = own.soft_weights(signals(confidences, openness)).detach().numpy()
    assert weights.min() >= 0
    assert weights.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    taus = own.thresholds.numpy()
    for row in range(4):
        left = 1.0
        for k in range(n_exits - 1):
            leaves = openness[row, k] * expit((float(confidences[row, k]) - taus[k]) / softness)
            assert weights[row, k] == pytest.approx(left * leaves, abs=1e-5)
            left *= 1 - leaves


@given(data=st.data(), seed=st.integers(0, 1000))
def test_gumbel_weights_are_one_exit_and_the_same_for_a_seed(data, seed):
    given_signals = signals(data.draw(arrays(np.float32, (6, 3), elements=unit)))
    own = router(thresholds=Thresholds.GUMBEL)
    drawn = [own.weights(given_signals, torch.Generator().manual_seed(seed)) for _ in range(2)]
    assert torch.equal(*drawn)
    assert drawn[0].detach().round().sum(dim=1).tolist() == [1.0] * 6
    assert torch.allclose(drawn[0], drawn[0].round(), atol=1e-6)


def test_gumbel_draws_by_the_probabilities_with_the_gradient_of_torchs_own():
    probabilities = torch.tensor([[0.6, 0.3, 0.1]]).repeat(20_000, 1).requires_grad_()
    drawn = straight_through(probabilities, 0.5, torch.Generator().manual_seed(0))
    assert drawn.detach().mean(dim=0).tolist() == pytest.approx([0.6, 0.3, 0.1], abs=0.02)
    (drawn * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    own = probabilities.grad.mean(dim=0)
    probabilities.grad = None
    torch.manual_seed(0)
    (F.gumbel_softmax(probabilities.log(), tau=0.5, hard=True) * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert own.tolist() == pytest.approx(probabilities.grad.mean(dim=0).tolist(), abs=0.05)


def test_gumbel_never_gives_what_is_no_number():
    probabilities = torch.tensor([[0.0, 0.0, 1.0], [1e-30, 0.5, 0.5]], requires_grad=True)
    drawn = straight_through(probabilities, 1.0, torch.Generator().manual_seed(0))
    drawn.square().sum().backward()
    assert torch.isfinite(drawn).all() and torch.isfinite(probabilities.grad).all()


def test_exits_are_the_first_that_reach_their_threshold_with_an_open_gate():
    seen = signals(
        [[0.4, 0.9, 0.1], [0.39, 0.5, 0.1], [0.39, 0.49, 0.1], [0.9, 0.9, 0.9]],
        [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.4, 0.5, 0.0]],
    )
    assert router().exits(seen).tolist() == [0, 1, 2, 1]


@given(logits=arrays(np.float32, (2, 3), elements=st.floats(-8, 8, width=32)), learns_more=st.booleans())
def test_the_distribution_loss_is_least_at_its_target_and_moves_learnt_thresholds(logits, learns_more):
    target = torch.tensor([0.8, 0.1, 0.1]) if learns_more else torch.tensor([0.05, 0.05, 0.9])
    assert float(distribution_loss(target.repeat(5, 1), target)) == 0
    assert float(distribution_loss(torch.as_tensor(logits).softmax(dim=1), target)) >= 0
    own = router(thresholds=Thresholds.LEARNABLE)
    before = own.thresholds.detach().clone()
    optimiser = torch.optim.SGD(own.parameters(), lr=1.0)
    distribution_loss(own.soft_weights(signals([[0.42, 0.5, 0.5], [0.38, 0.5, 0.5]])), target).backward()
    optimiser.step()
    change = float(own.thresholds.detach()[0] - before[0])
    assert change < 0 if learns_more else change > 0


@pytest.mark.parametrize("kind", [Thresholds.FIXED, Thresholds.PROGRESSIVE])
def test_thresholds_that_are_not_learnt_have_no_gradient(kind):
    own = router(thresholds=kind, end=(0.6, 0.6) if kind is Thresholds.PROGRESSIVE else None)
    assert not own.thresholds.requires_grad
    own.begin_epoch(19)
    assert own.thresholds.tolist() == pytest.approx([0.6, 0.6] if kind is Thresholds.PROGRESSIVE else [0.4, 0.5])


@given(values=arrays(np.float32, 3, elements=st.floats(-50, 50, width=32)))
def test_temperatures_are_clamped_on_both_sides_unless_there_are_no_limits(values):
    clamped = router()
    free = router(least_temperature=None, most_temperature=None)
    below = router(least_temperature=None, most_temperature=3.0)
    for own in (clamped, free, below):
        own.log_temperatures.data = torch.as_tensor(values)
        own.clamp()
    assert clamped.temperatures.min() >= 0.5 - 1e-6 and clamped.temperatures.max() <= 3 + 1e-5
    assert free.log_temperatures.tolist() == pytest.approx(values.tolist())
    assert below.temperatures.max() <= 3 + 1e-5


raw_outputs = arrays(np.float32, (2, 2, 7, 4 + 1 + 2), elements=st.floats(-6, 6, width=32))


@given(raw=raw_outputs, n_top=st.integers(1, 9), temperature=st.floats(0.3, 20), n_objects=st.integers(1, 9))
def test_signals_are_those_of_a_loop(raw, n_top, temperature, n_objects):
    gate = QualityGate(objectness=0.4, n_objects=n_objects)
    seen = signals_of(torch.as_tensor(raw), torch.tensor([temperature, 1.0]), n_top=n_top, gate=gate, softness=0.05)
    for row in range(2):
        for k, divisor in enumerate((temperature, 1.0)):
            shares = np.exp(raw[row, k, :, 4:].astype(np.float64))
            best = (shares[:, 1:] / shares.sum(axis=1, keepdims=True)).max(axis=1)
            mean = np.sort(best)[::-1][:n_top].mean()
            assert float(seen.confidences[row, k]) == pytest.approx(expit(logit(mean) / divisor), abs=1e-4)
            if np.abs(best - 0.4).min() > 1e-4:
                assert bool(seen.is_open[row, k]) == ((best > 0.4).sum() >= n_objects)
                assert bool(seen.openness[row, k] >= 0.5) == bool(seen.is_open[row, k])


def test_gradients_reach_outputs_temperatures_and_thresholds():
    own = router(thresholds=Thresholds.LEARNABLE, gate=QualityGate(objectness=0.4, n_objects=2))
    raw = torch.randn(4, 3, 10, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (own.soft_weights(own.signals(raw)) * torch.tensor([1.0, 2.0, 4.0])).sum().backward()
    assert raw.grad[:, :2, :, 4:].abs().sum() > 0 and raw.grad[..., :4].abs().sum() == 0
    assert (own.log_temperatures.grad[:2] != 0).all() and (own.threshold_logits.grad != 0).all()


def test_a_high_temperature_brings_all_confidences_to_one_half():
    raw = torch.randn(50, 1, 10, 8, generator=torch.Generator().manual_seed(0))
    confidences = tempered(objectness(raw).mean(dim=2), torch.tensor(1000.0))
    assert confidences.flatten().tolist() == pytest.approx([0.5] * 50, abs=0.01)


def test_the_gate_counts_after_the_warm_up_where_it_counts_in_training():
    own = router(gate=QualityGate(objectness=0.99, n_objects=3), warm_up_epochs=1)
    raw = torch.zeros(2, 3, 10, 8)
    own.begin_epoch(0)
    assert own.signals(raw).is_open.all()
    own.begin_epoch(1)
    assert not own.signals(raw).is_open.any()
    spared = router(gate=QualityGate(objectness=0.99, n_objects=3, in_training=False))
    assert spared.signals(raw).is_open.all()
