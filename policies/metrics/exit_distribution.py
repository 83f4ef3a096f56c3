"""What learned stop probabilities say of a network as a whole: where samples stop, at what cost, with what answer.

Equations are numbered as in the notes "Input-Adaptive Hard-Exit DARTS" (June 2026).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


STOP_AT_HALF = 0.5
"""The threshold of equation (22) at which stopping becomes likelier than going on."""


def exit_distribution(stop_prob: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The probability that a sample stops at each exit, by equations (12) to (14).

    It is ``q_1 = s_1``, then ``q_i = s_i * prod_{m<i} (1 - s_m)``, and ``q_E = prod_{m<E} (1 - s_m)`` at the last exit.

    Args:
        stop_prob: Probability ``s`` to stop at each exit of a sample that came so far, shape (N, E), in [0, 1]. The
            last column is not looked at: who comes to the last exit stops there.

    Returns:
        Shape (N, E), not negative; rows sum to 1.
    """
    stops = stop_prob.astype(np.float64)
    stops[:, -1] = 1.0
    comes_so_far = np.ones_like(stops)
    np.cumprod(1.0 - stops[:, :-1], axis=1, out=comes_so_far[:, 1:])
    return stops * comes_so_far


def expected_costs(distribution: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """The expected cost ``F(x) = sum_i q_i(x) C_i`` of each sample, by equation (16), shape (N,), minimised.

    Args:
        distribution: Probability ``q`` that a sample stops at each exit, shape (N, E).
        cost: Cost ``C`` up to each exit, shape (E,), by equation (15).
    """
    return np.asarray(distribution @ cost)


def blended_logits(distribution: NDArray[np.float64], logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """What a soft network answers with: ``sum_i q_i(x) y_i``, by equation (9), shape (N, C).

    Args:
        distribution: Probability ``q`` that a sample stops at each exit, shape (N, E).
        logits: Raw outputs ``y`` of each exit, shape (N, E, C).
    """
    return np.asarray(np.einsum("ne,nec->nc", distribution, logits.astype(np.float64)))


def stop_exits(stop_prob: NDArray[np.floating[Any]], *, threshold: float = STOP_AT_HALF) -> NDArray[np.int64]:
    """The exit that stop probabilities alone would give, by equation (22): ``min {i : s_i >= tau}``, else the last.

    Args:
        stop_prob: Probability to stop at each exit of a sample that came so far, shape (N, E).
        threshold: The threshold ``tau``; a probability equal to it reaches it.

    Returns:
        Index of the exit, from 0, shape (N,).
    """
    is_open = stop_prob >= threshold
    is_open[:, -1] = True
    return np.asarray(is_open.argmax(axis=1), dtype=np.int64)
