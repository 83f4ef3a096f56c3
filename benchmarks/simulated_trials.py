"""Trials that only sleep, for benchmarks of what is around them."""

from __future__ import annotations

import os
from pathlib import Path
import time
from typing import Any

from ray import tune


class SleepingTrainable(tune.Trainable):  # type: ignore[misc]
    """Sleeps where a trial would train, and reports as one does, with the times at which it began and ended."""

    def setup(
        self,
        config: dict[str, Any],
        n_epochs: int = 1,
        seconds: float = 0.0,
        meeting: Path | None = None,
        n_actors: int = 1,
    ) -> None:
        """Sleep ``seconds`` in each of ``n_epochs`` epochs, give or take a third that is the trial's own.

        Nobody begins before ``n_actors`` actors have come to the folder ``meeting``.
        """
        self._n_epochs, self._seconds = n_epochs, seconds
        self._meeting, self._n_actors = meeting, n_actors
        if meeting is not None:
            (meeting / str(os.getpid())).touch()
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take over the next trial."""
        self._epoch = 0
        self._number = int(str(new_config["trial"]).rpartition("-")[2])
        return True

    def step(self) -> dict[str, Any]:
        """One epoch; what is reported differs from trial to trial, and means nothing."""
        while self._meeting is not None and sum(1 for _ in self._meeting.iterdir()) < self._n_actors:
            time.sleep(0.2)
        self._meeting = None
        began = time.time()
        if self._seconds:
            time.sleep(self._seconds * (2 / 3 + 2 / 3 * (self._number * 29 % 89) / 88))
        self._epoch += 1
        accuracy = 0.9 + 0.1 * (self._number * 37 % 101) / 101
        return {
            "accuracy": accuracy,
            "mean_depth": 1 + 2 * (self._number * 53 % 97) / 97,
            "violation": 0.0,
            "objective_at_target": 2.0,
            "epoch": self._epoch,
            "seconds": time.time() - began,
            "began": began,
            "failure": "",
            "done": self._epoch >= self._n_epochs,
        }
