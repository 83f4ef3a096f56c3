import pytest
import torch

from trainables.augmentation.images import Augmentation, Views
from trainables.errors import TrainingError


IMAGES = torch.rand(64, 2, 9, 9, generator=torch.Generator().manual_seed(0))


def generator():
    return torch.Generator().manual_seed(1)


def test_nothing_to_do_returns_the_images():
    assert Augmentation()(IMAGES, generator()) is IMAGES


def test_flip_mirrors_about_half_of_the_images():
    moved = Augmentation(flip=True)(IMAGES, generator())
    kept = [torch.allclose(a, b, atol=1e-5) for a, b in zip(moved, IMAGES, strict=True)]
    mirrored = [torch.allclose(a, b.flip(-1), atol=1e-5) for a, b in zip(moved, IMAGES, strict=True)]
    assert all(a or b for a, b in zip(kept, mirrored, strict=True))
    assert 16 < sum(mirrored) < 48


def test_shift_moves_each_image_by_its_own_amount_within_bounds():
    dot = torch.zeros(200, 1, 21, 21)
    dot[:, :, 10, 10] = 1.0
    moved = Augmentation(shift=0.2)(dot, generator())
    centres = torch.arange(21.0)
    rows = (moved.sum(dim=3)[:, 0] * centres).sum(dim=1)
    columns = (moved.sum(dim=2)[:, 0] * centres).sum(dim=1)
    offsets = torch.stack([rows, columns]) - 10
    assert offsets.abs().max() <= 0.2 * 21 + 1e-3
    assert offsets.abs().max() > 3.0
    assert len(offsets[0].round(decimals=3).unique()) > 150


def test_same_generator_state_gives_the_same_images():
    augmentation = Augmentation(shift=0.1, flip=True)
    assert torch.equal(augmentation(IMAGES, generator()), augmentation(IMAGES, generator()))


def test_erased_boxes_have_the_stated_areas_and_stay_inside():
    images = torch.ones(600, 1, 40, 40)
    erased = (Augmentation(erase=0.5)(images, generator()) == 0).float().mean(dim=(1, 2, 3))
    touched = erased[erased > 0]
    assert 0.4 < len(touched) / 600 < 0.6
    assert touched.max() <= 0.33 + 0.05
    assert touched.min() >= 0.02 - 0.015
    assert touched.std() > 0.05


def test_a_box_is_one_rectangle_in_all_channels():
    image = torch.ones(1, 3, 30, 30)
    erased = Augmentation(erase=1.0)(image, generator())[0] == 0
    assert torch.equal(erased[0], erased[2])
    rows, columns = erased[0].any(dim=1), erased[0].any(dim=0)
    assert torch.equal(erased[0], rows[:, None] & columns[None])
    assert rows.sum() * columns.sum() == erased[0].sum() > 0


def test_views_are_the_same_whenever_they_are_drawn_and_differ_from_each_other():
    views = Views(Augmentation(shift=0.1, flip=True, erase=0.5), count=3, seed=7)
    first, again = views.draw(64), views.draw(64)
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one.apply(IMAGES), other.apply(IMAGES))
    assert not torch.equal(first[0].apply(IMAGES), first[1].apply(IMAGES))
    rows = torch.tensor([5, 2, 60])
    assert torch.equal(first[1][rows].apply(IMAGES[rows]), first[1].apply(IMAGES)[rows])
    assert views.metadata() == {"shift": 0.1, "flip": True, "erase": 0.5, "views": 3, "seed": 7}


@pytest.mark.parametrize("option", ["shift", "erase"])
def test_shares_out_of_range_are_refused(option):
    with pytest.raises(TrainingError, match=rf"{option} must lie in \[0, 1\] but is 1.5"):
        Augmentation(**{option: 1.5})
