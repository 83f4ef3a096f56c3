"""Building the Ray Tune tuner of what is left of a sweep."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune

from search.config.resources import ResourcesSection
from search.config.sweep import SweepConfig
from search.inputs import SweepInputs
from search.trials.log import TrialLog
from search.tuning.callbacks import DriverCallback
from search.tuning.halving import AsyncHalving
from search.tuning.schedulers import build_scheduler
from search.tuning.searcher import ConstrainedSearch
from trainables.multi_exit import MultiExitTrainable
from trainables.teachers.teacher import TeacherSet


if TYPE_CHECKING:
    from ray.tune.experiment import Trial

_NO_SNAPSHOTS_SECONDS = "1e9"


def build_tuner(
    config: SweepConfig,
    tune_folder: Path,
    trainable: Any,
    log: TrialLog,
    callback: DriverCallback,
    *,
    concurrent: int,
) -> tune.Tuner:
    """A tuner for the trials that have not ended.

    Args:
        config: Configuration of the sweep.
        tune_folder: Folder for Tune's own files; they are never read again.
        trainable: What a trial runs, with its resources.
        log: What is known of the sweep; those trials go on that were interrupted.
        callback: Tells the driver what happens to trials.
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
        for trial_id, figures in log.reports():
            scheduler.goes_on(trial_id, int(figures["epoch"]), figures)
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=ConstrainedSearch(config, log),
            scheduler=scheduler,
            # Until the searcher says that it has finished.
            num_samples=-1,
            max_concurrent_trials=concurrent,
            reuse_actors=True,
            trial_name_creator=_trial_name,
            trial_dirname_creator=_trial_name,
        ),
        run_config=tune.RunConfig(
            name=_new_session(tune_folder),
            storage_path=str(tune_folder),
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


def build_trainable(inputs: SweepInputs, checkpoints: Path, teachers: TeacherSet | None = None) -> Any:
    """What a trial runs: it is given data and soft labels through the object store, once per node.

    Args:
        inputs: The sweep on its data.
        checkpoints: A folder of checkpoints for each trial goes here; all nodes must see it.
        teachers: Teachers that the sweep names, or None.
    """
    trainable = tune.with_parameters(
        MultiExitTrainable,
        spec=inputs.spec,
        train=inputs.splits.train,
        search=inputs.splits.search,
        checkpoints=checkpoints,
        teachers=teachers,
    )
    return with_resources(trainable, inputs.config.resources)


def _new_session(tune_folder: Path) -> str:
    """Make a folder that no earlier run of this sweep wrote to; its name."""
    number = sum(1 for _ in tune_folder.glob("session-*"))
    path = tune_folder / f"session-{number + 1}"
    path.mkdir(parents=True)
    return path.name


def _trial_name(trial: Trial) -> str:
    """Name and folder of a trial: its own, not all of its parameters."""
    return str(trial.config["trial"])
