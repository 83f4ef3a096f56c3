"""Building the Ray Tune tuner of a sweep, new or restored."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from ray import tune

from policies.claims import Claim, aim_of
from search.callbacks import DriverCallback
from search.config import SweepConfig
from search.run_folder import RunFolder
from search.schedulers import build_scheduler
from search.searcher import ConstrainedOptunaSearch
from trainables.data import Splits
from trainables.multi_exit import MultiExitTrainable, TrialTask


if TYPE_CHECKING:
    from ray.tune.experiment import Trial

# A snapshot of the experiment every second: with Tune's own ten, a kill loses trials.
_SNAPSHOT_SECONDS = "1"
_KEPT_CHECKPOINTS = 2


def build_task(config: SweepConfig, splits: Splits) -> TrialTask:
    """What all trials of a sweep have in common."""
    return TrialTask(
        workload=config.workload,
        class_names=splits.class_names,
        n_exits=config.n_exits,
        width=config.width,
        epochs=config.training.epochs,
        batch_size=config.training.batch_size,
        aim=aim_accuracy(config, splits),
        seed=config.seed,
        n_threads=max(int(config.resources.cpus_per_trial), 1),
        use_gpu=config.resources.gpus_per_trial > 0,
    )


def aim_accuracy(config: SweepConfig, splits: Splits) -> float:
    """The accuracy to look for on ``search``: the least that certifies the target when seen on ``certify``.

    With groups it is an approximation. The target itself where no accuracy would certify it.
    """
    units = splits.certify.ids if splits.certify.groups is None else np.unique(splits.certify.groups)
    claim = Claim(target=config.target)
    aim = aim_of(claim, n_units=len(units), delta=config.delta, grouped=splits.certify.groups is not None)
    return config.target if aim is None or aim.target is None else aim.target


def build_tuner(
    config: SweepConfig,
    folder: RunFolder,
    task: TrialTask,
    splits: Splits,
    callback: DriverCallback,
    *,
    concurrent: int,
) -> tune.Tuner:
    """A new tuner, or the one that the folder holds a snapshot of.

    Args:
        config: The sweep.
        folder: Its files; Tune writes below ``tune/``.
        task: What every trial trains.
        splits: Trials are given ``train`` and ``search``, through the object store: once per node.
        callback: Tells the driver's observers.
        concurrent: How many trials run at the same time.
    """
    os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", _SNAPSHOT_SECONDS)
    # MLflow has every report; files for CSV, JSON and TensorBoard as well would cost a trial's driver time again.
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    # The older output engine is the one that verbose=0 really silences; the sweep prints its own lines.
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    trainable = tune.with_resources(
        tune.with_parameters(MultiExitTrainable, task=task, train=splits.train, search=splits.search),
        {"cpu": config.resources.cpus_per_trial, "gpu": config.resources.gpus_per_trial},
    )
    if tune.Tuner.can_restore(str(folder.experiment)):
        return tune.Tuner.restore(str(folder.experiment), trainable=trainable)
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=ConstrainedOptunaSearch(config, aim=task.aim),
            scheduler=build_scheduler(config),
            num_samples=config.search.trials,
            max_concurrent_trials=concurrent,
            reuse_actors=True,
            trial_name_creator=_trial_id,
            trial_dirname_creator=_trial_id,
        ),
        run_config=tune.RunConfig(
            name=folder.experiment.name,
            storage_path=str(folder.experiment.parent),
            callbacks=[callback],
            checkpoint_config=tune.CheckpointConfig(
                num_to_keep=_KEPT_CHECKPOINTS, checkpoint_frequency=1, checkpoint_at_end=True
            ),
            verbose=0,
        ),
    )


def _trial_id(trial: Trial) -> str:
    """Name and folder of a trial: its id alone, not all of its parameters."""
    return str(trial.trial_id)
