"""What is timed side by side: a network under its policy, and everything that could stand in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
import time
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from policies.policy import Policy
from policies.runtime.answers import Answers
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.stages import Stages


POLICY = "policy"
BY_STAGES = "policy, stage by stage"
"""The policy by stages and gates where :data:`POLICY` runs one graph of all of them."""
FULL = "full network"
FULL_AGAIN = "full network, again"
ALL_HEADS = "full network, all heads"
CONTROL = "static control"
"""A plain network, with one exit, that costs at most the policy's mean cost."""

Candidate: TypeAlias = Callable[[NDArray[Any]], "NDArray[Any] | None"]
"""Runs a batch; of the policy comes the exit that each sample took, of all heads the seconds up to each exit."""
Clock: TypeAlias = Callable[[], float]
"""Seconds since some moment."""


def make_candidates(
    stages: Stages,
    policy: Policy,
    *,
    batch_size: int,
    plain: Mapping[str, Stages] | None = None,
    single: Callable[[NDArray[Any]], Answers] | None = None,
    clock: Clock = time.perf_counter,
) -> dict[str, Candidate]:
    """Everything that is timed, by name.

    The full network is run without its early heads, since that is what one would deploy instead; it is there twice, so
    that two measurements of the same can be compared. A plain network stops at its logits, on the CPU, while the
    policy answers in full.

    Args:
        stages: The network.
        policy: Of this network.
        batch_size: Samples that are run together, by every candidate.
        plain: Further networks, by name, whose last exit alone is asked, such as the :data:`CONTROL`.
        single: How single samples are answered about where not stage by stage; of no effect at other batch sizes.
        clock: By which the way to each exit is timed.
    """
    runtime = EarlyExitRuntime(stages, policy, chunk_size=batch_size, single=single)
    last = stages.n_exits - 1
    candidates: dict[str, Candidate] = {
        POLICY: partial(_exits_taken, runtime),
        FULL: partial(_answer_at, stages, last),
        FULL_AGAIN: partial(_answer_at, stages, last),
        ALL_HEADS: partial(_seconds_to_exits, stages, clock),
    }
    if single is not None and batch_size == 1:
        candidates[BY_STAGES] = partial(_exits_taken, EarlyExitRuntime(stages, policy))
    candidates |= {exit_alone(k): partial(_answer_at, stages, k) for k in range(last)}
    return candidates | {name: partial(_answer_at, one, one.n_exits - 1) for name, one in (plain or {}).items()}


def exit_alone(exit_index: int) -> str:
    """Name of the network that ends at an exit and has no other."""
    return f"exit {exit_index + 1} alone"


def _exits_taken(runtime: EarlyExitRuntime, inputs: NDArray[Any]) -> NDArray[np.int64]:
    return runtime.run(inputs).exits


def _answer_at(stages: Stages, exit_index: int, inputs: NDArray[Any]) -> None:
    """Ask one exit alone."""
    features = stages.begin(inputs)
    for k in range(exit_index):
        features, _ = stages.run(k, features, with_head=False)
    stages.run(exit_index, features)


def _seconds_to_exits(stages: Stages, clock: Clock, inputs: NDArray[Any]) -> NDArray[np.float64]:
    """Ask every exit, and say how long it took until each had answered, shape (E,)."""
    seconds = np.empty(stages.n_exits)
    began = clock()
    features = stages.begin(inputs)
    for k in range(stages.n_exits):
        features, _ = stages.run(k, features)
        seconds[k] = clock() - began
    return seconds
