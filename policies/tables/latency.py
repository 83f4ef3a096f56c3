"""Measured times up to each exit, as tables state them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.tables.base import ExitTable


TableT = TypeVar("TableT", bound=ExitTable)
KEY = "latency_ms"
PUBLISHED_BUDGET_MS = 4.0
"""Within which mean time the NeuroAccuExit results log looks for the best macro-F1; see docs/sources.md."""


def checked_latency(times: Any, n_exits: int) -> NDArray[np.float64]:
    """Times as an array, shape (E,).

    Raises:
        ExitSearchError: If they are no list of as many numbers as there are exits, increasing from above 0.
    """
    try:
        array = np.asarray(times, dtype=np.float64)
        if array.shape == (n_exits,) and np.isfinite(array).all() and (np.diff(array, prepend=0.0) > 0).all():
            return array
    except (TypeError, ValueError, OverflowError):
        pass
    raise ExitSearchError(f"{KEY} must be {n_exits} increasing positive times, one per exit, but is {times!r}")


def stated_latency(table: ExitTable) -> NDArray[np.float64] | None:
    """Milliseconds up to each exit that a table's meta states, shape (E,); None where it states none that can be."""
    try:
        return checked_latency(table.meta.get(KEY), table.n_exits)
    except ExitSearchError:
        return None


def with_latency(table: TableT, times: NDArray[np.float64]) -> TableT:
    """The table, stating these milliseconds up to each exit, shape (E,)."""
    return replace(table, meta={**table.meta, KEY: times.tolist()})
