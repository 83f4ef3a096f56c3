"""Pareto fronts of a quality (maximised) against an effort (minimised)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def nondominated(quality: NDArray[np.float64], effort: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the points that no other point beats, least effort first.

    Of points with equal figures only the first is kept.

    Args:
        quality: Shape (P,), maximised.
        effort: Shape (P,), minimised.
    """
    order = np.lexsort((np.arange(len(effort)), -quality, effort))
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(quality[order])[:-1]])
    return np.asarray(order[quality[order] > best_before], dtype=np.int64)


def hypervolume(
    quality: NDArray[np.float64], effort: NDArray[np.float64], *, worst_quality: float, worst_effort: float
) -> float:
    """Area that a set of points dominates, up to a reference point; larger is better.

    Args:
        quality: Shape (P,), maximised.
        effort: Shape (P,), minimised.
        worst_quality: The reference point's quality; points at or below it add nothing.
        worst_effort: The reference point's effort; points at or beyond it add nothing.
    """
    inside = (quality > worst_quality) & (effort < worst_effort)
    quality, effort = quality[inside], effort[inside]
    front = nondominated(quality, effort)
    heights = np.diff(np.concatenate([[worst_quality], quality[front]]))
    return float((heights * (worst_effort - effort[front])).sum())
