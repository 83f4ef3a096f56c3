"""What was asked for, of one policy on one table, whoever defined it."""

from __future__ import annotations

import numpy as np

from policies.goals.goal import Goal
from policies.judging.judged import Judged
from policies.parents.parent_answers import UNREAD, spent_at
from policies.policy import Decision
from policies.qualities import get_quality
from policies.tables.base import ExitTable


def asked_figures(goal: Goal, table: ExitTable, decision: Decision) -> dict[str, float]:
    """The qualities and the objective of a goal, by the names of a front's columns.

    Args:
        goal: Goal whose qualities and objective are measured.
        table: Exit table that the policy decided on.
        decision: Exits and answers of the policy on the table.
    """
    values = {name: quality_of(name, table, decision) for name in goal.qualities}
    spent = spent_at(goal.objective_of_exits(table.cost), decision.exits)
    return {**values, goal.objective_column: float(spent.mean())}


def front_figures(goal: Goal, table: ExitTable, decision: Decision) -> dict[str, float]:
    """What a front tells of a policy: what is asked for, ``mean_depth``, ``mean_cost`` and ``mean_read``.

    Arguments as for :func:`asked_figures`. The last figure, how many samples of a parent are read, is that of parents
    where answers are pooled.
    """
    depth = spent_at(np.arange(1, table.n_exits + 1), decision.exits)
    n_judged = table.n_samples if decision.parents is None else decision.parents.parents.n
    return {
        **asked_figures(goal, table, decision),
        "mean_depth": float(depth.mean()),
        "mean_cost": float(spent_at(table.cost, decision.exits).mean()),
        "mean_read": float((decision.exits != UNREAD).sum() / n_judged),
    }


def quality_of(name: str, table: ExitTable, decision: Decision) -> float:
    """One quality of a policy on a table.

    Args:
        name: Name of the quality.
        table: Exit table that the policy decided on.
        decision: Exits and answers of the policy on the table.
    """
    return float(Judged(decision.view, table.truth).values(get_quality(name), decision.exits[None])[0])
