"""Building the Ray Tune tuner of what is left of a sweep."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ray import tune

from policies.tables.latency import KEY as LATENCY_KEY
from search.config.resources import ResourcesSection
from search.config.sweep import SweepConfig
from search.run_folder.folder import RunFolder
from search.target import sweep_target
from search.trials.log import SweepRecord
from search.tuning.callbacks import DriverCallback
from search.tuning.halving import AsyncHalving
from search.tuning.schedulers import build_scheduler
from search.tuning.searcher import ConstrainedSearch
from trainables.data import Splits
from trainables.multi_exit import MultiExitTrainable
from trainables.teachers.teacher import TeacherSet
from trainables.trials.imported_weights import with_given_weights
from trainables.trials.spec import TrialTask
from trainables.workloads import get_workload


if TYPE_CHECKING:
    from ray.tune.experiment import Trial

_NO_SNAPSHOTS_SECONDS = "1e9"


def build_task(config: SweepConfig, splits: Splits) -> TrialTask:
    """What all trials of a sweep have in common.

    Raises:
        TrainingError: If the weights that they start from cannot be read, or do not fit the network.
    """
    times = config.policy.latency_ms
    task = TrialTask(
        workload=config.workload,
        class_names=splits.class_names,
        network=config.training.network_spec(),
        recipe=config.training.recipe(view_seed=config.splits.seed),
        search_target=sweep_target(config, splits).tightened,
        rules=tuple(config.policy.rules),
        seeds=config.all_seeds,
        n_threads=max(int(config.resources.cpus_per_trial), 1),
        use_gpu=config.resources.gpus_per_trial > 0,
        teachers=config.teacher_names,
        augmentation=config.training.augmentation(get_workload(config.workload)),
        facts={**splits.facts, **({LATENCY_KEY: list(times)} if times else {})},
    )
    weights = config.training.weights
    return task if weights is None else with_given_weights(task, weights, splits.train)


def build_tuner(
    config: SweepConfig,
    folder: RunFolder,
    trainable: Any,
    record: SweepRecord,
    callback: DriverCallback,
    *,
    concurrent: int,
) -> tune.Tuner:
    """A tuner for the trials that have not ended.

    Args:
        config: The sweep.
        folder: Tune's own files go below ``tune/``; they are never read again.
        trainable: What a trial runs, with its resources.
        record: What is known of the sweep; those trials go on that were interrupted.
        callback: Tells the driver.
        concurrent: How many trials run at the same time.
    """
    # The journal is the sweep's memory, so Tune's own snapshots would only cost time.
    os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", _NO_SNAPSHOTS_SECONDS)
    # MLflow has every report; files for CSV, JSON and TensorBoard as well would cost a trial's driver time again.
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    # The older output engine is the one that verbose=0 really silences; the sweep prints its own lines.
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    scheduler = build_scheduler(config)
    if isinstance(scheduler, AsyncHalving):
        for trial_id, figures in record.reports():
            scheduler.goes_on(trial_id, int(figures["epoch"]), figures)
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=ConstrainedSearch(config, record),
            scheduler=scheduler,
            # Until the searcher says that it has finished.
            num_samples=-1,
            max_concurrent_trials=concurrent,
            reuse_actors=True,
            trial_name_creator=_trial_name,
            trial_dirname_creator=_trial_name,
        ),
        run_config=tune.RunConfig(
            name=folder.new_session().name,
            storage_path=str(folder.experiment),
            callbacks=[callback],
            # Trials keep their own.
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            # The searcher hands out again what a machine lost. Tune would not, where the process is lost between two
            # trials.
            failure_config=tune.FailureConfig(max_failures=0),
            verbose=0,
        ),
    )


def with_resources(trainable: Any, resources: ResourcesSection) -> Any:
    """A trainable with what each trial is given."""
    return tune.with_resources(trainable, {"cpu": resources.cpus_per_trial, "gpu": resources.gpus_per_trial})


def build_trainable(
    config: SweepConfig, folder: RunFolder, task: TrialTask, splits: Splits, teachers: TeacherSet | None = None
) -> Any:
    """What a trial runs: it is given data and soft labels through the object store, once per node."""
    trainable = tune.with_parameters(
        MultiExitTrainable,
        task=task,
        train=splits.train,
        search=splits.search,
        checkpoints=folder.checkpoints,
        teachers=teachers,
    )
    return with_resources(trainable, config.resources)


def _trial_name(trial: Trial) -> str:
    """Name and folder of a trial: its own, not all of its parameters."""
    return str(trial.config["trial"])
