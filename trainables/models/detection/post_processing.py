"""Which of all predicted boxes are kept: those sure enough, the surest of each object, the surest of an image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from policies.tables.boxes import LABEL, N_COLUMNS, NO_BOX
from trainables.errors import TrainingError
from trainables.models.family import is_count


@dataclass(frozen=True, kw_only=True)
class PostProcessing:
    """How boxes are kept.

    Attributes:
        score_threshold: Boxes with a score up to it are dropped, in [0, 1).
        nms_threshold: Of two boxes of a class with a larger intersection over union the less sure one is dropped, in
            (0, 1].
        n_boxes: Most boxes of an image, ``D``.
        n_candidates: Most boxes of a class that are compared with each other, the surest.

    Raises:
        TrainingError: If a number is out of range.
    """

    score_threshold: float = 0.02
    nms_threshold: float = 0.45
    n_boxes: int = 100
    n_candidates: int = 200

    def __post_init__(self) -> None:
        if not 0 <= self.score_threshold < 1:
            raise TrainingError(f"score_threshold must lie in [0, 1) but is {self.score_threshold}")
        if not 0 < self.nms_threshold <= 1:
            raise TrainingError(f"nms_threshold must lie in (0, 1] but is {self.nms_threshold}")
        for name in ("n_boxes", "n_candidates"):
            if not is_count(getattr(self, name)):
                raise TrainingError(f"{name} must be a whole number from 1 but is {getattr(self, name)!r:.60}")

    @torch.no_grad()
    def kept(self, decoded: Tensor) -> Tensor:
        """The boxes of each image that are kept, the surest first, equally sure ones by anchor and then by class.

        Each image is looked at by itself, so that its boxes do not depend on the others.

        Args:
            decoded: Left, top, right and bottom of the box of every anchor, and the probability of each class, shape
                (N, A, 4 + C). Boxes are clipped to the image; those without area there are dropped, as are NaN.

        Returns:
            Shape (N, D, 6), float32; rows as in :mod:`policies.tables.boxes`.
        """
        rows = decoded.new_zeros(decoded.shape[0], self.n_boxes, N_COLUMNS, dtype=torch.float32)
        rows[..., LABEL] = NO_BOX
        for k, image in enumerate(decoded):
            found = self._kept_of_one(image)
            rows[k, : found.shape[0]] = found
        return rows

    def _kept_of_one(self, decoded: Tensor) -> Tensor:
        anchors, labels = (decoded[:, 4:] > self.score_threshold).nonzero(as_tuple=True)
        boxes = decoded[anchors, :4].clamp(0, 1)
        scores = decoded[anchors, 4 + labels]
        has_area = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
        order = scores.masked_fill(~has_area, -1.0).argsort(descending=True, stable=True)
        order = order[: int(has_area.sum())]
        order = order[self._is_candidate(labels[order])]
        boxes, labels, scores = boxes[order], labels[order], scores[order]
        # By place in the order of scores: of equally sure boxes it does not say in which order it keeps them.
        kept = batched_nms(boxes, scores, labels, self.nms_threshold).sort().values[: self.n_boxes]
        return torch.cat([boxes[kept], labels[kept, None].to(boxes.dtype), scores[kept, None]], dim=1)

    def _is_candidate(self, labels: Tensor) -> Tensor:
        """Which boxes are among the surest of their class, for classes in the order of scores."""
        if len(labels) <= self.n_candidates:
            return torch.ones_like(labels, dtype=torch.bool)
        is_of = torch.nn.functional.one_hot(labels)
        rank = is_of.cumsum(dim=0).gather(1, labels[:, None])[:, 0]
        return rank <= self.n_candidates
