"""Timing candidates in turns on one stream of samples, so that what else the machine does hits all of them alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.runtime.candidates import Candidate, Clock


_WARM_UP_BATCHES = 3


@dataclass(frozen=True)
class Effort:
    """How long is measured.

    Attributes:
        rounds: At most so often the whole stream is run.
        seconds: After the first round, no other is begun that would end later than this.
    """

    rounds: int = 5
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
    """Time every candidate on every batch, each batch by all candidates before the next one, in an order by chance.

    The first few batches are run once before anything counts.

    Args:
        candidates: What is timed, by name.
        inputs: Samples, shape (n, channels, height, width).
        batches: Row numbers of each batch, shape (B, batch size).
        effort: How long is measured.
        rng: Decides on the candidates' order at each batch.
        clock: Gives seconds.
    """
    names = list(candidates)
    for rows in batches[:_WARM_UP_BATCHES]:
        for name in names:
            candidates[name](inputs[rows])
    seconds: dict[str, list[list[float]]] = {name: [] for name in names}
    results: dict[str, list[list[NDArray[Any] | None]]] = {name: [] for name in names}
    began = clock()
    for n_done in range(effort.rounds):
        if n_done and (clock() - began) * (n_done + 1) / n_done > effort.seconds:
            break
        for name in names:
            seconds[name].append([])
            results[name].append([])
        for rows in batches:
            batch = inputs[rows]
            for turn in rng.permutation(len(names)):
                name = names[turn]
                started = clock()
                result = candidates[name](batch)
                seconds[name][-1].append(clock() - started)
                results[name][-1].append(result)
    return {name: Timed(np.array(seconds[name]), results[name]) for name in names}
