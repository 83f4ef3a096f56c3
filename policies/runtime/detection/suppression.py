"""Non-maximum suppression of a batch, with torchvision's operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from policies.tables.boxes import CORNERS, LABEL, N_COLUMNS, NO_BOX, SCORE


if TYPE_CHECKING:
    from policies.runtime.detection.post_processing import PostProcessing

# The surest of an image; more would only cost time where a network is not sure of anything.
_MOST_CANDIDATES = 1000


@torch.inference_mode()
def kept_boxes(boxes: Tensor, probabilities: Tensor, settings: PostProcessing) -> Tensor:
    """The boxes that are kept, the surest first, shape (n, D, 6), float32; see :class:`PostProcessing`.

    Each image is looked at by itself, so that it does not matter which others are run with it.

    Args:
        boxes: Corners as shares of the image, shape (n, A, 4); they are cut off at its edges.
        probabilities: Of each class, without the background, shape (n, A, C).
        settings: What is kept.
    """
    rows = boxes.new_zeros(len(boxes), settings.n_boxes, N_COLUMNS, dtype=torch.float32)
    rows[..., LABEL] = NO_BOX
    for image, (own, scores) in enumerate(zip(boxes.clamp(0, 1), probabilities, strict=True)):
        _fill(rows[image], own, scores, settings)
    return rows


def _fill(rows: Tensor, boxes: Tensor, scores: Tensor, settings: PostProcessing) -> None:
    """Write the boxes of one image into its rows, shape (D, 6)."""
    anchors, labels = (scores > settings.score_threshold).nonzero(as_tuple=True)
    probable = scores[anchors, labels]
    if len(probable) > _MOST_CANDIDATES:
        probable, surest = probable.topk(_MOST_CANDIDATES)
        anchors, labels = anchors[surest], labels[surest]
    own = boxes[anchors]
    kept = batched_nms(own, probable, labels, settings.nms_threshold)[: settings.n_boxes]
    rows[: len(kept), CORNERS] = own[kept].float()
    rows[: len(kept), LABEL] = labels[kept].float()
    rows[: len(kept), SCORE] = probable[kept].float()
