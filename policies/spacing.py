"""Evenly spaced members of a sequence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def evenly_spaced(n_points: int, limit: int) -> NDArray[np.int64]:
    """At most ``limit`` evenly spaced indices of a sequence of ``n_points``, both ends among them; ascending."""
    if n_points <= limit:
        return np.arange(n_points)
    return np.unique(np.linspace(0, n_points - 1, limit).round().astype(np.int64))
