"""Trials that only sleep, for benchmarks of what is around them."""

from __future__ import annotations

import time
from typing import Any

from ray import tune


class SleepingTrainable(tune.Trainable):  # type: ignore[misc]
    """Sleeps where a trial would train, and reports as one does, with the times at which it began and ended."""

    def setup(self, config: dict[str, Any], n_epochs: int = 1, seconds: float = 0.0) -> None:
        """Sleep ``seconds`` in each of ``n_epochs`` epochs, give or take a third that is the trial's own."""
        self._n_epochs, self._seconds = n_epochs, seconds
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take over the next trial."""
        self._epoch = 0
        self._number = int(str(new_config["trial"]).rpartition("-")[2])
        return True

    def step(self) -> dict[str, Any]:
        """One epoch; what is reported differs from trial to trial, and means nothing."""
        began = time.time()
        if self._seconds:
            time.sleep(self._seconds * (2 / 3 + 2 / 3 * (self._number * 29 % 89) / 88))
        self._epoch += 1
        accuracy = 0.9 + 0.1 * (self._number * 37 % 101) / 101
        return {
            "accuracy": accuracy,
            "mean_depth": 1 + 2 * (self._number * 53 % 97) / 97,
            "depth_at_target": 2.0,
            "epoch": self._epoch,
            "seconds": time.time() - began,
            "began": began,
            "failure": "",
            "done": self._epoch >= self._n_epochs,
        }
