"""The least mean depth that any policy could reach if it knew what answers are judged by."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from policies.levels.seen import judged_table
from policies.parents.membership import Parents
from policies.tables.base import ExitTable


def oracle_mean_depth(table: ExitTable, target: float, temperatures: NDArray[np.float64] | None = None) -> float | None:
    """Exact lower bound of the mean depth at a target accuracy, for policies that give the exits' own answers.

    Of ``N`` samples ``ceil(target N)`` must be right: the ones that some exit answers rightly soonest.
    All others leave at the first exit. O(N E + N log N). Where the table pools answers over parents, parents are
    counted, all samples of one take the same exit, and the ones come first that must go least deep in all: a policy
    that lets samples of a parent leave by themselves may do with less.

    Args:
        table: Exit table with the exits' answers and what they are judged by, N samples.
        target: Least accuracy, in (0, 1].
        temperatures: Temperature of each exit, shape (E,), on which some answers depend; 1 where None.

    Returns:
        The mean depth, or None where not enough samples are right at any exit.
    """
    divisors = np.ones(table.n_exits) if temperatures is None else temperatures
    judged, divisors = judged_table(table, divisors)
    right = judged.truth.right(judged.answers_at(divisors))
    ever_right = right.any(axis=1)
    # The guard keeps 0.95 * 100 from needing 96 samples through a rounding error.
    n_needed = math.ceil(target * len(right) - 1e-9)
    if ever_right.sum() < n_needed:
        return None
    sizes = np.ones(len(right), dtype=np.int64) if judged is table else Parents.of(table).sizes
    extra_depth = np.sort((right.argmax(axis=1) * sizes)[ever_right])
    return 1.0 + int(extra_depth[:n_needed].sum()) / table.n_samples


def least_mean_depth(figures: NDArray[np.float64], target: float) -> float | None:
    """Lower bound of the mean depth at a target mean, for policies that give the exits' own answers.

    Choosing an exit for each sample is a knapsack with one choice a sample. Its linear relaxation is solved: from the
    first exits on, the step to a later exit that gains most per depth comes next, along the concave hull of each
    sample's figures; only the last step may be taken in part. Total depths are whole numbers, so that the bound is
    rounded up to one, and it is less than ``(E - 1) / N`` below the exact least. (Sinha and Zoltners, "The
    Multiple-Choice Knapsack Problem", Operations Research 1979.)

    Args:
        figures: How good the answer of each exit is, maximised, shape (N, E).
        target: Least mean over the samples.

    Returns:
        The mean depth, or None where the best exit of every sample does not reach the target.
    """
    n_samples = len(figures)
    # The guard keeps a sum of the very figures that the target was made of from missing it.
    lacking = target * n_samples - 1e-9 * max(n_samples, 1) - figures[:, 0].sum()
    if lacking <= 0:
        return 1.0
    _, depths, gains = hull_steps(figures)
    reached = np.cumsum(gains)
    if not len(reached) or reached[-1] < lacking:
        return None
    last = int(np.searchsorted(reached, lacking))
    before = float(reached[last - 1]) if last else 0.0
    total = float(depths[:last].sum() + depths[last] * (lacking - before) / gains[last])
    return 1.0 + math.ceil(total - 1e-6) / n_samples


def hull_steps(
    figures: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The steps to later exits along the concave hull of each sample's figures, those that gain most per depth first.

    Taken in this order, the steps of one sample follow each other, so that any number of them makes a choice of exits.

    Args:
        figures: How good the answer of each exit is, maximised, shape (N, E).

    Returns:
        The sample, the additional depth and the gain of each step, shape (S,) each.
    """
    n_samples, n_exits = figures.shape
    rows, at = np.arange(n_samples), np.zeros(n_samples, dtype=np.int64)
    steps = [(rows[:0], rows[:0], np.zeros(0))]
    for _ in range(n_exits - 1):
        further = np.arange(n_exits) - at[:, None]
        gain = figures - figures[rows, at][:, None]
        slopes = np.where(further > 0, gain / np.maximum(further, 1), -np.inf)
        # Of equal slopes the furthest: nothing is lost, and there are fewer steps.
        best = n_exits - 1 - slopes[:, ::-1].argmax(axis=1)
        moves = np.flatnonzero(slopes[rows, best] > 0)
        steps.append((moves, further[moves, best[moves]], gain[moves, best[moves]]))
        at[moves] = best[moves]
    samples, depths, gains = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    order = np.argsort(-gains / depths, kind="stable")
    return samples[order], depths[order], gains[order]
