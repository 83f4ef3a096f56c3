"""How long the selected policy takes where it is really run, beside the full network without early heads."""

from __future__ import annotations

from dataclasses import dataclass
import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from policies.policy import Policy
from policies.runtime.candidates import FULL, POLICY, Clock, make_candidates
from policies.runtime.speed import Times
from policies.runtime.stages import Stages
from policies.runtime.threads import torch_threads
from policies.runtime.timing import Effort, Timed, batches_of, time_in_turns
from policies.runtime.torch_stages import TorchStages
from search.run_folder.summary import LatencySummary, Milliseconds
from trainables.models import MultiExitModel
from trainables.models.exits.tracing import first_line


EFFORT: Final = Effort(rounds=7, seconds=15.0)
MOST_SAMPLES: Final = 100
_THREADS = 1


@dataclass(frozen=True)
class LatencyFindings:
    """What came of timing the selected policy.

    Attributes:
        summary: What was measured; None where nothing was, or could be.
        notes: What could not be done, one line each.
    """

    summary: LatencySummary | None = None
    notes: tuple[str, ...] = ()

    @property
    def told(self) -> dict[str, Any]:
        """The fields of a :class:`~search.run_folder.summary.Summary` that tell of it."""
        return {} if self.summary is None else {"latency": self.summary}


def report_latency(model: MultiExitModel, policy: Policy, inputs: NDArray[Any], *, seed: int) -> LatencyFindings:
    """Time a network in torch, on the processor; whatever fails here costs a note and not what the sweep has found.

    Args:
        model: The selected network, on the CPU.
        policy: The selected policy.
        inputs: Samples of ``test``, shape (N, channels, height, width), of which some are drawn where there are many.
        seed: Of the samples that are drawn, their order, and that of the two candidates.
    """
    try:
        return LatencyFindings(measure_latency(TorchStages(model), policy, inputs, seed=seed))
    except Exception as error:
        return LatencyFindings(notes=(f"the latency of the policy is not measured: {first_line(error)}",))


def measure_latency(
    stages: Stages,
    policy: Policy,
    inputs: NDArray[Any],
    *,
    seed: int,
    effort: Effort = EFFORT,
    clock: Clock = time.perf_counter,
) -> LatencySummary:
    """Time the policy and the full network in turns, one sample at a time.

    This is what ``exitsearch bench`` does at batch size 1, without everything else that it puts beside the two.

    Args:
        stages: The network, as torch runs it.
        policy: Of this network.
        inputs: Samples, shape (N, channels, height, width), of which at most ``MOST_SAMPLES`` are drawn.
        seed: Of the samples that are drawn, their order, and that of the two candidates.
        effort: How long is measured.
        clock: Gives seconds.
    """
    rng = np.random.default_rng(seed)
    batches = batches_of(len(inputs), 1, rng)[:MOST_SAMPLES]
    candidates = make_candidates(stages, policy, batch_size=1, clock=clock)
    with torch_threads(_THREADS):
        timed = time_in_turns(
            {name: candidates[name] for name in (POLICY, FULL)}, inputs, batches, effort=effort, rng=rng, clock=clock
        )
    return _summary(timed[POLICY], timed[FULL], n_exits=stages.n_exits)


def _summary(policy: Timed, full: Timed, *, n_exits: int) -> LatencySummary:
    own, whole = (_milliseconds(one) for one in (policy, full))
    # In each round the same exits are taken.
    taken = np.concatenate([exits for exits in policy.results[0] if exits is not None])
    return LatencySummary(
        executor="torch",
        threads=_THREADS,
        n_samples=policy.seconds.shape[1],
        n_rounds=policy.seconds.shape[0],
        policy=own,
        full=whole,
        ratio=own.mean / whole.mean,
        exit_mix=(np.bincount(taken, minlength=n_exits) / len(taken)).tolist(),
    )


def _milliseconds(timed: Timed) -> Milliseconds:
    times = Times.of(timed.seconds, 1)
    return Milliseconds(mean=times.mean_ms, p90=times.p90_ms, worst=times.worst_ms)
