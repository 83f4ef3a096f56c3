"""Asking a teacher about every training image at once, where the images can be shown again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
import torch

from trainables.augmentation.images import Views
from trainables.augmentation.moves import Moves
from trainables.data import Split
from trainables.models.inference import unit_scale
from trainables.teachers.teacher import Teacher


_BATCH_SIZE = 256


def teacher_logits(
    teacher: Teacher,
    split: Split,
    views: Views | None,
    *,
    shown: Callable[[list[Moves | None]], Iterable[Moves | None]] = iter,
) -> NDArray[np.float32]:
    """Logits of a teacher, shape (V, N, C), by view and row of a split.

    Args:
        teacher: The teacher that is asked; it is run on the CPU.
        split: What it is asked about.
        views: The fixed augmentations that epochs go through; None shows the images as they are, as one view.
        shown: Wraps the list of views, to show progress.
    """
    moves: list[Moves | None] = [None] if views is None else [*views.draw(len(split.ids))]
    return np.stack([_of_view(teacher, split, one) for one in shown(moves)])


def _of_view(teacher: Teacher, split: Split, moves: Moves | None) -> NDArray[np.float32]:
    parts = []
    for start in range(0, len(split.ids), _BATCH_SIZE):
        rows = torch.arange(start, min(start + _BATCH_SIZE, len(split.ids)))
        images = unit_scale(torch.as_tensor(split.inputs[rows.numpy()]))
        parts.append(teacher(images if moves is None else moves[rows].apply(images), rows, 0))
    logits: NDArray[np.float32] = torch.cat(parts).float().numpy()
    return logits
