"""Threshold levels: the distinct observed scores of one column of one exit, in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.spacing import evenly_spaced


CLOSED = np.inf


@dataclass(frozen=True)
class Levels:
    """The thresholds that a search tries for one score column of one exit.

    Attributes:
        thresholds: Threshold of each level, ascending, shape (L,), each halfway between two observed scores; ``CLOSED``
            is not among them.
        lowest: The lowest observed score that still leaves at each level, shape (L,).
        ranks: For each sample the number of levels at which it leaves: it leaves at level ``l`` where its
            rank is above ``l``. Shape (N,), int32, 0 where it may not leave at all.
    """

    thresholds: NDArray[np.float64]
    lowest: NDArray[np.float64]
    ranks: NDArray[np.int32]


def column_levels(scores: NDArray[np.float64], eligible: NDArray[np.bool_], max_levels: int) -> Levels:
    """Levels of one column: all distinct scores, or evenly spaced ones where there are more than ``max_levels``.

    Args:
        scores: Score of each sample, shape (N,); minus infinity never leaves.
        eligible: Whether each sample may leave, shape (N,).
        max_levels: Most levels that the column gets.
    """
    usable = eligible & (scores > -np.inf)
    observed = np.unique(scores[usable])
    middle = (observed[:-1] + observed[1:]) / 2
    # Two neighbouring floats have no number between them: the upper one then separates them.
    middle = np.where(middle > observed[:-1], middle, observed[1:])
    thresholds = np.concatenate([observed[:1], middle])
    keep = evenly_spaced(len(observed), max_levels)
    lowest = observed[keep]
    ranks = np.where(usable, np.searchsorted(lowest, scores, side="right"), 0)
    return Levels(thresholds=thresholds[keep], lowest=lowest, ranks=ranks.astype(np.int32))
