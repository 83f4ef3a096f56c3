"""Images that are changed together with the boxes in them."""

import numpy as np
import pytest
import torch

from policies.tables.boxes import LABEL, NO_BOX, is_box, no_boxes
from trainables.augmentation.boxes import BoxAugmentation
from trainables.errors import TrainingError


SIZE = 48
EVERYTHING = BoxAugmentation(
    shift=0.1, flip=True, erase=0.3, vertical_flip=True, scale=0.2, zoom_out=2.0, crop=0.5, photometric=0.5
)
GEOMETRIC = {
    "flip": BoxAugmentation(flip=True),
    "vertical": BoxAugmentation(vertical_flip=True),
    "shift": BoxAugmentation(shift=0.2),
    "scale": BoxAugmentation(scale=0.4),
    "zoom": BoxAugmentation(zoom_out=2.0),
    "crop": BoxAugmentation(crop=1.0),
    "all": BoxAugmentation(shift=0.2, flip=True, vertical_flip=True, scale=0.2, zoom_out=1.5, crop=0.7),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def scenes(n=16, *, size=SIZE):
    """Black images with a white rectangle each, and its box; every fourth is empty."""
    rng = np.random.default_rng(0)
    images, objects = np.zeros((n, 3, size, size), dtype=np.float32), no_boxes(n, 4)
    for k in range(n):
        if k % 4 == 3:
            continue
        left, top = rng.integers(4, size - 24, 2)
        right, bottom = left + rng.integers(10, 20), top + rng.integers(10, 20)
        images[k, :, top:bottom, left:right] = 1
        objects[k, 0] = [left / size, top / size, right / size, bottom / size, k % 3, k % 2]
    return torch.from_numpy(images), torch.from_numpy(objects)


@pytest.mark.parametrize("augmentation", GEOMETRIC.values(), ids=GEOMETRIC)
def test_boxes_go_where_their_objects_go(augmentation):
    """The white pixels of a changed image span its box."""
    n_kept = 0
    for seed in range(4):
        images, objects = augmentation.with_boxes(*scenes(), generator(seed))
        assert images.shape == (16, 3, SIZE, SIZE)
        assert objects.shape == (16, 4, 6)
        for image, rows in zip(images, objects, strict=True):
            own = rows[rows[:, LABEL] != NO_BOX]
            # Frames are grey.
            white = (image[0] > 0.75).nonzero()
            if not len(own):
                continue
            n_kept += 1
            corners = own[0, :4] * SIZE
            found = torch.tensor([white[:, 1].min(), white[:, 0].min(), white[:, 1].max() + 1, white[:, 0].max() + 1])
            assert (corners - found).abs().max() < 2.5
    assert n_kept > 20


@pytest.mark.parametrize("augmentation", [*GEOMETRIC.values(), EVERYTHING], ids=[*GEOMETRIC, "everything"])
def test_what_comes_out_is_sound(augmentation):
    images, objects = scenes()
    moved, boxes = augmentation.with_boxes(images, objects, generator())
    there = is_box(boxes.numpy())
    assert (np.diff(there.astype(int), axis=1) <= 0).all()
    own = boxes[torch.from_numpy(there)]
    assert own[:, :4].min() >= 0
    assert own[:, :4].max() <= 1
    assert (own[:, :2] < own[:, 2:4]).all()
    assert (boxes[torch.from_numpy(~there)] == torch.tensor([0, 0, 0, 0, NO_BOX, 0.0])).all()
    assert moved.min() >= -1e-5
    assert moved.max() <= 1 + 1e-5
    # Class and crowd are those of the image's only object.
    for before, after in zip(objects, boxes, strict=True):
        if after[0, LABEL] != NO_BOX:
            assert torch.equal(after[0, LABEL:], before[0, LABEL:])


def test_the_generator_decides_alone():
    images, objects = scenes()
    torch.manual_seed(3)
    one = EVERYTHING.with_boxes(images, objects, generator())
    torch.manual_seed(4)
    same = EVERYTHING.with_boxes(images, objects, generator())
    other = EVERYTHING.with_boxes(images, objects, generator(1))
    assert all(map(torch.equal, one, same))
    assert not torch.equal(one[0], other[0])


def test_nobody_else_is_disturbed():
    images, objects = scenes()
    before = images.clone(), objects.clone()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    own = generator()
    EVERYTHING.with_boxes(images, objects, own)
    assert torch.equal(torch.rand(4), expected)
    assert torch.equal(images, before[0])
    assert torch.equal(objects, before[1])
    second = EVERYTHING.with_boxes(images, objects, own)
    assert not torch.equal(second[0], EVERYTHING.with_boxes(images, objects, generator())[0])


def test_about_half_are_mirrored():
    images, objects = scenes(64)
    moved, boxes = BoxAugmentation(flip=True).with_boxes(images, objects, generator())
    mirrored = [torch.equal(one, other.flip(-1)) for one, other in zip(moved, images, strict=True)]
    assert 16 < sum(mirrored) < 60
    assert torch.allclose(boxes[..., [1, 3]], objects[..., [1, 3]])


def test_boxes_of_which_little_is_left_are_gone():
    images, objects = torch.zeros(200, 1, SIZE, SIZE), torch.from_numpy(no_boxes(200, 1))
    objects[:, 0] = torch.tensor([0.8, 0.8, 1.0, 1.0, 0, 0])
    _, boxes = BoxAugmentation(shift=0.5).with_boxes(images, objects, generator())
    there = boxes[:, 0, LABEL] != NO_BOX
    assert 0 < there.sum() < 200
    area = (boxes[there, 0, 2] - boxes[there, 0, 0]) * (boxes[there, 0, 3] - boxes[there, 0, 1])
    assert area.min() >= 0.25 * 0.04 - 1e-6


def test_colours_change_but_are_not_exchanged():
    images = torch.full((90, 3, 8, 8), 0.2)
    for row in range(90):
        images[row, row % 3] = 0.9
    changed = BoxAugmentation(photometric=1.0)(images, generator())
    assert (changed != images).flatten(1).any(dim=1).all()
    assert changed.mean(dim=(2, 3)).argmax(dim=1).tolist() == [row % 3 for row in range(90)]
    n_changed = (BoxAugmentation(photometric=0.3)(images, generator()) != images).flatten(1).any(dim=1).sum()
    # One of four changes is made of all but .7 to the fourth.
    assert 54 < n_changed < 81


def test_images_that_are_not_square_keep_their_shape():
    images, objects = torch.rand(4, 3, 40, 64), scenes(4)[1]
    moved, _ = EVERYTHING.with_boxes(images, objects, generator())
    assert moved.shape == images.shape


def test_images_without_boxes_are_changed_alike():
    images, objects = scenes()
    assert torch.equal(BoxAugmentation()(images, generator()), images)
    assert EVERYTHING(images, generator()).shape == images.shape
    assert BoxAugmentation().with_boxes(images, objects, generator())[1] is objects


def test_fixed_views_are_refused():
    with pytest.raises(TrainingError, match="fixed views of images do not tell where boxes in them go"):
        EVERYTHING.draw(4, generator())


WRONG = [("crop", 1.2), ("photometric", -0.1), ("scale", 1.0), ("scale", 2), ("zoom_out", 0.5), ("zoom_out", 99)]


@pytest.mark.parametrize(("name", "value"), [*WRONG, ("shift", 2)])
def test_numbers_out_of_range_are_refused(name, value):
    with pytest.raises(TrainingError, match=f"{name} must"):
        BoxAugmentation(**{name: value})
