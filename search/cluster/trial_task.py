"""Ray tasks that take of the cluster what a trial takes: networks that are trained before the trials or after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ray

from search.config.resources import ResourcesSection


def trial_task(function: Callable[..., Any], resources: ResourcesSection) -> Any:
    """A function as a Ray task, tried again on another worker as often as a trial is."""
    as_trial = ray.remote(
        num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus_per_trial, max_retries=resources.retries
    )
    return as_trial(function)
