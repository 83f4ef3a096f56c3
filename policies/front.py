"""Pareto fronts of accuracy (maximised) against mean depth (minimised)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pandas as pd


def nondominated(accuracy: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the points that no other point beats, shallowest first.

    Of points with equal figures only the first is kept.

    Args:
        accuracy: Shape (P,), maximised.
        depth: Shape (P,), minimised.
    """
    order = np.lexsort((np.arange(len(depth)), -accuracy, depth))
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(accuracy[order])[:-1]])
    return np.asarray(order[accuracy[order] > best_before], dtype=np.int64)


def preference(accuracy: NDArray[np.float64], depth: NDArray[np.float64], target: float) -> NDArray[np.int64]:
    """Indices of the points, best first: the nearest to the target while below it, then shallower, then more accurate.

    Args:
        accuracy: Shape (P,), maximised.
        depth: Shape (P,), minimised.
        target: Least accuracy.
    """
    return np.lexsort((-accuracy, depth, np.maximum(target - accuracy, 0.0)))


def constrained_front(accuracy: NDArray[np.float64], depth: NDArray[np.float64], target: float) -> NDArray[np.int64]:
    """Indices of the feasible non-dominated points, shallowest first.

    Where no point reaches the target: the shallowest of the most accurate ones, alone.

    Args:
        accuracy: Shape (P,), maximised.
        depth: Shape (P,), minimised.
        target: Least accuracy.
    """
    feasible = np.flatnonzero(accuracy >= target)
    if feasible.size:
        return feasible[nondominated(accuracy[feasible], depth[feasible])]
    return preference(accuracy, depth, target)[:1]


def merge_fronts(fronts: list[pd.DataFrame], *, target: float, front_size: int) -> pd.DataFrame:
    """The policies of several fronts that no other beats, shallowest first."""
    merged = pd.concat(fronts, ignore_index=True)
    keep = constrained_front(merged["accuracy"].to_numpy(), merged["mean_depth"].to_numpy(), target)
    return merged.iloc[keep[thin(len(keep), front_size)]].reset_index(drop=True)


def hypervolume(
    accuracy: NDArray[np.float64], depth: NDArray[np.float64], *, worst_accuracy: float, worst_depth: float
) -> float:
    """Area that a set of points dominates, up to a reference point; larger is better.

    Args:
        accuracy: Shape (P,), maximised.
        depth: Shape (P,), minimised.
        worst_accuracy: The reference point's accuracy; points at or below it add nothing.
        worst_depth: The reference point's depth; points at or beyond it add nothing.
    """
    inside = (accuracy > worst_accuracy) & (depth < worst_depth)
    accuracy, depth = accuracy[inside], depth[inside]
    front = nondominated(accuracy, depth)
    heights = np.diff(np.concatenate([[worst_accuracy], accuracy[front]]))
    return float((heights * (worst_depth - depth[front])).sum())


def thin(n_points: int, limit: int) -> NDArray[np.int64]:
    """At most ``limit`` evenly spaced indices of a sorted front, both ends among them."""
    if n_points <= limit:
        return np.arange(n_points)
    return np.unique(np.linspace(0, n_points - 1, limit).round().astype(np.int64))
