"""The compiled loop of the sum test: the worst case of a sum of losses, unit by unit."""

from __future__ import annotations

import math

from numba import njit
import numpy as np
from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def worst_case(n: int, n_steps: int, mean_steps: float, most_steps: int) -> NDArray[np.float64]:
    """The largest probability that ``n`` losses sum up to at most 0, 1, ..., ``most_steps`` steps, shape (steps + 1,).

    Over all losses of 0, 1, ..., ``n_steps`` steps whose means, whatever came before, are at least ``mean_steps``. By
    backward induction: with r steps left and k units to come the best that a loss can do is the concave envelope of
    what is left after it, V(r - x) for a loss of x, at the least mean.

    Args:
        n: Number of losses.
        n_steps: Steps that a loss of 1 is.
        mean_steps: Least mean of a loss in steps, in (0, n_steps).
        most_steps: Largest sum in steps.
    """
    left = np.ones(most_steps + 1)
    after = np.empty(most_steps + 1)
    below = math.floor(mean_steps)
    inverse = 1 / np.maximum(np.arange(n_steps + 1), 1)
    starts = np.full(most_steps + 1, below)
    for k in range(1, n + 1):
        for r in range(most_steps + 1):
            if r >= k * mean_steps and below == mean_steps:
                # Each loss may be just its mean.
                after[r] = 1.0
                continue
            # The edge of the envelope above the mean: from either end the steepest and the flattest line in turn.
            x1 = min(starts[r], r)
            value = -1.0
            for _ in range(n_steps + 2):
                v1 = left[r - x1]
                x2 = n_steps
                v2 = left[r - n_steps] if r >= n_steps else 0.0
                slope = (v2 - v1) * inverse[x2 - x1]
                for x in range(below + 1, min(n_steps - 1, r) + 1):
                    own = (left[r - x] - v1) * inverse[x - x1]
                    if own > slope:
                        slope, x2, v2 = own, x, left[r - x]
                found = v1 + slope * (mean_steps - x1)
                first = x1
                for x in range(min(below, r) + 1):
                    own = (v2 - left[r - x]) * inverse[x2 - x]
                    if own < slope:
                        slope, x1 = own, x
                found = max(found, v2 - slope * (x2 - mean_steps))
                if x1 == first or found <= value:
                    value = max(value, found)
                    break
                value = found
            starts[r] = x1
            after[r] = min(value, 1.0)
        left, after = after, left
    return left
