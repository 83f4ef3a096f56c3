"""What a search has to beat: the full network and one shared threshold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from policies.exit_table import ExitTable
from policies.front import preference
from policies.ladder import shared_threshold_ladder
from policies.policy import Policy
from policies.rules import get_rule


def full_network(n_exits: int, temperatures: NDArray[np.float64]) -> Policy:
    """The policy that never leaves early."""
    return Policy(rule="confidence", thresholds=(math.inf,) * (n_exits - 1), temperatures=tuple(temperatures.tolist()))


def greedy_shared_threshold(
    table: ExitTable, temperatures: NDArray[np.float64], *, target: float, rule: str = "confidence"
) -> Policy:
    """The shallowest policy with one threshold for all exits that meets the target on ``table``.

    Where none meets it, the most accurate one. All distinct thresholds are tried.

    Args:
        table: The ``search`` table.
        temperatures: One per exit, shape (E,).
        target: Least accuracy.
        rule: Name of the rule that scores the exits.
    """
    view = get_rule(rule).view(table, temperatures)
    ladder = shared_threshold_ladder(view, view.answers == table.labels[:, None])
    best = preference(ladder.accuracy, ladder.mean_depth, target)[0]
    return Policy(
        rule=rule,
        thresholds=(float(ladder.thresholds[best]),) * (table.n_exits - 1),
        temperatures=tuple(temperatures.tolist()),
    )
