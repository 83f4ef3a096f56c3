"""Several teachers: split and fused against plain numpy."""

import numpy as np
import pytest
import torch

from tests.trainables.numpy_losses import dkd, kd, margin, softmax
from trainables.errors import TrainingError
from trainables.losses.teacher_loss import TeacherLoss


RNG = np.random.default_rng(1)
STUDENT = RNG.normal(size=(7, 2, 5)) * 2
TEACHERS = RNG.normal(size=(7, 3, 5)) * 3
LABELS = RNG.integers(0, 5, 7)
WEIGHTS = (1.0, 2.0, 1.0)


def terms(loss, teachers=TEACHERS):
    return loss.terms(torch.tensor(STUDENT), torch.tensor(LABELS), torch.tensor(teachers))


def part(form, student, teacher):
    if form == "kd":
        return kd(student, teacher, 2.5, 1.5), 0.0
    return dkd(student, teacher, LABELS, 2.5, form, 1.5)


@pytest.mark.parametrize("form", ["kd", "dkd", "dkd-cross-entropy"])
def test_split_averages_the_terms(form):
    found = terms(TeacherLoss(WEIGHTS, mode="split", form=form, temperature=2.5, gamma=1.5))
    for k in range(2):
        parts = np.array([part(form, STUDENT[:, k], TEACHERS[:, m]) for m in range(3)])
        np.testing.assert_allclose([found[0][k], found[1][k]], np.array([0.25, 0.5, 0.25]) @ parts)


@pytest.mark.parametrize("form", ["kd", "dkd", "dkd-cross-entropy"])
def test_fused_averages_the_probabilities(form):
    found = terms(TeacherLoss(WEIGHTS, mode="fused", form=form, temperature=2.5, gamma=1.5))
    average = np.einsum("m,nmc->nc", [0.25, 0.5, 0.25], softmax(TEACHERS / 2.5))
    for k in range(2):
        # Logits whose tempered softmax is the average.
        np.testing.assert_allclose(
            [found[0][k], found[1][k]], part(form, STUDENT[:, k], 2.5 * np.log(average)), rtol=1e-6
        )


def test_one_teacher_is_the_same_split_or_fused():
    one = TEACHERS[:, :1]
    split, fused = (terms(TeacherLoss((3.0,), mode=mode, form="dkd"), one) for mode in ("split", "fused"))
    torch.testing.assert_close(split, fused)


def test_fusing_teachers_never_pulls_harder_than_splitting():
    """The divergence is convex in the teacher (Jensen)."""
    split, fused = (terms(TeacherLoss(WEIGHTS, mode=mode))[0] for mode in ("split", "fused"))
    assert (fused < split).all()


@pytest.mark.parametrize("mode", ["split", "fused"])
def test_a_teacher_of_weight_zero_is_not_heard(mode):
    wild = TEACHERS.copy()
    wild[:, 1] = RNG.normal(size=(7, 5)) * 50
    loss = TeacherLoss((1.0, 0.0, 1.0), mode=mode)
    torch.testing.assert_close(terms(loss, wild), terms(loss))
    student = torch.tensor(STUDENT, requires_grad=True)
    sum(part.sum() for part in loss.terms(student, torch.tensor(LABELS), torch.tensor(wild))).backward()
    assert torch.isfinite(student.grad).all()


def test_margins_of_teachers_are_averaged():
    loss = TeacherLoss(WEIGHTS)
    target = sum(share * margin(TEACHERS[:, m], LABELS) for m, share in enumerate((0.25, 0.5, 0.25)))
    found = loss.margin_gap(torch.tensor(STUDENT), torch.tensor(LABELS), torch.tensor(TEACHERS))
    expected = [((margin(STUDENT[:, k], LABELS) - target) ** 2).mean() for k in range(2)]
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": ()}, "must not be negative, nor all zero"),
        ({"weights": (0.0, 0.0)}, "nor all zero"),
        ({"weights": (1.0, -1.0)}, "must not be negative"),
        ({"mode": "both"}, "mode must be one of split, fused but is 'both'"),
        ({"form": "kld"}, "form must be one of kd, dkd, dkd-cross-entropy but is 'kld'"),
        ({"taught": "first"}, "taught must be one of all, last but is 'first'"),
        ({"temperature": 0.0}, "temperature must be positive"),
        ({"gamma": -0.5}, "gamma must not be negative"),
    ],
)
def test_options_out_of_range_are_refused(changes, message):
    with pytest.raises(TrainingError, match=message):
        TeacherLoss(**{"weights": (1.0,), **changes})
