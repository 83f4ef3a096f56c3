"""The detection loss of each image at each exit, by itself, so that images can be routed to exits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor
import torch.nn.functional as F

from policies.tables.boxes import CORNERS, LABEL
from trainables.losses.hard_negatives import hard_negatives
from trainables.models.detection.coding import encode
from trainables.models.detection.matching import IGNORED, match_anchors


Matching = Callable[[Tensor, Tensor], Tensor]
"""From anchors, shape (A, 4), and true boxes, shape (N, M, 6), to the object of each anchor, shape (N, A), as
:func:`~trainables.models.detection.matching.match_anchors` gives it."""


@dataclass(frozen=True)
class ImageLosses:
    """The loss of SSD (Liu et al., 2016) for each image at each exit.

    That is smooth L1 of the offsets over matched anchors, and cross-entropy over these and three times as many
    unmatched ones of the image, at least three, at which the exit is most wrong; divided by the number of the image's
    matched anchors, at least 1. Other than in :class:`~trainables.losses.detection_loss.DetectionLoss`, where the sums
    of a batch are divided, each image counts alike.

    Attributes:
        anchors: Those that all heads predict from, shape (A, 4).
        matching: Which anchor stands for which object.
    """

    anchors: Tensor = field(repr=False, compare=False)
    matching: Matching = match_anchors

    def __call__(self, raw: Tensor, objects: Tensor) -> Tensor:
        """The losses, shape (N, E), to be minimised.

        Args:
            raw: What all exits give, shape (N, E, A, 4 + 1 + C).
            objects: True boxes, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`.
        """
        matches = self.matching(self.anchors, objects)
        is_matched = matches >= 0
        own = objects.gather(1, matches.clamp(min=0)[:, :, None].expand(-1, -1, objects.shape[2]))
        # Offsets of anchors that stand for nothing are never looked at, and those to a box without area are no numbers.
        corners = own[..., CORNERS].where(is_matched[..., None], self.anchors)
        offsets = encode(corners.flatten(0, 1), self.anchors.repeat(len(own), 1)).view_as(corners)
        labels = (own[..., LABEL].long() + 1).where(is_matched, 0)
        located = F.smooth_l1_loss(raw[..., :4], offsets[:, None].expand_as(raw[..., :4]), reduction="none").sum(dim=-1)
        logits = raw[..., 4:]
        wrong = F.cross_entropy(logits.movedim(-1, 1), labels[:, None].expand(logits.shape[:-1]), reduction="none")
        matched, ignored = is_matched[:, None], (matches == IGNORED)[:, None]
        counted = matched | hard_negatives(logits, matched, ignored)
        total = (located * matched).sum(dim=2) + (wrong * counted).sum(dim=2)
        return total / is_matched.sum(dim=1, keepdim=True).clamp(min=1)
