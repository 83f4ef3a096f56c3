"""Islands of a policy search as Ray tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ray

from policies.evolution.genome import RuleSpace
from policies.evolution.islands import EpochTask, IslandState


class RayIslands:
    """Runs the islands of each epoch over the cluster; what they find does not depend on where or when they run."""

    def __init__(self) -> None:
        self._space: RuleSpace | None = None
        self._stored: Any = None

    def __call__(self, space: RuleSpace, tasks: Sequence[EpochTask]) -> list[tuple[IslandState, int]]:
        """Run one epoch; the space travels to each node once."""
        if space is not self._space:
            self._space, self._stored = space, ray.put(space)
        remote = ray.remote(num_cpus=1)(_run_epoch)
        return list(ray.get([remote.remote(task, self._stored) for task in tasks]))


def _run_epoch(task: EpochTask, space: RuleSpace) -> tuple[IslandState, int]:
    return task.run(space)
