"""Rules that learn parameters, scored on the very samples that they learn from, without flattering themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.exit_table import ExitTable
from policies.rules import Rule, RuleView
from policies.rules.view import join_views
from policies.units import Units


N_FOLDS = 5


def fit_and_view(
    rule: Rule, table: ExitTable, temperatures: NDArray[np.float64], params: dict[str, Any], *, seed: int = 0
) -> tuple[dict[str, Any], RuleView]:
    """Complete a rule's parameters from a table, and view the same table as if it were new.

    The parameters are learnt from all samples. The view is cross-fitted: each sample is seen by parameters that were
    learnt without it and without its group, so that thresholds chosen on the view hold on new data.

    Args:
        rule: The rule.
        table: The ``search`` table.
        temperatures: One per exit, shape (E,).
        params: The rule's parameters that are not learnt.
        seed: Of the folds.

    Returns:
        All parameters, and the view.
    """
    if not rule.is_fitted:
        return params, rule.view(table, temperatures, **params)
    complete = {**params, **rule.fit(table, temperatures, **params)}
    folds = _folds(table, seed)
    if folds.max() == 0:
        return complete, rule.view(table, temperatures, **complete)
    parts = []
    for fold in range(folds.max() + 1):
        inside = np.flatnonzero(folds == fold)
        learnt = rule.fit(table, temperatures, rows=np.flatnonzero(folds != fold), **params)
        parts.append((inside, rule.view(table, temperatures, rows=inside, **params, **learnt)))
    return complete, join_views(parts)


def _folds(table: ExitTable, seed: int) -> NDArray[np.int64]:
    """The fold of each sample, shape (N,); whole groups only. All zero where there are fewer than two units."""
    units = Units.of(table)
    if units.n < 2:
        return np.zeros(table.n_samples, dtype=np.int64)
    fold_of_unit = np.arange(units.n) % min(N_FOLDS, units.n)
    return np.asarray(np.random.default_rng(seed).permutation(fold_of_unit)[units.of_sample])
