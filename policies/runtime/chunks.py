"""How many samples are best run together: measured, since it depends on the executor, the network and the machine."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

from numpy.typing import NDArray


SIZES = (16, 32, 64, 128, 256)
"""Numbers of samples that are tried."""
_ROUNDS = 3


def fastest_chunk(answer: Callable[[NDArray[Any]], Any], inputs: NDArray[Any]) -> int:
    """The number of samples at which one takes the least time, of :data:`SIZES`.

    Each size is timed on the same samples, in turns with the others, as the least of three rounds after one that does
    not count.

    Args:
        answer: Runs the network under its policy on samples.
        inputs: Samples to time it with, shape (n, ...) with n from 256, the largest size: with fewer the choice would
            be among the small ones for ever. The first 256 are used.
    """
    timed = inputs[: SIZES[-1]]
    best = dict.fromkeys(SIZES, float("inf"))
    for round_number in range(1 + _ROUNDS):
        for size in SIZES:
            began = time.perf_counter()
            for start in range(0, len(timed), size):
                answer(timed[start : start + size])
            seconds = time.perf_counter() - began
            if round_number:
                best[size] = min(best[size], seconds)
    return min(SIZES, key=best.__getitem__)
