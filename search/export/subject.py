"""What is exported, wherever it is from: a network, its policy, and what is known of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
import platform
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.monitoring.reference import ReferenceStatistics
from policies.policy import Policy
from policies.runtime.agreement import Agreement
from policies.runtime.answers import Answers
from policies.runtime.detection.box_likeness import BoxLikeness
from policies.runtime.detection.post_processing import PostProcessing
from policies.runtime.likeness import equal_answers
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.stages import Executor, Stages
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable
from trainables.data.readers import InputReader
from trainables.errors import ExportError
from trainables.export.bundle.check_inputs import CheckInputs
from trainables.export.bundle.inputs import InputSpec
from trainables.export.bundle.manifest import BOXES_SCHEMA, SCHEMA, Manifest
from trainables.export.bundle.writing import BundleContent, StoredNetwork
from trainables.models.detection.model import DetectorModel


_PACKAGES = ("exitsearch", "numpy", "torch", "torchvision", "torchaudio", "onnx", "onnxruntime", "safetensors")


@dataclass(frozen=True, kw_only=True)
class ExportSubject:
    """A network under its policy.

    Attributes:
        name: What the bundle is called.
        policy: Policy of the network.
        stages: The network as it is run; its answers are compared with the policy's decisions on ``search``.
        search: What the network said on the split that the policy was chosen on.
        certify: What it said on the split that nothing was chosen on; None where there is none.
        inputs: Inputs of ``search``, in the order of its table, shape (N, channels, height, width).
        reader: How a new file becomes an input.
        certificate: What is certain about the policy, as JSON; None where nothing was claimed.
        network: The network in torch; None where it is there as graphs alone.
        macs: Multiply-accumulates up to each exit, shape (E,); None where they were not counted.
        figures: Figures of the policy by split.
        training: What the network was trained on, and how, for people.
        control: The plain network of no more cost, or None.
        control_told: What is known of that, for people.
        changes: What quantising changed, for people; None where nothing was quantised.
    """

    name: str
    policy: Policy
    stages: Stages
    search: ExitTable
    certify: ExitTable | None
    inputs: NDArray[Any]
    reader: InputReader
    certificate: Mapping[str, Any] | None = None
    network: StoredNetwork | None = None
    macs: NDArray[np.int64] | None = None
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    control: StoredNetwork | None = None
    control_told: Mapping[str, Any] | None = None
    changes: Mapping[str, Any] | None = None

    @property
    def boxes(self) -> PostProcessing | None:
        """How the boxes of a detector are kept; None where answers are no boxes."""
        model = None if self.network is None else self.network.model
        return model.post_processing if isinstance(model, DetectorModel) else None


@dataclass(frozen=True)
class CheckedContent:
    """What is written, and what was seen when the runtime was compared with the policy.

    Attributes:
        content: Everything that goes into the bundle.
        agreement: The runtime's answers beside the policy's decisions on ``search``.
        sentence: The same for a person.
    """

    content: BundleContent
    agreement: Agreement
    sentence: str


def checked_content(
    subject: ExportSubject, executors: tuple[Executor, ...], write_graphs: Callable[[Path], None] | None = None
) -> CheckedContent:
    """Run the network under its policy on ``search``, and make the bundle's content of what came of it.

    Args:
        subject: What is exported.
        executors: What will be able to run it.
        write_graphs: Writes ONNX graphs into the bundle's folder; None writes none.

    Raises:
        ExportError: If the runtime decides otherwise than the policy does on the table, beyond rounding.
    """
    answers, agreement, sentence = compared_with_policy(subject, subject.stages)
    if not agreement.holds:
        raise ExportError(
            f"the network, run stage by stage, must decide as the policy does on its exit table but {sentence}; its "
            f"forward does something else than its stages and heads, so that it cannot leave early"
        )
    manifest = Manifest(
        schema=SCHEMA if subject.boxes is None else BOXES_SCHEMA,
        version=version("exitsearch"),
        name=subject.name,
        task=subject.search.task,
        class_names=_class_names(subject.search),
        boxes=subject.boxes,
        inputs=InputSpec.of(subject.inputs, subject.reader),
        model_hash=str(subject.search.meta["model_hash"]),
        cost=tuple(subject.search.cost.tolist()),
        macs=None if subject.macs is None else tuple(subject.macs.tolist()),
        executors=executors,
        is_quantised=subject.changes is not None,
        certified=bool(subject.certificate and subject.certificate.get("certified")),
        figures={split: dict(own) for split, own in subject.figures.items()},
        training=dict(subject.training),
        control=None if subject.control_told is None else dict(subject.control_told),
        changes=None if subject.changes is None else dict(subject.changes),
        environment=environment(),
    )
    content = BundleContent(
        manifest=manifest,
        policy=subject.policy,
        check=CheckInputs.chosen(subject.search.ids, subject.inputs, answers),
        certificate=subject.certificate,
        reference=_reference(subject),
        network=subject.network,
        control=subject.control,
        write_graphs=write_graphs,
    )
    return CheckedContent(content, agreement, sentence)


def compared_with_policy(subject: ExportSubject, stages: Stages) -> tuple[Answers, Agreement, str]:
    """What stages answer on ``search``, how that compares with the policy on the exit table, and the same in words."""
    answers = EarlyExitRuntime(stages, subject.policy, chunk_size=64).run(subject.inputs)
    decision = subject.policy.decide(subject.search)
    comparison = equal_answers if subject.boxes is None else BoxLikeness(subject.boxes, subject.policy.temperatures)
    agreement = Agreement.of(answers, decision.exits, decision.answers, compare=comparison)
    return answers, agreement, agreement.sentence(subject.search.ids.tolist())


def environment() -> dict[str, Any]:
    """Python, platform, and the versions of the packages that a bundle depends on."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"python": platform.python_version(), "platform": platform.platform(), "packages": packages}


def _class_names(table: ExitTable) -> tuple[str, ...]:
    return tuple(map(str, range(table.n_classes or 0))) if table.class_names is None else table.class_names


def _reference(subject: ExportSubject) -> dict[str, Any] | None:
    if not isinstance(subject.certify, ClassificationTable):
        return None
    return ReferenceStatistics.of(subject.certify, subject.policy.decide(subject.certify)).to_dict()
