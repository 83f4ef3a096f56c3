"""Stopping trials early, by name."""

from __future__ import annotations

from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from search.config import SweepConfig
from search.halving import AsyncHalving
from search.priorities import nondominated_priority, scalar_priority


def build_scheduler(config: SweepConfig) -> TrialScheduler:
    """The scheduler of that name.

    ``none`` trains every trial to its end; ``asha`` halves by ``depth_at_target`` (Li et al., 2020), ``mo-asha`` by
    accuracy, mean depth and the accuracy of all exits at once (Schmucker et al., 2021).
    """
    search = config.search
    if search.scheduler == "none":
        return FIFOScheduler()
    priority = scalar_priority("depth_at_target") if search.scheduler == "asha" else nondominated_priority()
    return AsyncHalving(
        priority,
        grace_epochs=search.first_rung(config.training.epochs),
        reduction=search.reduction,
        max_epochs=config.training.epochs,
    )
