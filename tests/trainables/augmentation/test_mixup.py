import pytest
import torch
import torch.nn.functional as F

from trainables.augmentation.mixup import Mixture


def test_samples_and_losses_are_mixed_alike():
    torch.manual_seed(0)
    mixture = Mixture.draw(5, 0.4)
    assert 0 < mixture.share < 1
    assert sorted(mixture.partners.tolist()) == list(range(5))
    inputs, logits, labels = torch.rand(5, 1, 2, 2), torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1])
    for row, partner in enumerate(mixture.partners):
        expected = mixture.share * inputs[row] + (1 - mixture.share) * inputs[partner]
        torch.testing.assert_close(mixture.inputs(inputs)[row], expected)
    shares = mixture.share * F.one_hot(labels, 3) + (1 - mixture.share) * F.one_hot(labels[mixture.partners], 3)
    found = mixture.loss(lambda targets: F.cross_entropy(logits, targets), labels)
    torch.testing.assert_close(found, F.cross_entropy(logits, shares))


def test_shares_follow_the_beta_distribution():
    torch.manual_seed(0)
    shares = torch.tensor([Mixture.draw(2, 0.2).share for _ in range(2000)])
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(1 / (4 * (2 * 0.2 + 1)), abs=0.01)


def test_a_small_parameter_mixes_little():
    torch.manual_seed(0)
    shares = torch.tensor([Mixture.draw(2, 0.001).share for _ in range(500)])
    assert ((shares > 0.01) & (shares < 0.99)).float().mean() < 0.15


def test_without_mixup_nothing_is_drawn():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    mixture = Mixture.draw(3, 0.0)
    inputs = torch.rand(1)
    assert torch.equal(mixture.inputs(inputs), expected)
    assert mixture.loss(lambda labels: labels.sum(), torch.tensor([1, 2, 3])) == 6
