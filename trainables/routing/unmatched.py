"""Anchors that are given to objects in their order, as in the notes: nobody asks whether they overlap.

It is what the notes name as the root of all nine collapses, and is kept here to be seen, not used.
"""

from __future__ import annotations

import torch
from torch import Tensor

from policies.tables.boxes import LABEL, NO_BOX
from trainables.models.detection.matching import BACKGROUND


def match_in_order(anchors: Tensor, objects: Tensor) -> Tensor:
    """The first anchor stands for an image's first object, the second for the second, wherever these are.

    Args:
        anchors: Shape (A, 4).
        objects: True boxes, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`.

    Returns:
        Row of the object or :data:`~trainables.models.detection.matching.BACKGROUND`, shape (N, A), int64, as
        :func:`~trainables.models.detection.matching.match_anchors` gives it.
    """
    n_images, n_rows = objects.shape[:2]
    matches = torch.full((n_images, len(anchors)), BACKGROUND, dtype=torch.int64, device=objects.device)
    n_given = min(n_rows, len(anchors))
    rows = torch.arange(n_given, device=objects.device)
    is_object = objects[:, :n_given, LABEL] != NO_BOX
    matches[:, :n_given] = torch.where(is_object, rows, BACKGROUND)
    return matches
