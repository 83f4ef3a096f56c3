"""Rules that learn parameters, scored on the very samples that they learn from, without flattering themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.exit_table import ExitTable
from policies.policy import Decision, Policy
from policies.rules import Rule, RuleView, get_rule
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
    whole = rule.view(table, temperatures, **complete)
    scores, eligible, probabilities = whole.scores.copy(), whole.eligible.copy(), whole.probabilities.copy()
    for fold in range(folds.max() + 1):
        inside = np.flatnonzero(folds == fold)
        learnt = rule.fit(table.take(np.flatnonzero(folds != fold)), temperatures, **params)
        part = rule.view(table.take(inside), temperatures, **params, **learnt)
        scores[inside], eligible[inside], probabilities[inside] = part.scores, part.eligible, part.probabilities
    return complete, RuleView(scores, eligible, probabilities, whole.combine)


def cross_fitted_decision(policy: Policy, table: ExitTable, *, seed: int = 0) -> Decision:
    """What a policy that was chosen on a table does with it, as if the table were new.

    Each sample is decided by parameters that were learnt without it and without its group; the thresholds are the
    policy's own. These are the figures that a search ranks by. Applied to the table as it is, a policy whose rule
    learns would judge the very samples that it learnt from.

    Args:
        policy: As a search on the table gave it.
        table: The ``search`` table.
        seed: Of the folds; that of the search.
    """
    if not get_rule(policy.rule).is_fitted:
        return policy.decide(table)
    return policy.decide_on(cross_fitted_view(policy, table, seed=seed))


def cross_fitted_view(policy: Policy, table: ExitTable, *, seed: int = 0) -> RuleView:
    """What a policy's rule sees in the table that the policy was chosen on, as if the table were new.

    Policies that differ in nothing but thresholds have the same view.

    Args:
        policy: As a search on the table gave it.
        table: The ``search`` table.
        seed: Of the folds; that of the search.
    """
    rule, temperatures = get_rule(policy.rule), np.asarray(policy.temperatures)
    if not rule.is_fitted:
        return rule.view(table, temperatures, **policy.params)
    own = {name: policy.params[name] for name in rule.choices(table) if name in policy.params}
    return fit_and_view(rule, table, temperatures, own, seed=seed)[1]


def _folds(table: ExitTable, seed: int) -> NDArray[np.int64]:
    """The fold of each sample, shape (N,); whole groups only. All zero where there are fewer than two units."""
    units = Units.of(table)
    if units.n < 2:
        return np.zeros(table.n_samples, dtype=np.int64)
    fold_of_unit = np.arange(units.n) % min(N_FOLDS, units.n)
    return np.asarray(np.random.default_rng(seed).permutation(fold_of_unit)[units.of_sample])
