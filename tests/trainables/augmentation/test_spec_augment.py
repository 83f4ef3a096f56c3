import pytest
import torch

from trainables.augmentation.spec_augment import N_MASKS, SpecAugment
from trainables.errors import TrainingError


def masked(bands, frames, *, probability=1.0, n=300, size=(64, 101)):
    torch.manual_seed(0)
    return SpecAugment(probability, bands, frames)(torch.ones(n, 1, *size))[:, 0] == 0


def runs(hidden):
    """Lengths of the runs of hidden rows."""
    found, length = [], 0
    for value in [*hidden.tolist(), False]:
        if value:
            length += 1
        elif length:
            found.append(length)
            length = 0
    return found


@pytest.mark.parametrize(("bands", "frames", "axis"), [(8, 0, 2), (0, 12, 1)])
def test_masks_are_few_whole_bands_or_spans_of_any_width_up_to_the_largest(bands, frames, axis):
    widths = set()
    for one in masked(bands, frames):
        hidden = one.all(dim=axis - 1)
        assert torch.equal(one, hidden.unsqueeze(axis - 1).expand_as(one))
        found = runs(hidden)
        assert len(found) <= N_MASKS
        assert sum(found) <= N_MASKS * max(bands, frames)
        widths.update(found if len(found) == N_MASKS else [])
    assert max(bands, frames) in widths
    assert 1 in widths


def test_samples_are_masked_apart_and_only_a_share_of_them():
    hidden = masked(8, 12, probability=0.4).flatten(1).any(dim=1)
    assert 0.3 < hidden.float().mean() < 0.5
    several = masked(8, 0, n=4)
    assert not all(torch.equal(several[0], one) for one in several[1:])


def test_nothing_is_masked_unless_asked_for():
    features = torch.rand(2, 1, 4, 4)
    assert SpecAugment()(features) is features
    assert torch.equal(SpecAugment(1.0, 0, 0)(features), features)


def test_small_features_are_never_masked_beyond_their_size():
    assert SpecAugment(1.0, 50, 50)(torch.rand(50, 1, 3, 2)).shape == (50, 1, 3, 2)


@pytest.mark.parametrize("options", [{"probability": 1.5}, {"probability": -0.1}, {"bands": -1}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(TrainingError, match="must"):
        SpecAugment(**options)
