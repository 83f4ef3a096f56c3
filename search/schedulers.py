"""Stopping trials early, by name."""

from __future__ import annotations

from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, TrialScheduler

from search.config import SweepConfig


def build_scheduler(config: SweepConfig) -> TrialScheduler:
    """``none`` trains every trial to its end; ``asha`` halves by ``depth_at_target`` (Li et al., 2020)."""
    if config.search.scheduler == "none":
        return FIFOScheduler()
    return AsyncHyperBandScheduler(
        time_attr="epoch",
        metric="depth_at_target",
        mode="min",
        max_t=config.training.epochs,
        grace_period=config.search.grace_epochs,
        reduction_factor=config.search.reduction,
    )
