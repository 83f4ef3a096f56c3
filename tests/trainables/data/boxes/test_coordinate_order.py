"""Whether images support boxes as they are, or with x and y swapped."""

import numpy as np
import pytest

from policies.tables.boxes import CROWD, no_boxes
from trainables.data.boxes.coordinate_order import coordinate_order


SWAPPED = [1, 0, 3, 2, 4, 5]


def scenes(n, *, seed=0, brightness=60, size=48):
    """Noise with bright rectangles, and their boxes."""
    rng = np.random.default_rng(seed)
    images = rng.normal(100, 20, (n, 3, size, size))
    objects = no_boxes(n, 3)
    for image, rows in zip(images, objects, strict=True):
        for row in rows[: rng.integers(1, 4)]:
            left, top = rng.integers(0, size - 16, 2)
            right, bottom = left + rng.integers(6, 16), top + rng.integers(6, 16)
            image[:, top:bottom, left:right] += brightness
            row[:] = [left / size, top / size, right / size, bottom / size, 0, 0]
    return images.clip(0, 255).astype(np.uint8), objects


@pytest.mark.parametrize("brightness", [60, -60])
def test_boxes_as_they_are_are_supported(brightness):
    found = coordinate_order(*scenes(30, brightness=brightness))
    assert found.is_supported
    assert not found.is_swapped
    assert found.n_images == 30
    assert found.contrast > 2 * found.swapped_contrast
    assert "better as they are than with x and y swapped (contrast" in found.clause


def test_swapped_boxes_are_found():
    inputs, objects = scenes(30)
    found = coordinate_order(inputs, objects[..., SWAPPED])
    assert found.is_swapped
    assert not found.is_supported
    assert "they are probably swapped" in found.clause
    given = coordinate_order(inputs, objects)
    assert (found.contrast, found.swapped_contrast) == (given.swapped_contrast, given.contrast)


def test_floats_and_one_channel_tell_the_same():
    inputs, objects = scenes(30)
    grey = inputs[:, :1].astype(np.float32) / 255
    assert coordinate_order(grey, objects).is_supported


def test_boxes_of_other_images_support_nothing():
    inputs, objects = scenes(60)
    false = [coordinate_order(inputs, np.random.default_rng(seed).permutation(objects)) for seed in range(20)]
    assert sum(one.is_swapped or one.is_supported for one in false) <= 2


def test_noise_supports_nothing():
    found = coordinate_order(*scenes(60, brightness=0))
    assert not found.is_swapped
    assert not found.is_supported
    assert "no better as they are" in found.clause


def test_few_images_boxes_on_the_diagonal_and_flat_images_support_nothing():
    inputs, objects = scenes(5)
    assert coordinate_order(inputs, objects).p_value == 1
    inputs, objects = scenes(20)
    objects[..., 1], objects[..., 3] = objects[..., 0], objects[..., 2]
    assert coordinate_order(inputs, objects).p_value == 1
    assert coordinate_order(np.zeros_like(inputs), scenes(20)[1]).p_value == 1
    assert coordinate_order(inputs, no_boxes(20, 3)).n_images == 0


def test_crowds_do_not_count():
    inputs, objects = scenes(20)
    objects[..., CROWD] = 1
    assert coordinate_order(inputs, objects).n_images == 0


def test_of_many_images_some_are_looked_at():
    inputs, objects = scenes(1100, size=24)
    assert coordinate_order(inputs, objects).n_images == 367
