"""Measured times up to each exit, as tables state them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.exit_table import ExitTable


_KEY = "latency_ms"


def checked_latency(times: Sequence[float], n_exits: int) -> NDArray[np.float64]:
    """Times as an array, shape (E,).

    Raises:
        ExitSearchError: If their number is not the number of exits, or they do not increase from above 0.
    """
    try:
        array = np.asarray(times, dtype=np.float64)
        if array.shape == (n_exits,) and np.isfinite(array).all() and (np.diff(array, prepend=0.0) > 0).all():
            return array
    except (TypeError, ValueError):
        pass
    raise ExitSearchError(f"latency_ms must be {n_exits} increasing positive times, one per exit, but is {times!r}")


def stated_latency(table: ExitTable) -> NDArray[np.float64] | None:
    """Milliseconds up to each exit that a table's ``meta["latency_ms"]`` states, shape (E,), or None.

    Raises:
        ExitSearchError: If that is no list of increasing times, one per exit.
    """
    times = table.meta.get(_KEY)
    return None if times is None else checked_latency(times, table.n_exits)
