"""The loss of sets of labels against plain numpy, and against torch's own functions."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.trainables.numpy_losses import bernoulli_kd, binary_cross_entropy, set_margin, sigmoid
from trainables.augmentation.mixup import Mixture
from trainables.errors import TrainingError
from trainables.losses.exit_loss import ExitLoss, LossWeights
from trainables.losses.labels.distillation import label_distillation, set_margins
from trainables.losses.labels.label_loss import LabelLoss, LabelTeacherLoss
from trainables.losses.teacher_loss import TeacherLoss


RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 3, 4)) * 2
LABELS = RNG.integers(0, 2, (6, 4))
TEACHERS = RNG.normal(size=(6, 2, 4)) * 3
POSITIVE = (0.5, 1.0, 3.0, 7.0)


def loss_of(loss, teachers=None, labels=LABELS, **weights):
    value = loss(torch.tensor(LOGITS), torch.tensor(labels), LossWeights(**weights), teacher_logits=teachers)
    return float(value)


@pytest.mark.parametrize("combination", ["convex", "additive"])
@pytest.mark.parametrize("positive", [None, POSITIVE])
def test_alone_it_is_weighted_binary_cross_entropy(combination, positive):
    loss = LabelLoss(
        (0.3, 0.5, 1.0), (1.0, 0.7), label_smoothing=0.1, combination=combination, positive_weights=positive
    )
    expected = sum(w * binary_cross_entropy(LOGITS[:, k], LABELS, 0.1, positive) for k, w in enumerate((0.3, 0.5, 1.0)))
    assert loss_of(loss) == pytest.approx(expected)


def test_of_one_exit_it_is_what_torch_has():
    logits, labels = torch.tensor(LOGITS[:, :1]), torch.tensor(LABELS)
    plain = F.binary_cross_entropy_with_logits(logits[:, 0], labels.double(), pos_weight=torch.tensor(POSITIVE))
    torch.testing.assert_close(LabelLoss((1.0,), (), positive_weights=POSITIVE)(logits, labels), plain)
    two_way = torch.stack([torch.zeros_like(logits[:, 0]), logits[:, 0]], dim=1)
    smooth = F.cross_entropy(two_way, labels, label_smoothing=0.2)
    torch.testing.assert_close(LabelLoss((1.0,), (), label_smoothing=0.2)(logits, labels), smooth)


def test_convex_with_the_last_exit_as_a_teacher():
    weights, inner = (0.5, 2.0, 1.0), (1.0, 0.7)
    loss = LabelLoss(weights, inner, temperature=3.0, gamma=1.5, label_smoothing=0.05, positive_weights=POSITIVE)
    last = LOGITS[:, 2]
    expected = weights[2] * binary_cross_entropy(last, LABELS, 0.05, POSITIVE)
    for k in range(2):
        own = binary_cross_entropy(LOGITS[:, k], LABELS, 0.05, POSITIVE)
        pull = inner[k] * bernoulli_kd(LOGITS[:, k], last, 3.0, 1.5)
        gap = (set_margin(LOGITS[:, k], LABELS) - set_margin(last, LABELS)) ** 2
        expected += weights[k] * (0.45 * own + 0.55 * pull) + 0.03 * inner[k] * gap.mean()
    assert loss_of(loss, alpha=0.55, margin=0.03) == pytest.approx(expected)


def test_additive_with_the_last_exit_as_a_teacher():
    loss = LabelLoss((0.3, 0.3, 1.0), (1.0, 0.7), temperature=2.0, combination="additive")
    expected = sum(w * binary_cross_entropy(LOGITS[:, k], LABELS) for k, w in enumerate((0.3, 0.3, 1.0)))
    expected += 0.6 * sum(w * bernoulli_kd(LOGITS[:, k], LOGITS[:, 2], 2.0) for k, w in enumerate((1.0, 0.7)))
    assert loss_of(loss, alpha=0.6) == pytest.approx(expected)


@pytest.mark.parametrize("mode", ["split", "fused"])
def test_teachers_from_outside(mode):
    shares = np.array([0.25, 0.75])
    taught = TeacherLoss((1.0, 3.0), mode=mode, temperature=4.0, gamma=0.5)
    loss = LabelLoss.of(ExitLoss((0.5, 2.0, 1.0), (1.0, 1.0), teachers=taught))
    fused = (shares[:, None] * sigmoid(TEACHERS / 4)).sum(axis=1)
    fused = 4 * np.log(fused / (1 - fused))
    margin = sum(share * set_margin(TEACHERS[:, m], LABELS) for m, share in enumerate(shares))
    expected = 0.0
    for k, weight in enumerate((0.5, 2.0, 1.0)):
        pulls = [bernoulli_kd(LOGITS[:, k], TEACHERS[:, m], 4.0, 0.5) for m in range(2)]
        pull = shares @ pulls if mode == "split" else bernoulli_kd(LOGITS[:, k], fused, 4.0, 0.5)
        expected += weight * (0.7 * binary_cross_entropy(LOGITS[:, k], LABELS) + 0.3 * pull)
        expected += 0.05 * ((set_margin(LOGITS[:, k], LABELS) - margin) ** 2).mean()
    assert loss_of(loss, torch.tensor(TEACHERS), kd_alpha=0.3, kd_margin=0.05) == pytest.approx(expected)


def test_the_pull_is_torchs_divergence_of_two_way_distributions():
    student, teacher = torch.tensor(LOGITS[:, :1]), torch.tensor(TEACHERS[:, 0])
    log_student, log_teacher = (
        torch.stack([F.logsigmoid(one / 3), F.logsigmoid(-one / 3)], dim=-1) for one in (student[:, 0], teacher)
    )
    expected = 9 * F.kl_div(log_student, log_teacher, reduction="none", log_target=True).sum(dim=-1).mean()
    torch.testing.assert_close(label_distillation(student, teacher, temperature=3.0)[0], expected)


def test_margins_are_positive_where_the_set_is_right():
    found = set_margins(torch.tensor(LOGITS), torch.tensor(LABELS)).numpy()
    np.testing.assert_array_equal(found > 0, ((LOGITS >= 0) == LABELS[:, None]).all(axis=2))


def test_a_step_against_the_gradient_moves_every_label_to_its_truth():
    logits = torch.tensor(LOGITS, requires_grad=True)
    LabelLoss((0.5, 0.5, 1.0), (1.0, 1.0), positive_weights=POSITIVE)(logits, torch.tensor(LABELS)).backward()
    np.testing.assert_array_equal(logits.grad.numpy() < 0, np.broadcast_to(LABELS[:, None] == 1, LOGITS.shape))


def test_a_step_against_the_gradient_of_distillation_moves_to_the_teacher():
    logits = torch.tensor(LOGITS, requires_grad=True)
    LabelLoss((1.0, 1.0, 1.0), (1.0, 1.0))(logits, torch.tensor(LABELS), LossWeights(alpha=1.0)).backward()
    expected = LOGITS[:, :2] < LOGITS[:, 2:]
    np.testing.assert_array_equal(logits.grad.numpy()[:, :2] < 0, expected)


def test_the_gradients_size_is_independent_of_the_temperature():
    """Hinton et al.: of high temperatures it is that of the distance of logits."""
    student = torch.tensor(LOGITS[:, :1], requires_grad=True)
    label_distillation(student, torch.tensor(TEACHERS[:, 0]), temperature=1e4).sum().backward()
    expected = (LOGITS[:, :1] - TEACHERS[:, :1]) / 4 / LABELS.size
    np.testing.assert_allclose(student.grad.numpy(), expected, rtol=1e-3)


def test_teachers_get_no_gradient():
    logits, teachers = (torch.tensor(one, requires_grad=True) for one in (LOGITS, TEACHERS))
    loss = LabelLoss((1.0, 1.0, 1.0), (1.0, 1.0), teachers=LabelTeacherLoss((1.0, 1.0), mode="fused"))
    weights = LossWeights(alpha=0.5, margin=0.1, kd_alpha=0.5, kd_margin=0.1)
    loss(logits, torch.tensor(LABELS), weights, teacher_logits=teachers).backward()
    assert teachers.grad is None
    alone = torch.tensor(LOGITS, requires_grad=True)
    LabelLoss((1.0, 1.0, 1.0), (1.0, 1.0))(alone, torch.tensor(LABELS), LossWeights(alpha=0.5, margin=0.1)).backward()
    own = F.binary_cross_entropy_with_logits(alone[:, 2], torch.tensor(LABELS).double())
    torch.testing.assert_close(alone.grad[:, 2], torch.autograd.grad(own, alone)[0][:, 2])


@pytest.mark.parametrize("mode", ["split", "fused"])
def test_extreme_logits_have_finite_loss_and_gradient(mode):
    logits = torch.tensor([[[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]]], requires_grad=True)
    teachers = torch.tensor([[[-1e4, 1e4, 0.0], [1e4, 0.0, -1e4]]])
    taught = LabelTeacherLoss((0.5, 0.5), mode=mode, gamma=2.0)
    loss = LabelLoss((1.0, 1.0), (1.0,), gamma=2.0, label_smoothing=0.1, teachers=taught)
    weights = LossWeights(alpha=0.5, margin=0.01, kd_alpha=0.5, kd_margin=0.01)
    value = loss(logits, torch.tensor([[1, 0, 1]]), weights, teacher_logits=teachers)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


def test_mixed_sets_are_means_of_targets():
    loss, labels = LabelLoss((0.5, 0.5, 1.0), (1.0, 1.0), positive_weights=POSITIVE), torch.tensor(LABELS)
    mixture = Mixture(0.3, torch.tensor([1, 2, 3, 4, 5, 0]))
    mixed = mixture.loss(lambda targets: loss(torch.tensor(LOGITS), targets), labels)
    means = 0.3 * labels + 0.7 * labels[mixture.partners]
    torch.testing.assert_close(mixed, loss(torch.tensor(LOGITS), means))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LabelLoss((1.0,), (), class_weights=(1.0,)), "labels have no class weights; .* positive_weighting"),
        (lambda: LabelLoss((1.0,), (), positive_weights=(1.0, -1.0)), "positive weights must not be negative"),
        (lambda: LabelLoss.of(ExitLoss((1.0,), (), teachers=TeacherLoss((1.0,), form="dkd"))), "kd_form must be kd"),
        (lambda: LabelLoss((1.0,), (), temperature=0.0), "temperature must be positive"),
    ],
)
def test_what_sets_of_labels_do_not_have_is_refused(make, message):
    with pytest.raises(TrainingError, match=message):
        make()
