"""Non-maximum suppression of the boxes of a batch, with torchvision's operator."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from policies.tables.boxes import LABEL, N_COLUMNS, NO_BOX


def kept_boxes(
    decoded: Tensor, *, score_threshold: float, nms_threshold: float, n_boxes: int, n_candidates: int
) -> Tensor:
    """The boxes of each image that are kept, the surest first, equally sure ones by anchor and then by class.

    Each image is looked at by itself, so that its boxes do not depend on the others.

    Args:
        decoded: Left, top, right and bottom of the box of every anchor, and the probability of each class, shape
            (N, A, 4 + C). Boxes are clipped to the image; those without area there are dropped, as are NaN.
        score_threshold: Boxes with a score up to it are dropped.
        nms_threshold: Of two boxes of a class with a larger intersection over union the less sure one is dropped.
        n_boxes: Most boxes of an image, ``D``.
        n_candidates: Most boxes of a class that are compared with each other, the surest.

    Returns:
        Shape (N, D, 6), float32; rows as in :mod:`policies.tables.boxes`.
    """
    rows = decoded.new_zeros(decoded.shape[0], n_boxes, N_COLUMNS, dtype=torch.float32)
    rows[..., LABEL] = NO_BOX
    for image, own in zip(decoded, rows, strict=True):
        boxes, labels, scores = _candidates(image, score_threshold, n_candidates)
        # By place in the order of scores: of equally sure boxes it does not say in which order it keeps them.
        kept = batched_nms(boxes, scores, labels, nms_threshold).sort().values[:n_boxes]
        found = torch.cat([boxes[kept], labels[kept, None].to(boxes.dtype), scores[kept, None]], dim=1)
        own[: found.shape[0]] = found
    return rows


def _candidates(decoded: Tensor, score_threshold: float, n_candidates: int) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes of one image, their classes and scores, the surest first."""
    anchors, labels = (decoded[:, 4:] > score_threshold).nonzero(as_tuple=True)
    boxes, scores = decoded[anchors, :4].clamp(0, 1), decoded[anchors, 4 + labels]
    has_area = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    boxes, labels, scores = boxes[has_area], labels[has_area], scores[has_area]
    scores, order = scores.sort(descending=True, stable=True)
    is_candidate = _is_candidate(labels[order], n_candidates)
    order = order[is_candidate]
    return boxes[order], labels[order], scores[is_candidate]


def _is_candidate(labels: Tensor, n_candidates: int) -> Tensor:
    """Which boxes are among the surest of their class, for classes in the order of scores."""
    if len(labels) <= n_candidates:
        return torch.ones_like(labels, dtype=torch.bool)
    is_of = torch.nn.functional.one_hot(labels)
    rank = is_of.cumsum(dim=0).gather(1, labels[:, None])[:, 0]
    return rank <= n_candidates
