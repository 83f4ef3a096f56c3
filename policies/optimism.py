"""By how much a choice flatters itself on the table that it was made on: the whole choice, bootstrapped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from policies.exit_table import ExitTable
from policies.policy import Policy, first_open_exit
from policies.rules import RuleView
from policies.units import Units


_N_RESAMPLES = 200
_N_CANDIDATES = 600
_MOST_DECISIONS = 6_000_000


def choice_optimism(
    policies: Sequence[Policy],
    views: Sequence[RuleView],
    table: ExitTable,
    accuracies: NDArray[np.float64],
    *,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Expected accuracy lost from the table to new data by the cheapest policy that reaches an accuracy there.

    Policies of a front were chosen because they did well on the table, and so they do a little worse elsewhere. How
    much is told by choosing again on resamples of it (Efron, "Estimating the error rate of a prediction rule", 1983):
    on each, the shallowest candidate that reaches the accuracy is found, and its accuracy there is compared with that
    on the table itself. Candidates are the policies, and what recombining their thresholds from exit to exit gives:
    what a search could have found as well. Samples are drawn by unit, and accuracy is the mean over units.

    Args:
        policies: A front that was searched on the table, at least one.
        views: What the rule of each sees there, cross-fitted; one object for policies that differ by thresholds alone.
        table: The ``search`` table.
        accuracies: To be reached, shape (A,); such as those of the policies.
        seed: Of recombination and of the resamples.

    Returns:
        Shape (A,), not negative; 0 where no resample has a candidate that reaches the accuracy.
    """
    rng = np.random.default_rng(seed)
    units = Units.of(table)
    right, depth = _candidates(policies, views, table, units, rng)
    draws = rng.multinomial(units.n, np.full(units.n, 1 / units.n), _N_RESAMPLES) / units.n
    resampled, depths = draws @ right, draws @ depth
    own = right.mean(axis=0)
    gaps = np.full((_N_RESAMPLES, len(accuracies)), np.nan)
    for draw in range(_N_RESAMPLES):
        order = np.lexsort((-resampled[draw], depths[draw]))
        best_so_far = np.maximum.accumulate(resampled[draw][order])
        first = np.searchsorted(best_so_far, accuracies - 1e-9)
        reached = first < len(order)
        chosen = order[np.minimum(first, len(order) - 1)]
        gaps[draw, reached] = (resampled[draw] - own)[chosen][reached]
    n_reached = np.isfinite(gaps).sum(axis=0)
    return np.asarray(np.maximum(np.nansum(gaps, axis=0) / np.maximum(n_reached, 1), 0.0))


def _candidates(
    policies: Sequence[Policy],
    views: Sequence[RuleView],
    table: ExitTable,
    units: Units,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Accuracy and depth of every candidate by unit, both of shape (units, K)."""
    n_wanted = min(_N_CANDIDATES, max(_MOST_DECISIONS // table.n_samples, 1))
    everyone = np.ones(table.n_samples, dtype=bool)
    right, depth = [], []
    for view, alike in _alike(policies, views):
        is_right = view.answers == table.labels[:, None]
        for thresholds in _recombined(alike, view.n_columns, n_wanted * len(alike) // len(policies), rng):
            exits = first_open_exit(view, thresholds)
            at_exit = np.take_along_axis(is_right, exits[:, None], axis=1)[:, 0]
            right.append(units.mean(np.asarray(at_exit, dtype=np.float64), everyone))
            depth.append(units.mean(np.asarray(exits + 1, dtype=np.float64), everyone))
    return np.stack(right, axis=1), np.stack(depth, axis=1)


def _alike(policies: Sequence[Policy], views: Sequence[RuleView]) -> list[tuple[RuleView, list[Policy]]]:
    """Policies that differ by their thresholds alone, side by side."""
    groups: dict[int, tuple[RuleView, list[Policy]]] = {}
    for policy, view in zip(policies, views, strict=True):
        groups.setdefault(id(view), (view, []))[1].append(policy)
    return list(groups.values())


def _recombined(policies: list[Policy], n_columns: int, n_more: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Thresholds of the policies, and of others that have each exit's from one of them; shape (K, E - 1, S)."""
    own = np.asarray([policy.thresholds for policy in policies]).reshape(len(policies), -1, n_columns)
    n_gates = own.shape[1]
    if n_gates == 0:
        return own[:1]
    mixed = own[rng.integers(0, len(policies), (n_more, n_gates)), np.arange(n_gates)]
    flat = np.unique(np.concatenate([own, mixed]).reshape(-1, n_gates * n_columns), axis=0)
    return np.asarray(flat.reshape(-1, n_gates, n_columns))
