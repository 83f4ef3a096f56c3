import numpy as np
import pytest
import torch

from trainables.losses.labels.label_loss import LabelLoss
from trainables.losses.labels.positive_weights import POSITIVE_WEIGHTINGS, positive_weights


LABELS = np.zeros((20, 5), dtype=np.uint8)
for label, n_on in enumerate((2, 5, 15, 0, 20)):
    LABELS[:n_on, label] = 1


def test_weights_by_hand():
    assert positive_weights("none", LABELS) is None
    assert positive_weights("balanced", LABELS) == pytest.approx((9.0, 3.0, 1 / 3, 1.0, 1.0))
    assert positive_weights("capped", LABELS) == pytest.approx((5.0, 3.0, 1 / 3, 1.0, 1.0))
    assert set(POSITIVE_WEIGHTINGS) == {"none", "balanced", "capped"}


def test_balanced_samples_with_and_without_a_label_count_alike():
    """A network that knows nothing is then at its best where it gives every label one half."""
    labels = LABELS[:, :3]
    logits = torch.zeros(20, 1, 3, requires_grad=True)
    loss = LabelLoss((1.0,), (), positive_weights=positive_weights("balanced", labels))
    loss(logits, torch.tensor(labels)).backward()
    np.testing.assert_allclose(logits.grad.sum(dim=(0, 1)), 0, atol=1e-7)
