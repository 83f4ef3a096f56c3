"""How fast a network is under its policy, beside what its exits and its compute promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import time
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from policies.policy import Policy
from policies.runtime.answers import Answers
from policies.runtime.candidates import ALL_HEADS, CONTROL, FULL, FULL_AGAIN, POLICY, Clock, make_candidates
from policies.runtime.stages import Stages
from policies.runtime.timing import Effort, batches_of, time_in_turns


class Times(BaseModel):
    """Milliseconds per sample of one candidate, over the batches of a stream.

    A batch's time is the median of its rounds, so that most of what else the machine does is left out. A policy's times
    have a mode for each exit: where more than one sample in a hundred goes to the end, ``p99_ms`` is the time of the
    full network with every head and gate on the way.

    Attributes:
        mean_ms: Mean over batches.
        p50_ms: Median over batches.
        p90_ms: What nine of ten batches keep within.
        p99_ms: What 99 of 100 batches keep within.
        worst_ms: The longest of a batch.
    """

    model_config = ConfigDict(frozen=True)

    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    worst_ms: float

    @classmethod
    def of(cls, seconds: NDArray[np.float64], batch_size: int) -> Self:
        """From seconds of each batch in each round, shape (R, B)."""
        milliseconds = 1000 * np.median(seconds, axis=0) / batch_size
        p50, p90, p99 = np.percentile(milliseconds, (50, 90, 99)).tolist()
        return cls(
            mean_ms=float(milliseconds.mean()), p50_ms=p50, p90_ms=p90, p99_ms=p99, worst_ms=float(milliseconds.max())
        )

    @property
    def samples_per_second(self) -> float:
        """Throughput where batches follow each other."""
        return 1000 / self.mean_ms


class Speed(BaseModel):
    """What was measured at one batch size.

    Attributes:
        batch_size: Samples that were run together.
        n_samples: Number of samples of the stream.
        n_rounds: How often the stream was run.
        exit_ms: Milliseconds per sample until each exit has answered, with every head before it, shape (E,).
        exit_mix: Share of the stream that took each exit, shape (E,).
        predicted_from_macs: Full network's compute, with all heads, over the policy's mean compute.
        times: Of each candidate, by its name in :mod:`policies.runtime.candidates`.
    """

    model_config = ConfigDict(frozen=True)

    batch_size: int
    n_samples: int
    n_rounds: int
    exit_ms: tuple[float, ...]
    exit_mix: tuple[float, ...]
    predicted_from_macs: float
    times: dict[str, Times]

    @property
    def policy_ms(self) -> float:
        """Mean milliseconds per sample under the policy."""
        return self.times[POLICY].mean_ms

    @property
    def predicted_ms(self) -> float:
        """What the exits that were taken take by themselves: no gates, and none is slower for a smaller rest."""
        return float(np.dot(self.exit_mix, self.exit_ms))

    @property
    def predicted_from_latency(self) -> float:
        """Speed-up over the full network without early heads that the times up to each exit promise."""
        return self.times[FULL].mean_ms / self.predicted_ms

    @property
    def share_of_latency(self) -> float:
        """Speed-up that was measured as a share of :attr:`predicted_from_latency`."""
        return self.predicted_ms / self.policy_ms

    @property
    def share_of_macs(self) -> float:
        """Speed-up that was measured as a share of :attr:`predicted_from_macs`."""
        return self.over(FULL) / self.predicted_from_macs

    @property
    def noise(self) -> float:
        """By what share two measurements of the full network differ."""
        pair = self.times[FULL].mean_ms, self.times[FULL_AGAIN].mean_ms
        return max(pair) / min(pair) - 1

    @property
    def has_control(self) -> bool:
        """Whether a plain network that costs at most as much was timed too."""
        return CONTROL in self.times

    def over(self, name: str) -> float:
        """By how many times the policy is faster than a candidate; below 1 where it is slower."""
        return self.times[name].mean_ms / self.policy_ms


def measure_speed(
    stages: Stages,
    policy: Policy,
    inputs: NDArray[Any],
    *,
    batch_size: int,
    cost: NDArray[np.float64],
    plain: Mapping[str, Stages] | None = None,
    single: Callable[[NDArray[Any]], Answers] | None = None,
    effort: Effort | None = None,
    seed: int = 0,
    clock: Clock = time.perf_counter,
) -> Speed:
    """Time a network under its policy, and all that could stand in its place, on one stream of samples.

    Batch size 1 over the whole stream is MLPerf's *single stream*, larger ones are its *offline* scenario (Reddi et
    al., 2020). Threads are the caller's to fix.

    Args:
        stages: The network.
        policy: Of this network.
        inputs: The stream, shape (n, channels, height, width); its exit mix is what the speed-up is about.
        batch_size: Samples that are run together.
        cost: Compute up to each exit relative to the full network, shape (E,).
        plain: Further networks, by name, whose last exit alone is asked, such as the static control.
        single: How single samples are answered about where not stage by stage, such as one graph of all stages.
        effort: How long is measured.
        seed: Of the order of the samples, and of the candidates at each batch.
        clock: Gives seconds.
    """
    rng = np.random.default_rng(seed)
    batches = batches_of(len(inputs), batch_size, rng)
    candidates = make_candidates(stages, policy, batch_size=batch_size, plain=plain, single=single, clock=clock)
    timed = time_in_turns(candidates, inputs, batches, effort=effort or Effort(), rng=rng, clock=clock)
    # In each round of the same stream the same exits are taken.
    taken = np.concatenate([exits for exits in timed[POLICY].results[0] if exits is not None])
    mix = np.bincount(taken, minlength=stages.n_exits) / len(taken)
    marks = np.array(timed[ALL_HEADS].results)
    return Speed(
        batch_size=batch_size,
        n_samples=len(inputs),
        n_rounds=len(marks),
        exit_ms=tuple((1000 * _typical(marks) / batch_size).tolist()),
        exit_mix=tuple(mix.tolist()),
        predicted_from_macs=float(cost[-1] / np.dot(mix, cost)),
        times={name: Times.of(one.seconds, batch_size) for name, one in timed.items()},
    )


def best_throughput(speeds: Mapping[int, Speed], name: str) -> tuple[int, float]:
    """The batch size at which a candidate is fastest, and its samples per second there."""
    rates = {size: speed.times[name].samples_per_second for size, speed in speeds.items()}
    best = max(rates, key=rates.__getitem__)
    return best, rates[best]


def _typical(marks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds up to each exit, shape (E,), from those in each round and batch, shape (R, B, E).

    Made of the stages' own times, as candidates' times are made, so that they increase whatever the noise is.
    """
    own = np.diff(marks, axis=2, prepend=0.0)
    return np.asarray(np.cumsum(np.median(own, axis=0).mean(axis=0)))
