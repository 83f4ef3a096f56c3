"""Pareto fronts of a quality (maximised) against an effort (minimised)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.levels import thin


if TYPE_CHECKING:
    import pandas as pd

    from policies.goals.goal import Goal


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


def merge_fronts(fronts: list[pd.DataFrame], goal: Goal, *, front_size: int) -> pd.DataFrame:
    """The policies of several fronts that no other beats, least effort first.

    Args:
        fronts: At least one, as :func:`~policies.evolution.search.search_front` gives them, each with the ``violation``
            of the goal that it was searched for: of two networks the drops are counted from accuracies of their own.
        goal: Its quality and effort are those of all fronts.
        front_size: Most policies; evenly spaced ones are kept, both ends among them. Where there is room for one, it
            is the goal's best, which always is an end.
    """
    # Here, since the import takes seconds and goals need it not.
    import pandas as pd

    merged = pd.concat(fronts, ignore_index=True)
    front = merged.iloc[goal.recorded_assessment(merged).front()].reset_index(drop=True)
    chosen = [goal.best(goal.recorded_assessment(front))] if front_size == 1 else thin(len(front), front_size)
    return front.iloc[chosen].reset_index(drop=True)


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
