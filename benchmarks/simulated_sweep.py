"""A sweep on recorded curves with a fake clock: minutes of training in milliseconds, only the scheduler differs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import heapq
from itertools import count

from recorded_curves import Curve


GoesOn = Callable[[str, int, Mapping[str, float]], bool]


@dataclass(frozen=True)
class SimulatedSweep:
    """What came of a sweep.

    Attributes:
        epochs: Trained by all trials together.
        seconds: From the first start to the last end on the fake clock.
        finished: Trials that were trained to their end and did not fail, by the order of their end.
    """

    epochs: int
    seconds: float
    finished: tuple[Curve, ...]


def simulate(curves: Sequence[Curve], goes_on: GoesOn, *, n_workers: int) -> SimulatedSweep:
    """Run trials on workers, report by report in the order of the fake clock.

    Args:
        curves: The trials in the order of their start; each is taken by the first worker that is free.
        goes_on: Told the trial, the epoch and its figures, before a trial's last report; False stops the trial.
        n_workers: Trials at a time.
    """
    order = count()
    waiting = deque(curves)
    running: list[tuple[float, int, Curve, int]] = []
    finished = []
    n_epochs, now = 0, 0.0

    def train(curve: Curve, position: int) -> None:
        # The second entry keeps equal times in the order in which they came up.
        heapq.heappush(running, (now + curve.seconds[position], next(order), curve, position))

    for _ in range(min(n_workers, len(waiting))):
        train(waiting.popleft(), 0)
    while running:
        now, _, curve, position = heapq.heappop(running)
        n_epochs += 1
        report = curve.reports[position]
        is_to_go_on = goes_on(curve.trial_id, int(report["epoch"]), report)
        is_last = position + 1 == len(curve.reports)
        if is_to_go_on and not is_last:
            train(curve, position + 1)
            continue
        if is_last and not curve.has_failed:
            finished.append(curve)
        if waiting:
            train(waiting.popleft(), 0)
    return SimulatedSweep(epochs=n_epochs, seconds=now, finished=tuple(finished))
