"""Which anchor stands for which object, and boxes as offsets from anchors."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import torch

from policies.tables.boxes import no_boxes
from tests.trainables.models.detection.drawn_boxes import drawn_boxes, iou
from trainables.models.detection.anchors import AnchorGrids, default_anchors
from trainables.models.detection.coding import decode, encode
from trainables.models.detection.matching import BACKGROUND, IGNORED, match_anchors


ANCHORS = default_anchors(AnchorGrids(((6, 6), (3, 3)), (2, 2)))


def share_in(anchor, region):
    width = min(anchor[2], region[2]) - max(anchor[0], region[0])
    height = min(anchor[3], region[3]) - max(anchor[1], region[1])
    return max(width, 0) * max(height, 0) / ((anchor[2] - anchor[0]) * (anchor[3] - anchor[1]))


def matched_one_by_one(objects):
    """As SSD has it, for one image."""
    own = [row for row, box in enumerate(objects) if box[4] >= 0 and not box[5]]
    overlaps = np.array([[iou(objects[row], anchor) for anchor in ANCHORS] for row in own]).reshape(len(own), -1)
    matches = []
    for k, anchor in enumerate(ANCHORS):
        match = BACKGROUND
        if own and overlaps[:, k].max() >= 0.5:
            match = own[overlaps[:, k].argmax()]
        # Each object's best anchor is its own; a later object takes it from an earlier one.
        for row, overlap in zip(own, overlaps, strict=True):
            if overlap.argmax() == k:
                match = row
        crowds = [box for box in objects if box[4] >= 0 and box[5]]
        if match == BACKGROUND and any(share_in(anchor, crowd) >= 0.5 for crowd in crowds):
            match = IGNORED
        matches.append(match)
    return matches


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_matches_are_those_of_a_plain_loop(seed):
    objects = drawn_boxes(np.random.default_rng(seed), 3, 5, crowds=0.3)
    found = match_anchors(torch.tensor(ANCHORS), torch.tensor(objects))
    assert found.tolist() == [matched_one_by_one(image) for image in objects]


def test_without_objects_all_is_background():
    assert (match_anchors(torch.tensor(ANCHORS), torch.tensor(no_boxes(2, 3))) == BACKGROUND).all()
    assert (match_anchors(torch.tensor(ANCHORS), torch.zeros(2, 0, 6)) == BACKGROUND).all()


def test_boxes_without_area_are_no_objects():
    boxes = no_boxes(1, 2)
    boxes[0] = [(0.2, 0.2, 0.2, 0.6, 1, 0), (0.6, 0.6, 0.2, 0.2, 1, 0)]
    assert (match_anchors(torch.tensor(ANCHORS), torch.tensor(boxes)) == BACKGROUND).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_offsets_lead_back_to_the_box(seed):
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.02, 0.6, (len(ANCHORS), 2))
    corner = rng.uniform(0, 1 - size)
    boxes = torch.tensor(np.concatenate([corner, corner + size], axis=1), dtype=torch.float32)
    anchors = torch.tensor(ANCHORS)
    offsets = encode(boxes, anchors)
    torch.testing.assert_close(decode(torch.stack([offsets, 0 * offsets]), anchors)[0], boxes, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(decode(0 * offsets[None], anchors)[0], anchors)
