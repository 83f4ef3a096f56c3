"""New data for a bundle: an exit table, or files that its network is run on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError, MonitoringError
from policies.files.npz import read_archive
from policies.monitoring.answers import UNKNOWN, AnsweredSamples, answer_confidences
from policies.names import clean_name
from policies.policy import Policy
from policies.tables.classification import ClassificationOutputs
from search.prediction.files import InputFiles
from trainables.data.files.kinds import visible_entries
from trainables.export.bundle.bundle import Bundle
from trainables.export.stage_tables import stage_outputs, view_outputs


@dataclass(frozen=True)
class NamedOutputs:
    """What a network says at every exit about files, and what their folders say of them.

    Attributes:
        origins: The file of each of N inputs.
        outputs: What the network says at every exit.
        labels: The class of each, by its folder, shape (N,); ``UNKNOWN`` where folders are no classes.
    """

    origins: tuple[str, ...]
    outputs: ClassificationOutputs
    labels: NDArray[np.int64]

    def answered(self, policy: Policy, *, unit: str) -> AnsweredSamples:
        """What the policy answers, with the full network's answers beside it.

        Args:
            policy: The network's policy.
            unit: ``group`` where the inputs of one file, such as the segments of a recording, are one unit.
        """
        decision = policy.decide_on(view_outputs(policy, self.outputs))
        return AnsweredSamples(
            predictions=decision.answers,
            exits=decision.exits,
            confidences=answer_confidences(decision),
            labels=self.labels,
            full_predictions=self.outputs.logits[:, -1].argmax(axis=1),
            groups=np.array(self.origins) if unit == "group" else None,
        )


def is_exit_table(path: Path) -> bool:
    """Whether a file is an exit table, and not an array of inputs."""
    if path.suffix != ".npz" or not path.is_file():
        return False
    return "logits" in read_archive(path, "exit table", ExitTableError).arrays


def outputs_on_files(bundle: Bundle, path: Path, executor: str | None) -> NamedOutputs:
    """Run a bundle's whole network on files.

    Args:
        bundle: The bundle.
        path: A file, or a folder; where it has a folder for each class, by name, these tell the truth.
        executor: What runs the network; the fastest that there is where None.

    Raises:
        ExitSearchError: If there are no files that can be read, or some folders are classes and others are not.

    Warns:
        PredictionWarning: If some files could not be read.
    """
    manifest = bundle.manifest
    files = InputFiles([str(path)], manifest.inputs)
    folders = class_folders(path, manifest.class_names)
    stages = bundle.stages(executor)
    origins: list[str] = []
    parts: list[ClassificationOutputs] = []
    for read in files.read():
        origins += read.origins
        parts.append(stage_outputs(stages, read.inputs))
    return NamedOutputs(
        tuple(origins),
        ClassificationOutputs.joined(parts),
        np.array([_label(origin, path, folders) for origin in origins]),
    )


def class_folders(path: Path, class_names: tuple[str, ...]) -> dict[str, int]:
    """The class of each folder of a folder, by its name as the disk spells it; empty where they are no classes.

    Raises:
        MonitoringError: If some are classes of the network and others are not.
    """
    if not path.is_dir():
        return {}
    numbers = {name: number for number, name in enumerate(class_names)}
    folders = [entry.name for entry in visible_entries(path) if entry.is_dir()]
    known = {name: numbers[clean_name(name)] for name in folders if clean_name(name) in numbers}
    strange = [name for name in folders if name not in known]
    if known and strange:
        raise MonitoringError(
            f"{path}: folders must be classes of the network, or none of them, but {strange[0]!r} is not one of "
            f"{', '.join(class_names[:10])}; rename or move it"
        )
    return known


def _label(origin: str, folder: Path, folders: dict[str, int]) -> int:
    if not folders:
        return UNKNOWN
    # A file that lies beside the folders is of no class.
    return int(folders.get(Path(origin).relative_to(folder).parts[0], UNKNOWN))
