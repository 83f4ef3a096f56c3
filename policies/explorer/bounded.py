"""The finest grid whose table keeps within a size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.explorer.counting import counted
from policies.explorer.packing import packed
from policies.explorer.table import ExplorerTable
from policies.policy import Policy
from policies.views.view import RuleView


_GRIDS = ((8, 64), (8, 32), (8, 16), (8, 8), (4, 16), (4, 8), (2, 16), (2, 4))
"""Most dials and most levels of each, the finest grid first."""


@dataclass(frozen=True)
class BoundedTable:
    """A table on the finest grid of a few with which it is small enough; else on the coarsest.

    Attributes:
        table: The table.
        form: The table as JSON values.
        most_dials: Most columns that its grid lets be turned.
        max_levels: Most thresholds of each that its grid has, besides the policy's own.
        is_coarser: Whether finer grids were too large.
    """

    table: ExplorerTable
    form: dict[str, Any]
    most_dials: int
    max_levels: int
    is_coarser: bool


def bounded_table(
    policy: Policy, view: RuleView, worth: NDArray[np.float64], cost: NDArray[np.float64], *, most_bytes: int
) -> BoundedTable:
    """Count on the finest grid of a few whose packed rows are small enough; else on the coarsest.

    Args:
        policy: Policy whose thresholds are to be turned.
        view: What its rule sees in N samples.
        worth: What the answer of each exit is worth, shape (N, E).
        cost: Relative cost of each exit, shape (E,).
        most_bytes: Most letters of the packed rows.
    """
    for grid in _GRIDS:
        most_dials, max_levels = grid
        table = counted(policy, view, worth, cost, most_dials=most_dials, max_levels=max_levels)
        form = packed(table)
        if len(form["rows"]) <= most_bytes:
            break
    return BoundedTable(table, form, most_dials, max_levels, is_coarser=grid != _GRIDS[0])
