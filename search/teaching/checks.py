"""The teachers that a sweep names: read and checked against its data, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.config.sweep import SweepConfig
from search.errors import ConfigError
from search.inputs import SweepInputs
from spaces import Fixed
from trainables.augmentation.images import Augmentation, Views
from trainables.data import Splits
from trainables.errors import AlignmentError
from trainables.export.model_file import ModelConfig, load_model
from trainables.teachers.alignment import AlignmentReport, Expected, check_alignment, require_aligned
from trainables.teachers.soft_labels import CLASSES, LABELS, SoftLabels
from trainables.workloads import get_workload


_TEMPERATURE = "kd_temperature"
_REDRAWN = ("spec_augment", "mixup")


@dataclass(frozen=True)
class CheckedTeachers:
    """Teachers that fit the data of a sweep, by their place in the sweep file.

    Attributes:
        logits: Logits of the teachers that are soft labels, shape (V, N, C) each.
        models: Files of the teachers that are networks.
        views: The fixed augmentations that epochs go through; None where images stay as they are.
        can_be_shown: Whether the images that are trained on can be shown to a teacher beforehand.
        reports: Reports on the alignment of each file of soft labels.
        hashes: SHA-256 of the files, by the teachers' names.
    """

    logits: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)
    models: Mapping[int, Path] = field(default_factory=dict)
    views: Views | None = None
    can_be_shown: bool = False
    reports: tuple[AlignmentReport, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)


def load_teachers(inputs: SweepInputs, *, report_file: Path) -> CheckedTeachers:
    """Read the teachers of a sweep, and refuse those that do not fit its data.

    Args:
        inputs: The sweep on its data.
        report_file: File that a report in JSON is written to where soft labels do not fit.

    Raises:
        ConfigError: If the sweep cannot use its teachers.
        SoftLabelsError: If a file of soft labels is missing or damaged.
        ModelFileError: If a network is missing or damaged.
        AlignmentError: If a teacher belongs to other samples, classes or another temperature.
    """
    config = inputs.config
    if not config.teachers:
        return CheckedTeachers()
    dimensions, task = config.build_space().dimensions, get_workload(config.workload).task
    if _TEMPERATURE not in dimensions:
        raise ConfigError(
            f"teachers are named but space {config.space.name!r} does not use them; set space.name to "
            f"{'multi-label' if task == LABELS else 'distillation'}"
        )
    soft = {i: SoftLabels.load(one.soft_labels) for i, one in enumerate(config.teachers) if one.soft_labels}
    models = {i: one.model for i, one in enumerate(config.teachers) if one.model}
    reports: tuple[AlignmentReport, ...] = ()
    if soft:
        expected = _expected(config, inputs.splits, dimensions[_TEMPERATURE])
        reports = tuple(
            check_alignment(str(config.teachers[i].soft_labels), labels, expected) for i, labels in soft.items()
        )
        if any(report.problem for report in reports):
            require_aligned(reports, report_file)
    for path in models.values():
        require_fitting_teacher(path, load_model(path)[1], inputs.splits, task=task)
    can_be_shown = can_replay(config)
    return CheckedTeachers(
        logits={i: one.logits() for i, one in soft.items()},
        models=models,
        views=replayed_views(config) if can_be_shown else None,
        can_be_shown=can_be_shown,
        reports=reports,
        hashes={one.name: _hash(one.file) for one in config.teachers if one.file is not None},
    )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def require_fitting_teacher(path: Path, model_config: ModelConfig, splits: Splits, *, task: str) -> None:
    """Refuse a teacher of another task, or of other classes or channels.

    Args:
        path: File of the teacher.
        model_config: What the file states of the network.
        splits: The data that it is to teach.
        task: The kind of answers of those that it is to teach.

    Raises:
        AlignmentError: If they differ.
    """
    own = CLASSES if model_config.imported is not None else get_workload(model_config.workload).task
    if own != task:
        raise AlignmentError(
            f"{path}: a teacher must give answers of task {task!r} but gives those of {own!r}; train one on this data "
            f"with `exitsearch teacher`"
        )
    if model_config.class_names != splits.class_names:
        raise AlignmentError(
            f"{path}: a teacher must know the {len(splits.class_names)} classes of the data in their order but "
            f"{_first_class_that_differs(model_config.class_names, splits.class_names)}; train one on this data with "
            f"`exitsearch teacher`"
        )
    channels = splits.train.inputs.shape[1]
    if model_config.input_shape[0] != channels:
        raise AlignmentError(
            f"{path}: a teacher must take images of {channels} channels but takes {model_config.input_shape[0]}; train "
            f"one on this data with `exitsearch teacher`"
        )


def _first_class_that_differs(found: Sequence[str], expected: Sequence[str]) -> str:
    pairs = enumerate(zip_longest(found, expected), start=1)
    number, one, other = next((number, one, other) for number, (one, other) in pairs if one != other)
    instead = "none" if one is None else repr(one)
    return f"number {number} of its {len(found)} is {instead} instead of {'none' if other is None else repr(other)}"


def can_replay(config: SweepConfig) -> bool:
    """Whether training images can be shown again: they are not augmented, or in fixed views, and in no trial more."""
    is_replayed = config.training.views is not None or _augmentation(config).is_none
    return is_replayed and not _redrawn(config)


def replayed_views(config: SweepConfig) -> Views | None:
    """The fixed augmentations that epochs go through; None where images stay as they are.

    Raises:
        ConfigError: If they are drawn anew each epoch, so that nobody can have seen them before.
    """
    redrawn = _redrawn(config)
    if redrawn:
        raise ConfigError(
            f"soft labels need images that can be shown again, but {redrawn[0]} is drawn anew each epoch; fix it at 0 "
            f"in space.overrides, or name the teachers' models instead"
        )
    augmentation, n_views = _augmentation(config), config.training.views
    if augmentation.is_none:
        return None
    if n_views is None:
        raise ConfigError(
            "soft labels need images that can be shown again, but augmentation is drawn anew each epoch; set "
            "training.views to how many fixed augmentations epochs go through, or training.augment to false"
        )
    return Views(augmentation, n_views, config.splits.seed)


def _redrawn(config: SweepConfig) -> list[str]:
    """Dimensions that change images beyond their views."""
    dimensions = config.build_space().dimensions
    return [name for name in _REDRAWN if name in dimensions and dimensions[name] != Fixed(0.0)]


def _augmentation(config: SweepConfig) -> Augmentation:
    return config.training.augmentation(get_workload(config.workload))


def _expected(config: SweepConfig, splits: Splits, temperature: object) -> Expected:
    if not isinstance(temperature, Fixed):
        raise ConfigError(
            f"{_TEMPERATURE} must be one value where teachers are soft labels, which are of one temperature, but it is "
            f"searched; fix it in space.overrides, or name the teachers' models instead"
        )
    views = replayed_views(config)
    return Expected(
        paths=splits.train.ids,
        labels=splits.train.labels,
        class_names=splits.class_names,
        temperature=float(temperature.value),
        augmentation=None if views is None else views.metadata(),
    )
