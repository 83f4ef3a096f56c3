"""Ray tasks of a sweep before its first trial: training the teachers it lacks, and asking those that can be asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import ray
import torch

from policies.registry import title_of
from policies.tasks import get_task
from search.cluster.trial_task import trial_task
from search.config.sections.teacher import TeacherSection
from search.config.sweep import SweepConfig
from search.errors import SweepError
from search.inputs import SweepInputs
from search.messages import OnMessage, silent
from search.run_folder.folder import RunFolder
from search.teaching.checks import CheckedTeachers
from trainables.augmentation.images import Views
from trainables.data import Split
from trainables.export.model_file import load_model, save_model
from trainables.teachers.teacher import NetworkTeacher, TeacherSet
from trainables.training.teacher_logits import teacher_logits
from trainables.trials.spec import TrialSpec
from trainables.trials.teacher import train_teacher


def prepare_teachers(
    inputs: SweepInputs, folder: RunFolder, checked: CheckedTeachers, *, on_message: OnMessage = silent
) -> TeacherSet | None:
    """Train the teachers that are not trained yet, and have all networks say what they can say beforehand.

    Args:
        inputs: The sweep on its data.
        folder: Folder of the sweep; trained teachers are kept in it, so that a resumed sweep has them.
        checked: Teachers that are there already, checked against the data.
        on_message: Takes a line on each teacher that was trained.

    Returns:
        What the workers get; None where the sweep names no teachers.

    Raises:
        SweepError: If a teacher cannot be trained.
    """
    config, splits = inputs.config, inputs.splits
    if not config.teachers:
        return None
    train, search = ray.put(splits.train), ray.put(splits.search)
    models, training = dict(checked.models), trial_task(_train, config.resources)
    waited = {}
    for place, section in enumerate(config.teachers):
        if section.network is None:
            continue
        models[place] = folder.teacher(section.name)
        if not models[place].is_file():
            own = _spec_of(config, section, inputs.spec)
            waited[place] = training.remote(own, dict(section.params), train, search, models[place])
    quality = title_of(get_task(inputs.spec.task.name).quality)
    for place, answer in waited.items():
        name = config.teachers[place].name
        try:
            on_message(f"Teacher {name}: {quality} {ray.get(answer):.4f} on search")
        except ray.exceptions.RayTaskError as error:
            reason = str(error.cause).splitlines()[0]
            raise SweepError(f"teacher {name!r} cannot be trained ({reason}); change it under teachers") from None
    if not checked.can_be_shown:
        return TeacherSet(checked.logits, models)
    asking = trial_task(_ask, config.resources)
    asked = {place: asking.remote(path, train, checked.views) for place, path in models.items()}
    return TeacherSet({**checked.logits, **{place: ray.get(answer) for place, answer in asked.items()}}, {})


def _spec_of(config: SweepConfig, section: TeacherSection, spec: TrialSpec) -> TrialSpec:
    own = section.training(config.training)
    return replace(
        spec, network=own.network_spec(), recipe=own.recipe(view_seed=spec.recipe.view_seed), teachers=(), weights=None
    )


def _train(spec: TrialSpec, params: dict[str, Any], train: Split, search: Split, path: Path) -> float:
    """Train a teacher, write its file and return the quality of its last exit."""
    torch.set_num_threads(spec.n_threads)
    teacher = train_teacher(spec, params, train, search)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(path, teacher.network, spec.model_config(train, params))
    return teacher.qualities[-1]


def _ask(path: Path, train: Split, views: Views | None) -> NDArray[np.float32]:
    network, model_config = load_model(path)
    return teacher_logits(NetworkTeacher(network, model_config.input_shape[1:]), train, views)
