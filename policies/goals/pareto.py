"""Pareto fronts of a quality (maximised) against an objective (minimised)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def nondominated(quality: NDArray[np.float64], objective: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the points that no other point beats, least objective first.

    Of points with equal figures only the first is kept.

    Args:
        quality: Quality of each point, maximised, shape (P,).
        objective: Objective of each point, minimised, shape (P,).
    """
    order = np.lexsort((np.arange(len(objective)), -quality, objective))
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(quality[order])[:-1]])
    return np.asarray(order[quality[order] > best_before], dtype=np.int64)


def hypervolume(
    quality: NDArray[np.float64], objective: NDArray[np.float64], *, worst_quality: float, worst_objective: float
) -> float:
    """Area that a set of points dominates, up to a reference point; larger is better.

    Args:
        quality: Quality of each point, maximised, shape (P,).
        objective: Objective of each point, minimised, shape (P,).
        worst_quality: The reference point's quality; points at or below it add nothing.
        worst_objective: The reference point's objective; points at or beyond it add nothing.
    """
    inside = (quality > worst_quality) & (objective < worst_objective)
    quality, objective = quality[inside], objective[inside]
    front = nondominated(quality, objective)
    heights = np.diff(np.concatenate([[worst_quality], quality[front]]))
    return float((heights * (worst_objective - objective[front])).sum())
