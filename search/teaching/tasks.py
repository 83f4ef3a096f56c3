"""Ray tasks of a sweep before its first trial: training the teachers it lacks, and asking those that can be asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import ray
from rich.console import Console
import torch

from search.config.sweep import SweepConfig
from search.config.teacher import TeacherSection
from search.console_table import print_line
from search.errors import SweepError
from search.run_folder.folder import RunFolder
from search.teaching.checks import CheckedTeachers
from trainables.augmentation.images import Views
from trainables.data import Split, Splits
from trainables.export.model_file import load_model, save_model
from trainables.teachers.teacher import NetworkTeacher, TeacherSet
from trainables.training.teacher_logits import teacher_logits
from trainables.trials.spec import TrialTask
from trainables.trials.teacher import train_teacher


def prepare_teachers(
    config: SweepConfig,
    folder: RunFolder,
    task: TrialTask,
    splits: Splits,
    checked: CheckedTeachers,
    console: Console,
) -> TeacherSet | None:
    """Train the teachers that are not trained yet, and have all networks say what they can say beforehand.

    Args:
        config: The sweep.
        folder: Trained teachers are kept in it, so that a resumed sweep has them.
        task: The student's.
        splits: The data.
        checked: Those teachers that are there already.
        console: Where to print.

    Returns:
        What the workers get; None where the sweep names no teachers.

    Raises:
        SweepError: If a teacher cannot be trained.
    """
    if not config.teachers:
        return None
    remote = ray.remote(num_cpus=config.resources.cpus_per_trial, num_gpus=config.resources.gpus_per_trial)
    train, search = ray.put(splits.train), ray.put(splits.search)
    models = dict(checked.models)
    waited = {}
    for place, section in enumerate(config.teachers):
        if section.network is None:
            continue
        models[place] = folder.teacher(section.name)
        if not models[place].is_file():
            own = _task_of(config, section, task)
            waited[place] = remote(_train).remote(own, dict(section.params), train, search, models[place])
    for place, answer in waited.items():
        name = config.teachers[place].name
        try:
            print_line(console, f"Teacher {name}: accuracy {ray.get(answer):.4f} on search")
        except ray.exceptions.RayTaskError as error:
            reason = str(error.cause).splitlines()[0]
            raise SweepError(f"teacher {name!r} cannot be trained ({reason}); change it under teachers") from None
    if not checked.can_be_shown:
        return TeacherSet(checked.logits, models)
    asked = {place: remote(_ask).remote(path, train, checked.views) for place, path in models.items()}
    return TeacherSet({**checked.logits, **{place: ray.get(answer) for place, answer in asked.items()}}, {})


def _task_of(config: SweepConfig, section: TeacherSection, task: TrialTask) -> TrialTask:
    own = section.training(config.training)
    return replace(
        task, network=own.network_spec(), recipe=own.recipe(view_seed=task.recipe.view_seed), teachers=(), weights=None
    )


def _train(task: TrialTask, params: dict[str, Any], train: Split, search: Split, path: Path) -> float:
    """Train a teacher, write its file and return the accuracy of its last exit."""
    torch.set_num_threads(task.n_threads)
    teacher = train_teacher(task, params, train, search)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(path, teacher.network, task.model_facts(train, params))
    return teacher.accuracies[-1]


def _ask(path: Path, train: Split, views: Views | None) -> NDArray[np.float32]:
    network, facts = load_model(path)
    return teacher_logits(NetworkTeacher(network, facts.input_shape[1:]), train, views)
