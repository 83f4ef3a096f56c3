"""Non-maximum suppression of the boxes of a batch, with torchvision's operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from policies.tables.boxes import LABEL, N_COLUMNS, NO_BOX


if TYPE_CHECKING:
    from policies.runtime.detection.post_processing import PostProcessing


def kept_boxes(decoded: Tensor, settings: PostProcessing) -> Tensor:
    """The boxes of each image that are kept, the surest first, equally sure ones by anchor and then by class.

    Each image is looked at by itself, so that its boxes do not depend on the others.

    Args:
        decoded: Left, top, right and bottom of the box of every anchor, and the probability of each class, shape
            (N, A, 4 + C). Boxes are clipped to the image; those without area there are dropped, as are NaN.
        settings: Which are kept.

    Returns:
        Shape (N, D, 6), float32; rows as in :mod:`policies.tables.boxes`.
    """
    rows = decoded.new_zeros(decoded.shape[0], settings.n_boxes, N_COLUMNS, dtype=torch.float32)
    rows[..., LABEL] = NO_BOX
    for image, own in zip(decoded, rows, strict=True):
        found = _kept_of_one(image, settings)
        own[: found.shape[0]] = found
    return rows


def _kept_of_one(decoded: Tensor, settings: PostProcessing) -> Tensor:
    anchors, labels = (decoded[:, 4:] > settings.score_threshold).nonzero(as_tuple=True)
    boxes = decoded[anchors, :4].clamp(0, 1)
    scores = decoded[anchors, 4 + labels]
    has_area = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    scores, order = scores.masked_fill(~has_area, -1.0).sort(descending=True, stable=True)
    order = order[: int(has_area.sum())]
    order = order[_is_candidate(labels[order], settings.n_candidates)]
    boxes, labels, scores = boxes[order], labels[order], decoded[anchors[order], 4 + labels[order]]
    # By place in the order of scores: of equally sure boxes it does not say in which order it keeps them.
    kept = batched_nms(boxes, scores, labels, settings.nms_threshold).sort().values[: settings.n_boxes]
    return torch.cat([boxes[kept], labels[kept, None].to(boxes.dtype), scores[kept, None]], dim=1)


def _is_candidate(labels: Tensor, n_candidates: int) -> Tensor:
    """Which boxes are among the surest of their class, for classes in the order of scores."""
    if len(labels) <= n_candidates:
        return torch.ones_like(labels, dtype=torch.bool)
    is_of = torch.nn.functional.one_hot(labels)
    rank = is_of.cumsum(dim=0).gather(1, labels[:, None])[:, 0]
    return rank <= n_candidates
