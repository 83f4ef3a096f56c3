"""Policies whose thresholds lie between observed scores, so that rounding cannot change a decision."""

import numpy as np

from policies.policy import Policy
from policies.tables.origin import Origin


def midpoints(scores):
    """Thresholds that no score is equal to: halfway between two of them, one column after the other."""
    middle = []
    for column in scores.T:
        levels = np.unique(column[np.isfinite(column)])
        at = len(levels) // 2
        middle.append(float(levels[at - 1 : at + 1].mean()) if len(levels) > 1 else np.inf)
    return tuple(middle)


def policy_for(rule, table, temperatures, thresholds=midpoints):
    """A policy of a rule, fitted on the table, at whose every exit some samples leave."""
    temperatures = tuple(temperatures)
    params = {name: values[0] for name, values in rule.choices(table).items()}
    params |= rule.fit(table, np.array(temperatures), **params)
    scores = rule.view(table, np.array(temperatures), **params).scores
    rows = tuple(thresholds(scores[:, k]) for k in range(table.n_exits - 1))
    return Policy(rule.name, rows, temperatures, params, Origin.of(table))
