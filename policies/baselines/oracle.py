"""The least mean depth that any policy could reach if it knew the labels."""

from __future__ import annotations

import math

import numpy as np

from policies.tables.base import ExitTable


def oracle_mean_depth(table: ExitTable, target: float) -> float | None:
    """Exact lower bound of the mean depth at a target accuracy, for policies that give the exits' own answers.

    Of ``N`` samples ``ceil(target N)`` must be right: the ones that some exit answers rightly soonest.
    All others leave at the first exit. O(N E + N log N).

    Args:
        table: Exit table with the exits' answers and what they are judged by, N samples.
        target: Least accuracy, in (0, 1].

    Returns:
        The mean depth, or None where not enough samples are right at any exit.
    """
    right = table.truth.right(table.exit_answers)
    ever_right = right.any(axis=1)
    # The guard keeps 0.95 * 100 from needing 96 samples through a rounding error.
    n_needed = math.ceil(target * table.n_samples - 1e-9)
    if ever_right.sum() < n_needed:
        return None
    first_right_depth = np.sort(right[ever_right].argmax(axis=1) + 1)
    extra_depth = int((first_right_depth[:n_needed] - 1).sum())
    return 1.0 + extra_depth / table.n_samples
