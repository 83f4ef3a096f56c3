"""Stopping trials early, by name."""

from __future__ import annotations

from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from policies.tasks import get_task
from search.config.sweep import SweepConfig
from search.trials.records import trial_name
from search.tuning.halving import AsyncHalving
from search.tuning.priorities import nondominated_priority, scalar_priority
from trainables.workloads import get_workload


def build_scheduler(config: SweepConfig) -> TrialScheduler:
    """The scheduler of that name.

    ``none`` trains every trial to its end; ``asha`` halves by ``objective_at_target`` (Li et al., 2020), ``mo-asha``
    by the sweep's quality and objective and the task's own quality of all exits at once (Schmucker et al., 2021).
    Baselines are never stopped.
    """
    search = config.search
    # What is not trained cannot be stopped early.
    if search.scheduler == "none" or not config.training.epochs:
        return FIFOScheduler()
    asked = config.request
    if search.scheduler == "asha":
        priority = scalar_priority("objective_at_target")
    else:
        own = get_task(get_workload(config.workload).task).quality
        priority = nondominated_priority(asked.quality, asked.objective_column, exit_quality=own)
    return AsyncHalving(
        priority,
        grace_epochs=search.first_rung(config.training.epochs),
        reduction=search.reduction,
        max_epochs=config.training.epochs,
        exempt=[trial_name(number) for number, one in enumerate(search.first_trials) if one.is_baseline],
    )
