"""Boxes as people and other programs take them: with the name of the class, in pixels or as shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from policies.tables.boxes import CORNERS, LABEL, SCORE, is_box


_SHARE_DIGITS, _PIXEL_DIGITS = 6, 2


@dataclass(frozen=True)
class NamedBox:
    """One box that was found.

    Attributes:
        label: Name of its class.
        score: Its score, in 0..1, as the policy's temperature of the exit has it.
        left: Its left edge, from the left edge of the image.
        top: Its upper edge, from the upper edge of the image.
        right: Its right edge, from the left edge of the image.
        bottom: Its lower edge, from the upper edge of the image.
    """

    label: str
    score: float
    left: float
    top: float
    right: float
    bottom: float


def named_boxes(
    rows: NDArray[Any], class_names: Sequence[str], *, size: tuple[int, int] | None = None, min_score: float = 0.0
) -> tuple[NamedBox, ...]:
    """The boxes of an image, the surest first.

    Args:
        rows: Shape (D, 6), as in :mod:`policies.tables.boxes`.
        class_names: Of the classes by their numbers.
        size: Width and height of the image in pixels, which edges are then in; None gives shares of these.
        min_score: Boxes with a lower score are left out.
    """
    kept = rows[is_box(rows) & (rows[:, SCORE] >= min_score)]
    sides, digits = ((1, 1), _SHARE_DIGITS) if size is None else (size, _PIXEL_DIGITS)
    return tuple(
        NamedBox(
            class_names[int(row[LABEL])],
            round(float(row[SCORE]), 6),
            *(round(float(share) * side, digits) for share, side in zip(row[CORNERS], sides * 2, strict=True)),
        )
        for row in kept
    )
