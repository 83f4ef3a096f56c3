"""What speaks against the training of a detector: each fault is told with its figures, and good data tell nothing."""

import numpy as np
import pytest

from policies.tables.boxes import CORNERS, LABEL, SCORE, no_boxes
from tests.detection_tables import make_detection_table
from trainables.tasks.detection_doubts import (
    doubts_of_anchors,
    doubts_of_boxes,
    doubts_of_found,
    doubts_of_order,
)
from trainables.tasks.doubts import Certainty


def objects_of(corners, label=0):
    """One object in each image."""
    rows = no_boxes(len(corners), 2)
    rows[:, 0, CORNERS], rows[:, 0, LABEL] = corners, label
    return rows


@pytest.fixture
def good():
    rng = np.random.default_rng(0)
    sides = rng.uniform(0.1, 0.3, (40, 2))
    corner = rng.uniform(0, 1 - sides)
    return objects_of(np.concatenate([corner, corner + sides], axis=1))


def anchors(side, n=20):
    y, x = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n, indexing="ij")
    half = side / 2
    return np.stack([x - half, y - half, x + half, y + half], axis=-1).reshape(-1, 4).astype(np.float32)


def test_good_boxes_tell_nothing(good):
    assert list(doubts_of_boxes(good)) == []
    assert list(doubts_of_anchors(np.concatenate([anchors(0.15), anchors(0.25)]), good)) == []


def test_images_without_objects_end_it():
    crowd = objects_of(np.array([[0.1, 0.1, 0.9, 0.9]]))
    crowd[0, 0, SCORE] = 1
    for objects in (no_boxes(7, 2), crowd):
        (found,) = doubts_of_boxes(objects)
        assert found.ends
        assert found.reason == f"no image of train holds an object ({len(objects)} images)"


def test_boxes_that_are_all_the_same():
    (found,) = doubts_of_boxes(objects_of(np.tile([0.0, 0.0, 0.5, 0.25], (5, 1))))
    assert found.reason == "all 5 objects of train have the same box, 0.5 x 0.25 of the image"
    assert found.certainty is Certainty.CERTAIN


def test_boxes_that_are_all_tiny(good):
    good[..., CORNERS] /= 100
    (found,) = doubts_of_boxes(good)
    assert found.reason.startswith("the median of 40 objects of train is 0.00")


@pytest.mark.parametrize(("side", "ends"), [(0.01, True), (0.9, True), (0.1, False)])
def test_anchors_that_match_little(side, ends, good):
    (found,) = doubts_of_anchors(anchors(side), good)
    assert found.ends == ends
    assert found.certainty is (Certainty.CERTAIN if ends else Certainty.LIKELY)
    assert "of 40 objects of train are matched by one of 400 anchors (IoU at least 0.5): objects are 0." in found.reason
    assert found.reason.endswith(f"anchors {side:.3g} x {side:.3g}")


@pytest.mark.parametrize("is_swapped", [True, False])
def test_swapped_coordinates_are_seen_in_the_images(is_swapped, good):
    images = np.random.default_rng(0).integers(60, 120, (40, 3, 64, 64), dtype=np.uint8)
    for image, rows in zip(images, good, strict=True):
        left, top, right, bottom = (64 * rows[0, CORNERS]).round().astype(int)
        image[:, top:bottom, left:right] = 240
    if is_swapped:
        good[..., CORNERS] = good[..., [1, 0, 3, 2]]
    found = list(doubts_of_order(images, good))
    assert len(found) == is_swapped
    assert all("with x and y swapped" in one.reason for one in found)


def table(change):
    """A detector that finds everything with certainty, after a change of what it finds."""
    own = make_detection_table(50, 2)
    boxes = no_boxes(*own.boxes.shape[:3])
    boxes[:, :, : own.objects.shape[1]] = own.objects[:, None]
    boxes[..., SCORE] = np.where(boxes[..., LABEL] < 0, 0, 0.9)
    return type(own)(boxes=change(boxes), objects=own.objects, cost=own.cost, ids=own.ids, meta=own.meta)


def shifted(boxes):
    sides = boxes[..., 2:4] - boxes[..., :2]
    boxes[..., [0, 2]] = np.clip(boxes[..., [0, 2]] + 0.6 * sides[..., :1], 0, 1)
    return boxes


def other_class(boxes):
    boxes[..., LABEL] = np.where(boxes[..., LABEL] < 0, -1, (boxes[..., LABEL] + 1) % 3)
    return boxes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda boxes: no_boxes(*boxes.shape[:3]), "not a single box is found in 50 images of search"),
        (shifted, "are found roughly (IoU at least 0.1) but only"),
        (other_class, "are found in their place but only 0.0% as their class"),
        (lambda boxes: boxes, "100.0% of"),
    ],
)
def test_what_is_found_of_what_is_there(change, said):
    (found,) = doubts_of_found(table(change))
    assert said in found.reason


def test_without_objects_nothing_is_told():
    own = table(lambda boxes: boxes)
    empty = type(own)(boxes=own.boxes, objects=no_boxes(50, 2), cost=own.cost, ids=own.ids, meta=own.meta)
    assert list(doubts_of_found(empty)) == []
