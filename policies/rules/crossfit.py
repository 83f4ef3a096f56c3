"""Rules that learn parameters, scored on the very samples that they learn from, without flattering themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.rules.base import Rule
from policies.tables.base import ExitTable
from policies.tables.units import Units
from policies.views.view import RuleView, join_views


N_FOLDS = 5


def fit_and_view(
    rule: Rule[Any], table: ExitTable, temperatures: NDArray[np.float64], params: dict[str, Any], *, seed: int = 0
) -> tuple[dict[str, Any], RuleView]:
    """Complete a rule's parameters from a table, and view the same table as if it were new.

    The parameters are learnt from all samples; the view is that of :func:`cross_fitted_view`.

    Args:
        rule: Rule that is fitted and viewed.
        table: Exit table of the ``search`` split, on which policies are chosen.
        temperatures: Temperature of each exit, shape (E,).
        params: The rule's parameters that are not learnt.
        seed: Seed of the folds; the same seed gives the same view.

    Returns:
        All parameters, and the view.
    """
    complete = {**params, **rule.fit(table, temperatures, **params)} if rule.is_fitted else params
    return complete, cross_fitted_view(rule, table, temperatures, params, seed=seed)


def cross_fitted_view(
    rule: Rule[Any],
    table: ExitTable,
    temperatures: NDArray[np.float64],
    params: dict[str, Any],
    *,
    seed: int = 0,
    n_folds: int = N_FOLDS,
) -> RuleView:
    """View a table as if it were new to the rule: thresholds that are chosen on the view hold on new data.

    Each sample is seen by parameters that were learnt without it, its group and its parent. A table of one unit is seen
    by those that were learnt from it.

    Args:
        rule: The rule; one that learns nothing sees the table as it is.
        table: Exit table of the ``search`` split, on which policies are chosen.
        temperatures: Temperature of each exit, shape (E,).
        params: The rule's parameters that are not learnt.
        seed: Seed of the folds; the same seed gives the same view.
        n_folds: Number of parts in which the table is seen, at least 2.
    """
    if not rule.is_fitted:
        return rule.view(table, temperatures, **params)
    folds = folds_of(table, seed, n_folds)
    if folds.max() == 0:
        return rule.view(table, temperatures, **params, **rule.fit(table, temperatures, **params))
    # Whatever order the table has, what is learnt is learnt in one, so that it is the same to the last digit.
    ordered = np.argsort(table.ids)
    parts = []
    for fold in range(folds.max() + 1):
        inside = np.flatnonzero(folds == fold)
        learnt = rule.fit(table, temperatures, rows=ordered[folds[ordered] != fold], **params)
        parts.append((inside, rule.view(table, temperatures, rows=inside, **params, **learnt)))
    return join_views(parts)


def folds_of(table: ExitTable, seed: int, n_folds: int) -> NDArray[np.int64]:
    """The fold of each sample, shape (N,); whole groups only, or where there are none whole parents.

    All zero where there are fewer than two of these.

    Args:
        table: Exit table of N samples.
        seed: Seed of the folds.
        n_folds: Number of folds, at least 2; fewer where there are fewer groups, parents or samples.
    """
    units = Units.of(table)
    if units.n < 2:
        return np.zeros(table.n_samples, dtype=np.int64)
    fold_of_unit = np.arange(units.n) % min(n_folds, units.n)
    return np.asarray(np.random.default_rng(seed).permutation(fold_of_unit)[units.of_sample])
