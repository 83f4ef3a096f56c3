"""Every shared threshold at once: the policies that use one threshold for all exits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.evaluator import Evaluator
from policies.evaluation.levels import CLOSED
from policies.rules import Combine, RuleView
from policies.spacing import evenly_spaced


_STEPS_PER_COLUMN = 24
_MOST_COLUMNS_OF_GRID = 3
"""A grid over more columns has too many points."""


@dataclass(frozen=True)
class SharedThresholdFigures:
    """Figures of every shared threshold, lowest first; the last is that of the full network.

    Attributes:
        thresholds: Shared thresholds, ascending, the last is infinity, shape (T,).
        accuracy: Accuracy at each shared threshold, in [0, 1], shape (T,).
        mean_depth: Mean depth at each shared threshold, not decreasing, shape (T,).
    """

    thresholds: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    mean_depth: NDArray[np.float64]


def shared_threshold_figures(view: RuleView, right: NDArray[np.bool_]) -> SharedThresholdFigures:
    """Evaluate all distinct thresholds that are shared by all exits and columns, exactly, in O(N E log N).

    With one threshold t, a sample leaves at exit k when t lies above the best score before k and not
    above the best score up to k. Each sample and exit thus owns an interval of thresholds, and
    summing intervals gives the figures of every threshold.

    Args:
        view: Scores and eligibility; with several columns, any of them opens the gate.
        right: Whether the answer at each exit is right, shape (N, E).
    """
    n_samples, n_exits, _ = view.scores.shape
    best = np.maximum.accumulate(_early_scores(view), axis=1)
    thresholds = _distinct(best)
    correct = np.zeros(len(thresholds))
    depth = np.zeros(len(thresholds))
    upper_before = np.zeros(n_samples, dtype=np.int64)
    for k in range(n_exits):
        is_last = k == n_exits - 1
        upper = (
            np.full(n_samples, len(thresholds)) if is_last else np.searchsorted(thresholds, best[:, k], side="right")
        )
        weights = right[:, k].astype(np.float64)
        correct += _interval_sums(upper_before, upper, weights, len(thresholds))
        depth += (k + 1) * _interval_sums(upper_before, upper, np.ones(n_samples), len(thresholds))
        upper_before = upper
    return SharedThresholdFigures(thresholds=thresholds, accuracy=correct / n_samples, mean_depth=depth / n_samples)


def shared_threshold_genomes(evaluator: Evaluator) -> NDArray[np.int64]:
    """Policies that share their thresholds over all exits, as genomes, shape (T, G).

    All distinct thresholds where there is one column, or where each sample has its score in one column only;
    each column by itself where a policy uses one per exit; a grid over the quantiles of few columns; and of many
    columns such as those of labels, one threshold for all, and one quantile for all. Everything is read.
    """
    view = evaluator.view
    n_early = evaluator.n_exits - 1
    if n_early == 0:
        return evaluator.nearest_genome(np.empty((1, 0, view.n_columns)))
    if view.n_columns == 1 or _has_one_score_each(view):
        distinct = _distinct(_early_scores(view))
        shared = np.broadcast_to(distinct[:, None], (len(distinct), view.n_columns))
    elif view.combine is Combine.ONE:
        shared = _one_column_at_a_time(view)
    elif view.n_columns <= _MOST_COLUMNS_OF_GRID:
        shared = _column_grid(view)
    else:
        shared = _columns_alike(view)
    thresholds = np.broadcast_to(shared[:, None, :], (len(shared), n_early, view.n_columns))
    return np.unique(evaluator.nearest_genome(thresholds), axis=0)


def starting_genomes(evaluator: Evaluator, *, most_shared: int) -> NDArray[np.int64]:
    """Where a search begins: shared thresholds, evenly spaced ones of very many, and full depth; shape (P, G)."""
    shared = shared_threshold_genomes(evaluator)
    return np.concatenate([shared[evenly_spaced(len(shared), most_shared)], evaluator.at_full_depth()])


def _early_scores(view: RuleView) -> NDArray[np.float64]:
    """The best score of each sample at each exit but the last, shape (N, E - 1)."""
    return np.where(view.eligible[:, :-1], view.scores[:, :-1].max(axis=2), -np.inf)


def _distinct(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.append(np.unique(scores[np.isfinite(scores)]), CLOSED)


def _has_one_score_each(view: RuleView) -> bool:
    return bool((np.isfinite(view.scores).sum(axis=2) <= 1).all())


def _one_column_at_a_time(view: RuleView) -> NDArray[np.float64]:
    parts = []
    for column in range(view.n_columns):
        values = _distinct(view.scores[:, :-1, column])
        part = np.full((len(values), view.n_columns), CLOSED)
        part[:, column] = values
        parts.append(part)
    return np.concatenate(parts)


def _column_grid(view: RuleView) -> NDArray[np.float64]:
    columns = []
    for column in range(view.n_columns):
        values = _distinct(view.scores[:, :-1, column])
        columns.append(values[evenly_spaced(len(values), _STEPS_PER_COLUMN)])
    return np.stack(np.meshgrid(*columns, indexing="ij"), axis=-1).reshape(-1, view.n_columns)


def _columns_alike(view: RuleView) -> NDArray[np.float64]:
    scores = view.scores[:, :-1]
    deciding = scores.min(axis=2) if view.combine is Combine.ALL else scores.max(axis=2)
    same = _distinct(deciding)
    quantiles = []
    for column in range(view.n_columns):
        values = _distinct(scores[:, :, column])
        quantiles.append(values[np.rint(np.linspace(0, len(values) - 1, _STEPS_PER_COLUMN)).astype(np.int64)])
    return np.concatenate([np.broadcast_to(same[:, None], (len(same), view.n_columns)), np.stack(quantiles, axis=1)])


def _interval_sums(
    start: NDArray[np.int64], stop: NDArray[np.int64], weights: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """For each index in ``0..size-1`` the summed weight of the half-open intervals that hold it."""
    steps = np.bincount(start, weights, size + 1) - np.bincount(stop, weights, size + 1)
    return np.asarray(np.cumsum(steps)[:size])
