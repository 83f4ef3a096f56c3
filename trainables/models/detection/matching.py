"""Which anchor stands for which object: torchvision's matching by intersection over union."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.models.detection._utils import SSDMatcher
from torchvision.ops import box_area, box_iou

from policies.tables.boxes import CORNERS, CROWD, LABEL, NO_BOX
from trainables.models.detection.anchors import MATCH_IOU


BACKGROUND = SSDMatcher.BELOW_LOW_THRESHOLD
"""Of an anchor that stands for no object."""
IGNORED = SSDMatcher.BETWEEN_THRESHOLDS
"""Of an anchor that lies in a crowd, where it is neither right nor wrong to find something."""

_matcher = SSDMatcher(MATCH_IOU)


def match_anchors(anchors: Tensor, objects: Tensor) -> Tensor:
    """The object that each anchor stands for.

    These are anchors with an intersection over union of at least .5, and for each object the anchor that overlaps it
    most, as in SSD (Liu et al., 2016). An anchor lies in a crowd where at least half of its area does.

    Args:
        anchors: Shape (A, 4).
        objects: True boxes, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`; those without area do not count.

    Returns:
        Row of the object in 0..M-1, :data:`BACKGROUND` or :data:`IGNORED`, shape (N, A), int64.
    """
    return torch.stack([_match(anchors, own) for own in objects])


def _match(anchors: Tensor, objects: Tensor) -> Tensor:
    corners = objects[:, CORNERS]
    counts = (objects[:, LABEL] != NO_BOX) & (corners[:, 2:] > corners[:, :2]).all(dim=1)
    crowd = objects[:, CROWD] != 0
    rows = (counts & ~crowd).nonzero()[:, 0]
    matches = torch.full((len(anchors),), BACKGROUND, dtype=torch.int64, device=anchors.device)
    if len(rows):
        found = _matcher(box_iou(corners[rows], anchors))
        matches = torch.where(found >= 0, rows[found.clamp(min=0)], found)
    crowds = corners[counts & crowd]
    if len(crowds):
        in_crowd = (_covered(anchors, crowds) >= MATCH_IOU).any(dim=1)
        matches = matches.masked_fill(in_crowd & (matches == BACKGROUND), IGNORED)
    return matches


def _covered(anchors: Tensor, regions: Tensor) -> Tensor:
    """The share of each anchor that lies in each region, shape (A, R)."""
    upper_left = torch.maximum(anchors[:, None, :2], regions[:, :2])
    lower_right = torch.minimum(anchors[:, None, 2:], regions[:, 2:])
    shared: Tensor = (lower_right - upper_left).clamp(min=0).prod(dim=2) / box_area(anchors)[:, None]
    return shared
