"""Divergences and margins, by hand and against plain numpy."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from tests.trainables.numpy_losses import dkd, kd, margin
from trainables.losses.distillation import decoupled, distillation, margins


def drawn(seed, n_samples=5, n_exits=2, n_classes=4, scale=3.0):
    draw = np.random.default_rng(seed)
    student = draw.normal(size=(n_samples, n_exits, n_classes)) * scale
    return student, draw.normal(size=(n_samples, n_classes)) * scale, draw.integers(0, n_classes, n_samples)


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


@given(seed=st.integers(0, 10_000), temperature=st.floats(0.5, 6), gamma=st.floats(0, 3), n_classes=st.integers(2, 6))
@settings(max_examples=40, deadline=None)
def test_equal_numpy(seed, temperature, gamma, n_classes):
    student, teacher, labels = drawn(seed, n_classes=n_classes)
    tensors = torch.tensor(student), torch.tensor(teacher)
    expected = [kd(student[:, k], teacher, temperature, gamma) for k in range(2)]
    assert distillation(*tensors, temperature=temperature, gamma=gamma).tolist() == pytest.approx(expected)
    for form in ("dkd", "dkd-cross-entropy"):
        found = decoupled(*tensors, torch.tensor(labels), temperature=temperature, gamma=gamma, is_binary=form == "dkd")
        expected = [dkd(student[:, k], teacher, labels, temperature, form, gamma) for k in range(2)]
        np.testing.assert_allclose(torch.stack(found, dim=1), expected, rtol=1e-6, atol=1e-9)
    expected = [margin(student[:, k], labels) for k in range(2)]
    np.testing.assert_allclose(margins(tensors[0], torch.tensor(labels)).T, expected)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_kl_is_the_two_parts_of_the_paper(temperature):
    """Zhao et al., equation 7: KL = TCKD + (1 - p_true) NCKD, here for one sample."""
    student, teacher, labels = drawn(3, n_samples=1)
    whole = distillation(torch.tensor(student), torch.tensor(teacher), temperature=temperature)
    parts = decoupled(
        torch.tensor(student), torch.tensor(teacher), torch.tensor(labels), temperature=temperature, is_binary=True
    )
    p = np.exp(teacher / temperature) / np.exp(teacher / temperature).sum()
    torch.testing.assert_close(whole, parts[0] + (1 - p[0, labels[0]]) * parts[1])


def test_nobody_is_pulled_by_what_agrees():
    student, _, labels = drawn(5, n_exits=1)
    tensors = torch.tensor(student), torch.tensor(student[:, 0])
    assert float(distillation(*tensors, temperature=2.0)) == pytest.approx(0, abs=1e-12)
    both = decoupled(*tensors, torch.tensor(labels), temperature=2.0, is_binary=True)
    assert torch.cat(both).tolist() == pytest.approx([0, 0], abs=1e-12)
