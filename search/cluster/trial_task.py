"""Ray tasks that take of the cluster what a trial takes: networks that are trained before the trials or after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ray

from search.config.resources import ResourcesSection


_LONGEST_END = 30.0


def trial_task(function: Callable[..., Any], resources: ResourcesSection) -> Any:
    """A function as a Ray task, tried again on another worker as often as a trial is."""
    as_trial = ray.remote(
        num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus_per_trial, max_retries=resources.retries
    )
    return as_trial(function)


def stop_tasks(answers: Sequence[Any]) -> None:
    """End tasks that run or wait, and wait until they have ended.

    A task that is told to end goes on for a moment: whoever resumes the sweep would write the same checkpoints as it.
    What does not end within half a minute is left alone.

    Args:
        answers: What their calls gave, as references of Ray.
    """
    for answer in answers:
        ray.cancel(answer)
    if answers:
        ray.wait(list(answers), num_returns=len(answers), timeout=_LONGEST_END)
