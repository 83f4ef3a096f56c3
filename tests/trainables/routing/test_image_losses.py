from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from policies.tables.boxes import LABEL, no_boxes
from trainables.losses.detection_loss import DetectionLoss
from trainables.models.detection.matching import BACKGROUND, match_anchors
from trainables.routing.image_losses import ImageLosses
from trainables.routing.unmatched import match_in_order


def grid(n):
    """Squares in the cells of a grid, shape (n * n, 4)."""
    centres = (torch.arange(n) + 0.5) / n
    x, y = (one.flatten() for one in torch.meshgrid(centres, centres, indexing="xy"))
    half = 0.7 / n
    return torch.stack([x - half, y - half, x + half, y + half], dim=1)


def objects_of(rng, n_images, most=4):
    rows = no_boxes(n_images, most)
    for own in rows:
        n = rng.integers(0, most + 1)
        corners = rng.uniform(0, 0.6, (n, 2))
        own[:n, :2], own[:n, 2:4] = corners, corners + rng.uniform(0.1, 0.4, (n, 2))
        own[:n, LABEL], own[:n, 5] = rng.integers(0, 2, n), rng.random(n) < 0.2
    return torch.as_tensor(rows)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), n_exits=st.integers(1, 3))
def test_the_loss_of_an_image_is_that_of_a_batch_of_it_alone(seed, n_exits):
    rng, anchors = np.random.default_rng(seed), grid(5)
    objects = objects_of(rng, 3)
    raw = torch.as_tensor(rng.normal(size=(3, n_exits, len(anchors), 7)).astype(np.float32))
    losses = ImageLosses(anchors)(raw, objects)
    assert losses.shape == (3, n_exits)
    for image in range(3):
        for k in range(n_exits):
            alone = DetectionLoss(anchors, (1.0,), ())(raw[image, k][None, None], objects[image][None])
            assert float(losses[image, k]) == pytest.approx(float(alone), rel=1e-4, abs=1e-5)


def test_no_image_and_no_exit_disturbs_another_and_gradients_are_numbers():
    rng, anchors = np.random.default_rng(0), grid(5)
    objects = objects_of(rng, 4)
    raw = torch.as_tensor(rng.normal(size=(4, 2, len(anchors), 7)).astype(np.float32)).requires_grad_()
    losses = ImageLosses(anchors)(raw, objects)
    losses[1, 0].backward()
    is_touched = (raw.grad != 0).flatten(2).any(dim=2)
    assert is_touched.tolist() == [[False, False], [True, False], [False, False], [False, False]]
    assert torch.isfinite(raw.grad).all()


def test_in_order_the_first_anchors_stand_for_the_objects_wherever_these_are():
    objects = torch.as_tensor(no_boxes(2, 3))
    objects[0, :2] = torch.tensor([[0.8, 0.8, 1.0, 1.0, 1, 0], [0.4, 0.4, 0.6, 0.6, 0, 0]])
    anchors = grid(5)
    assert match_in_order(anchors, objects).tolist() == [[0, 1] + [BACKGROUND] * 23, [BACKGROUND] * 25]
    assert match_in_order(anchors[:1], objects).tolist() == [[0], [BACKGROUND]]
    assert match_anchors(anchors, objects)[0, 24] == 0 and match_anchors(anchors, objects)[0, 12] == 1
    loss = ImageLosses(anchors, match_in_order)(torch.zeros(2, 1, 25, 7), objects)
    # The offsets from the first corner to the last are large, as the losses of the notes are.
    assert float(loss[0, 0]) > 3 * float(ImageLosses(anchors)(torch.zeros(2, 1, 25, 7), objects)[0, 0])
