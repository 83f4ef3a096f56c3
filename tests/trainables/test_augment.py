import torch

from trainables.augment import Augmentation


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
