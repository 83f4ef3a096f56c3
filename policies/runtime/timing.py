"""Timing candidates in turns on one stream of samples, so that what else the machine does hits all of them alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import gc
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.runtime.candidates import Candidate, Clock


_WARM_UP_BATCHES = 3
# A candidate runs so many samples, and at least so many batches, before it is another's turn.
_BLOCK_SAMPLES, _BLOCK_BATCHES = 32, 4
_LEAST_TIMINGS = 12


@dataclass(frozen=True)
class Effort:
    """How long is measured.

    Attributes:
        rounds: At most so often the whole stream is run.
        seconds: No round is begun that would end later than this, once each candidate was timed a dozen times.
    """

    rounds: int = 15
    seconds: float = 15.0


@dataclass(frozen=True)
class Timed:
    """What was measured of one candidate.

    Attributes:
        seconds: Of each batch in each round, shape (R, B).
        results: What the candidate gave for each batch in each round, R lists of length B.
    """

    seconds: NDArray[np.float64]
    results: Sequence[Sequence[NDArray[Any] | None]]


def batches_of(n_samples: int, batch_size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """All samples in random order, in whole batches: the last is filled up from the beginning, shape (B, batch_size).

    Args:
        n_samples: Number of samples.
        batch_size: Samples of a batch; where there are fewer, they are repeated.
        rng: Decides on the order.
    """
    n_batches = -(-n_samples // batch_size)
    return np.resize(rng.permutation(n_samples), (n_batches, batch_size))


def time_in_turns(
    candidates: Mapping[str, Candidate],
    inputs: NDArray[Any],
    batches: NDArray[np.int64],
    *,
    effort: Effort,
    rng: np.random.Generator,
    clock: Clock,
) -> dict[str, Timed]:
    """Time every candidate on every batch: each runs a block of some batches, then another, in an order by chance.

    Blocks are short, so that what else the machine does hits all alike, and begin with a run that does not count: a
    processor's caches hold the weights of who ran last, and nobody else's would run between two samples where a network
    is deployed. The first few batches are run once before anything counts.

    Args:
        candidates: What is timed, by name.
        inputs: Samples, shape (n, channels, height, width).
        batches: Row numbers of each batch, shape (B, batch size).
        effort: How long is measured.
        rng: Decides on the candidates' order at each block.
        clock: Gives seconds.
    """
    for rows in batches[:_WARM_UP_BATCHES]:
        for run in candidates.values():
            run(inputs[rows])
    seconds: dict[str, list[list[float]]] = {name: [] for name in candidates}
    results: dict[str, list[list[NDArray[Any] | None]]] = {name: [] for name in candidates}
    began = clock()
    for n_done in range(effort.rounds):
        is_enough = n_done * len(batches) >= _LEAST_TIMINGS
        if is_enough and (clock() - began) * (n_done + 1) / n_done > effort.seconds:
            break
        with _no_collection():
            for name, (own, given) in _one_round(candidates, inputs, batches, rng, clock).items():
                seconds[name].append(own)
                results[name].append(given)
    return {name: Timed(np.array(seconds[name]), results[name]) for name in candidates}


def _one_round(
    candidates: Mapping[str, Candidate],
    inputs: NDArray[Any],
    batches: NDArray[np.int64],
    rng: np.random.Generator,
    clock: Clock,
) -> dict[str, tuple[list[float], list[NDArray[Any] | None]]]:
    """Seconds and results of every batch by candidate."""
    names = list(candidates)
    timed: dict[str, tuple[list[float], list[NDArray[Any] | None]]] = {name: ([], []) for name in names}
    size = max(_BLOCK_BATCHES, _BLOCK_SAMPLES // batches.shape[1])
    for start in range(0, len(batches), size):
        block = [inputs[rows] for rows in batches[start : start + size]]
        for turn in rng.permutation(len(names)):
            run, (seconds, results) = candidates[names[turn]], timed[names[turn]]
            run(block[-1])
            for batch in block:
                started = clock()
                result = run(batch)
                seconds.append(clock() - started)
                results.append(result)
    return timed


@contextmanager
def _no_collection() -> Iterator[None]:
    """No collection of garbage, as in :mod:`timeit`: it takes milliseconds, and always hits the same sample."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
