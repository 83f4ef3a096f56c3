"""How much of a parent a policy reads before it answers."""

from __future__ import annotations

import numpy as np

from policies.parents.membership import told_places
from policies.parents.parent_answers import UNREAD
from policies.policy import Decision
from policies.tables.base import ExitTable


SEGMENT_SECONDS, HOP_SECONDS = "segment_seconds", "hop_seconds"
"""Keys of a table's facts: how long a sample is, and how long after a sample the next one of its parent begins."""


def read_figures(table: ExitTable, decision: Decision) -> dict[str, float]:
    """How much of a parent is read, minimised; nothing where each sample answers for itself.

    Args:
        table: Exit table that the policy decided on.
        decision: Exits and answers of the policy on the table.

    Returns:
        ``n_parents``; ``read_share``, the share of samples that are read; ``mean_read``, how many of a parent; and
        where the table tells their order, how long they are and how far apart, ``mean_seconds``, from the beginning of
        a parent to the end of the last sample of it that is read.
    """
    if decision.parents is None:
        return {}
    parents = decision.parents.parents
    is_read = decision.exits != UNREAD
    found = {
        "n_parents": parents.n,
        "read_share": float(is_read.mean()),
        "mean_read": float(is_read.sum() / parents.n),
    }
    facts = [table.meta.get(key) for key in (SEGMENT_SECONDS, HOP_SECONDS)]
    seconds = [float(fact) for fact in facts if isinstance(fact, int | float)]
    places = told_places(table)
    if places is not None and len(seconds) == len(facts):
        last_place = np.where(is_read, places, 0)[parents.rows]
        ends = np.maximum.reduceat(last_place, parents.starts[:-1]) * seconds[1] + seconds[0]
        found["mean_seconds"] = float(ends.mean())
    return found
