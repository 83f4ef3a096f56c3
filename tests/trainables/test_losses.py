"""The loss against values worked out in plain numpy, term by term, from the formulas of the sources."""

import numpy as np
import pytest
import torch

from trainables.errors import TrainingError
from trainables.losses import ExitLoss, distillation, margins


RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 3, 4)) * 2
LABELS = RNG.integers(0, 4, 6)


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def cross_entropy(z, labels, smoothing=0.0):
    log_p = log_softmax(z)
    n_classes = z.shape[-1]
    aim = np.full(log_p.shape, smoothing / n_classes)
    aim[np.arange(len(labels)), labels] += 1 - smoothing
    return -(aim * log_p).sum(axis=-1).mean()


def kd(student, teacher, temperature, gamma=0.0):
    log_t, log_s = log_softmax(teacher / temperature), log_softmax(student / temperature)
    p_t = np.exp(log_t)
    divergence = (p_t * (log_t - log_s)).sum(axis=-1)
    return (p_t.max(axis=-1) ** gamma * temperature**2 * divergence).mean()


def margin(z, labels):
    return np.array([z[i, y] - max(np.delete(z[i], y)) for i, y in enumerate(labels)])


def loss_of(loss, **options):
    value = loss(torch.tensor(LOGITS), torch.tensor(LABELS), **options)
    return float(value)


def test_kl_worked_out_by_hand():
    """Teacher (ln 3, 0) is (3/4, 1/4), student (0, 0) is (1/2, 1/2): KL = 3/4 ln 3/2 + 1/4 ln 1/2."""
    teacher, student = torch.tensor([[np.log(3.0), 0.0]]), torch.zeros(1, 1, 2, dtype=torch.float64)
    expected = 0.75 * np.log(1.5) + 0.25 * np.log(0.5)
    assert float(distillation(student, teacher, temperature=1.0)) == pytest.approx(expected)
    # At temperature 2 the same probabilities come from twice the logits, and T^2 = 4 weighs them.
    assert float(distillation(student, 2 * teacher, temperature=2.0)) == pytest.approx(4 * expected)
    # The teacher is sure to 3/4, so gamma 2 weighs the sample with 9/16.
    assert float(distillation(student, teacher, temperature=1.0, gamma=2.0)) == pytest.approx(9 / 16 * expected)


def test_margin_worked_out_by_hand():
    logits = torch.tensor([[[2.0, 5.0, 1.0]], [[0.0, -1.0, 4.0]]])
    assert margins(logits, torch.tensor([0, 2])).tolist() == [[-3.0], [4.0]]


@pytest.mark.parametrize("combination", ["convex", "additive"])
def test_alpha_zero_is_exactly_weighted_cross_entropy(combination):
    loss = ExitLoss((0.3, 0.5, 1.0), (1.0, 0.7), label_smoothing=0.1, gamma=2.0, combination=combination)
    expected = sum(w * cross_entropy(LOGITS[:, k], LABELS, 0.1) for k, w in enumerate((0.3, 0.5, 1.0)))
    assert loss_of(loss, alpha=0.0) == pytest.approx(expected)


def test_additive_is_the_audio_networks_loss():
    """Section 1: alpha 0.6, T 2, teacher weights [1.0, 0.7], loss weights [0.3, 0.3, 1.0]."""
    loss = ExitLoss((0.3, 0.3, 1.0), (1.0, 0.7), temperature=2.0, combination="additive")
    expected = sum(w * cross_entropy(LOGITS[:, k], LABELS) for k, w in enumerate((0.3, 0.3, 1.0)))
    expected += 0.6 * sum(w * kd(LOGITS[:, k], LOGITS[:, 2], 2.0) for k, w in enumerate((1.0, 0.7)))
    assert loss_of(loss, alpha=0.6) == pytest.approx(expected)


def test_convex_is_the_wake_word_loss_per_exit():
    """Section 4: alpha KD + (1 - alpha) CE + margin MSE, with gamma and label smoothing."""
    weights, teacher_weights = (0.5, 2.0, 1.0), (1.0, 0.7)
    loss = ExitLoss(weights, teacher_weights, temperature=3.0, gamma=1.5, label_smoothing=0.05)
    last = LOGITS[:, 2]
    expected = weights[2] * cross_entropy(last, LABELS, 0.05)
    for k in range(2):
        ce = cross_entropy(LOGITS[:, k], LABELS, 0.05)
        pull = teacher_weights[k] * kd(LOGITS[:, k], last, 3.0, 1.5)
        gap = (margin(LOGITS[:, k], LABELS) - margin(last, LABELS)) ** 2
        expected += weights[k] * (0.45 * ce + 0.55 * pull) + 0.03 * teacher_weights[k] * gap.mean()
    assert loss_of(loss, alpha=0.55, margin_weight=0.03) == pytest.approx(expected)


def test_alpha_one_weighs_the_teacher_alone():
    loss = ExitLoss((1.0, 1.0, 1.0), (1.0, 1.0), temperature=1.0)
    expected = cross_entropy(LOGITS[:, 2], LABELS) + sum(kd(LOGITS[:, k], LOGITS[:, 2], 1.0) for k in range(2))
    assert loss_of(loss, alpha=1.0) == pytest.approx(expected)


def test_teacher_gets_no_gradient():
    logits = torch.tensor(LOGITS, requires_grad=True)
    teacher = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    loss = ExitLoss((1.0, 1.0, 1.0), (1.0, 1.0))
    loss(logits, torch.tensor(LABELS), alpha=1.0, margin_weight=0.1, teacher_logits=teacher).backward()
    assert teacher.grad is None
    # As the teacher, the last exit only learns from its own cross-entropy.
    alone = torch.tensor(LOGITS[:, 2], requires_grad=True)
    torch.nn.functional.cross_entropy(alone, torch.tensor(LABELS)).backward()
    logits.grad = None
    loss(logits, torch.tensor(LABELS), alpha=0.5, margin_weight=0.1).backward()
    torch.testing.assert_close(logits.grad[:, 2], alone.grad)


def test_extreme_logits_have_finite_loss_and_gradient():
    logits = torch.tensor([[[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]]], requires_grad=True)
    loss = ExitLoss((1.0, 1.0), (1.0,), gamma=2.0, label_smoothing=0.1)
    value = loss(logits, torch.tensor([1]), alpha=0.5, margin_weight=0.01)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


def test_one_exit_has_nobody_to_teach():
    logits = torch.tensor(LOGITS[:, :1])
    value = ExitLoss((1.0,), ())(logits, torch.tensor(LABELS), alpha=0.5, margin_weight=0.1)
    assert float(value) == pytest.approx(cross_entropy(LOGITS[:, 0], LABELS))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"teacher_weights": (1.0,)}, "one teacher weight per exit but the last, 2"),
        ({"exit_weights": (1.0, -1.0, 1.0)}, "must not be negative"),
        ({"temperature": 0.0}, "temperature must be positive but is 0"),
        ({"gamma": -1.0}, "gamma must not be negative but is -1"),
        ({"label_smoothing": 1.0}, "label_smoothing must lie in"),
        ({"combination": "mixed"}, "must be one of .* but is 'mixed'"),
    ],
)
def test_options_out_of_range_are_refused(changes, message):
    values = {"exit_weights": (1.0, 1.0, 1.0), "teacher_weights": (1.0, 1.0)} | changes
    with pytest.raises(TrainingError, match=message):
        ExitLoss(**values)
