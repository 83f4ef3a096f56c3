import numpy as np
import pytest
import torch
import torch.nn.functional as F

from trainables.losses.class_weights import weighted
from trainables.losses.exit_loss import ExitLoss


LABELS = np.array([0, 0, 0, 0, 1, 2, 2])


def test_balanced_weights_are_the_mean_count_over_a_class_own():
    found = weighted(ExitLoss((1.0,), ()), "balanced", LABELS, n_classes=3).class_weights
    assert found == pytest.approx((7 / 3 / 4, 7 / 3 / 1, 7 / 3 / 2))


def test_every_exit_counts_its_classes_by_their_weights():
    logits = torch.randn(7, 2, 3, generator=torch.Generator().manual_seed(0))
    loss = weighted(ExitLoss((0.5, 1.0), (1.0,), label_smoothing=0.1), "balanced", LABELS, n_classes=3)
    labels, weights = torch.from_numpy(LABELS), torch.tensor(loss.class_weights)
    exits = [F.cross_entropy(logits[:, k], labels, weight=weights, label_smoothing=0.1) for k in range(2)]
    torch.testing.assert_close(loss(logits, labels), 0.5 * exits[0] + exits[1])
    assert loss(logits, labels) != pytest.approx(float(ExitLoss((0.5, 1.0), (1.0,))(logits, labels)))


def test_without_weighting_the_loss_is_left_alone():
    loss = ExitLoss((1.0,), ())
    assert weighted(loss, "none", LABELS, n_classes=3) is loss


def test_a_class_that_does_not_occur_weighs_nothing():
    found = weighted(ExitLoss((1.0,), ()), "balanced", np.array([0, 2, 2, 2]), n_classes=4).class_weights
    assert found == pytest.approx((1.0, 0.0, 1 / 3, 0.0))
