"""The loss against values worked out in plain numpy, term by term, from the formulas of the sources."""

import numpy as np
import pytest
import torch

from tests.trainables.numpy_losses import cross_entropy, dkd, kd, margin
from trainables.errors import TrainingError
from trainables.losses.exit_loss import ExitLoss, LossWeights
from trainables.losses.teacher_loss import TeacherLoss


RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 3, 4)) * 2
LABELS = RNG.integers(0, 4, 6)
TEACHERS = RNG.normal(size=(6, 2, 4)) * 3


def loss_of(loss, teachers=None, **weights):
    value = loss(torch.tensor(LOGITS), torch.tensor(LABELS), LossWeights(**weights), teacher_logits=teachers)
    return float(value)


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
    assert loss_of(loss, alpha=0.55, margin=0.03) == pytest.approx(expected)


def test_alpha_one_weighs_the_teacher_alone():
    loss = ExitLoss((1.0, 1.0, 1.0), (1.0, 1.0), temperature=1.0)
    expected = cross_entropy(LOGITS[:, 2], LABELS) + sum(kd(LOGITS[:, k], LOGITS[:, 2], 1.0) for k in range(2))
    assert loss_of(loss, alpha=1.0) == pytest.approx(expected)


def test_last_exit_as_the_teacher_gets_no_gradient():
    logits = torch.tensor(LOGITS, requires_grad=True)
    alone = torch.tensor(LOGITS[:, 2], requires_grad=True)
    torch.nn.functional.cross_entropy(alone, torch.tensor(LABELS)).backward()
    weights = LossWeights(alpha=0.5, margin=0.1)
    ExitLoss((1.0, 1.0, 1.0), (1.0, 1.0))(logits, torch.tensor(LABELS), weights).backward()
    torch.testing.assert_close(logits.grad[:, 2], alone.grad)


def test_teachers_get_no_gradient():
    teachers = torch.tensor(TEACHERS, requires_grad=True)
    logits = torch.tensor(LOGITS, requires_grad=True)
    loss = ExitLoss((1.0, 1.0, 1.0), (1.0, 1.0), teachers=TeacherLoss((1.0, 1.0), form="dkd"))
    weights = LossWeights(kd_alpha=0.5, kd_beta=2.0, kd_margin=0.1)
    loss(logits, torch.tensor(LABELS), weights, teacher_logits=teachers).backward()
    assert teachers.grad is None
    assert logits.grad.abs().sum() > 0


@pytest.mark.parametrize("form", ["kd", "dkd", "dkd-cross-entropy"])
@pytest.mark.parametrize("mode", ["split", "fused"])
def test_extreme_logits_have_finite_loss_and_gradient(form, mode):
    logits = torch.tensor([[[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]]], requires_grad=True)
    teachers = torch.tensor([[[-1e4, 1e4, 0.0], [1e4, 0.0, -1e4]]])
    taught = TeacherLoss((0.5, 0.5), mode=mode, form=form, gamma=2.0)
    loss = ExitLoss((1.0, 1.0), (1.0,), gamma=2.0, label_smoothing=0.1, teachers=taught)
    weights = LossWeights(alpha=0.5, margin=0.01, kd_alpha=0.5, kd_beta=4.0, kd_margin=0.01)
    value = loss(logits, torch.tensor([1]), weights, teacher_logits=teachers)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


def test_one_exit_has_nobody_to_teach_within():
    logits = torch.tensor(LOGITS[:, :1])
    value = ExitLoss((1.0,), ())(logits, torch.tensor(LABELS), LossWeights(alpha=0.5, margin=0.1))
    assert float(value) == pytest.approx(cross_entropy(LOGITS[:, 0], LABELS))


def test_teacher_of_all_exits_and_self_distillation_at_once():
    """One teacher; convex: first the last exit and the labels are mixed, then the teacher."""
    weights, inner = (0.5, 2.0, 1.0), (1.0, 0.7)
    loss = ExitLoss(weights, inner, teachers=TeacherLoss((1.0,), temperature=4.0))
    last, teacher = LOGITS[:, 2], TEACHERS[:, 0]
    expected = 0.0
    for k in range(3):
        own = cross_entropy(LOGITS[:, k], LABELS)
        if k < 2:
            own = 0.6 * own + 0.4 * inner[k] * kd(LOGITS[:, k], last, 2.0)
            expected += 0.03 * inner[k] * ((margin(LOGITS[:, k], LABELS) - margin(last, LABELS)) ** 2).mean()
        expected += weights[k] * (0.7 * own + 0.3 * kd(LOGITS[:, k], teacher, 4.0))
        expected += 0.05 * ((margin(LOGITS[:, k], LABELS) - margin(teacher, LABELS)) ** 2).mean()
    found = loss_of(loss, torch.tensor(TEACHERS[:, :1]), alpha=0.4, margin=0.03, kd_alpha=0.3, kd_margin=0.05)
    assert found == pytest.approx(expected)


def test_teacher_of_the_last_exit_leaves_the_others_alone():
    """Section 5: (1 - alpha) CE + alpha T^2 TCKD + beta T^2 NCKD, for the exit that is taught."""
    loss = ExitLoss((0.5, 2.0, 1.5), (1.0, 1.0), teachers=TeacherLoss((1.0,), form="dkd-cross-entropy", taught="last"))
    target_class, others = dkd(LOGITS[:, 2], TEACHERS[:, 0], LABELS, 2.0, "dkd-cross-entropy")
    expected = 0.5 * cross_entropy(LOGITS[:, 0], LABELS) + 2.0 * cross_entropy(LOGITS[:, 1], LABELS)
    expected += 1.5 * (0.5 * cross_entropy(LOGITS[:, 2], LABELS) + 0.5 * target_class + 8.0 * others)
    assert loss_of(loss, torch.tensor(TEACHERS[:, :1]), kd_alpha=0.5, kd_beta=8.0) == pytest.approx(expected)


def test_additive_adds_teachers_to_the_whole_cross_entropy():
    loss = ExitLoss((0.3, 0.3, 1.0), (1.0, 1.0), combination="additive", teachers=TeacherLoss((1.0,)))
    expected = sum(w * cross_entropy(LOGITS[:, k], LABELS) for k, w in enumerate((0.3, 0.3, 1.0)))
    expected += 0.6 * sum(kd(LOGITS[:, k], TEACHERS[:, 0], 2.0) for k in range(3))
    assert loss_of(loss, torch.tensor(TEACHERS[:, :1]), kd_alpha=0.6) == pytest.approx(expected)


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
