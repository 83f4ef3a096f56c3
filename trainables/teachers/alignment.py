"""The gate in front of soft labels: they belong to exactly these samples, classes and temperature, or are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from policies.files.atomic import write_text
from trainables.errors import AlignmentError
from trainables.teachers.label_agreement import CHANCE_DEVIATIONS, label_disagreement
from trainables.teachers.soft_labels import CLASSES, LABELS, SoftLabels, hash_order


_AGAIN = "export them again for this data with `exitsearch soft-labels`"


@dataclass(frozen=True)
class Expected:
    """What soft labels are wanted for.

    Attributes:
        paths: Sample ids of the training split, in order, shape (N,).
        labels: True class of each sample of the split, in order, shape (N,); or whether it has each label, (N, L).
        class_names: Of the data, in order.
        temperature: ``T`` of the loss that they are to be trained with.
        augmentation: Of the training, as :meth:`~trainables.augmentation.images.Views.metadata` tells, or None.
        split: Name of the split that they must be of.
    """

    paths: NDArray[np.str_]
    labels: NDArray[Any]
    class_names: tuple[str, ...]
    temperature: float
    augmentation: dict[str, Any] | None = None
    split: str = "train"

    @property
    def task(self) -> str:
        """The kind of answers that are wanted."""
        return LABELS if self.labels.ndim == 2 else CLASSES


@dataclass(frozen=True)
class AlignmentReport:
    """Whether one file of soft labels fits.

    Attributes:
        file: Name of the file of soft labels.
        problem: ``task``, ``classes``, ``split``, ``temperature``, ``augmentation``, ``length``, ``samples``,
            ``order``, ``agreement``, or empty where it fits.
        message: What is wrong, in one line; empty where it fits.
        lengths: Number of rows, by ``expected`` and ``found``.
        hashes: SHA-256 over the ordered ids, by ``expected`` and ``found``.
        first_difference: Row, and the ids expected and found there; None where the ids are equal.
        agreement: Share of the samples whose most probable class is the label, or all of whose labels are answered
            rightly; None where that was not looked at.
    """

    file: str
    problem: str
    message: str
    lengths: dict[str, int]
    hashes: dict[str, str]
    first_difference: dict[str, Any] | None
    agreement: float | None


def check_alignment(file: str, soft: SoftLabels, expected: Expected) -> AlignmentReport:
    """Compare soft labels with what they are wanted for. Nothing is cut off or put in order."""
    first = _first_difference(expected.paths, soft.paths)
    problem, message = _problem(soft, expected, first)
    is_seen = not first and (soft.task, len(soft.class_names)) == (expected.task, len(expected.class_names))
    return AlignmentReport(
        file=file,
        problem=problem,
        message=f"{file}: {message}" if message else "",
        lengths={"expected": len(expected.paths), "found": len(soft.paths)},
        hashes={"expected": hash_order(expected.paths), "found": soft.order_hash},
        first_difference=first,
        agreement=float(soft.right(expected.labels).mean()) if is_seen else None,
    )


def require_aligned(reports: Sequence[AlignmentReport], report_file: Path) -> None:
    """Write the reports as JSON, and refuse to go on where one has a problem.

    Raises:
        AlignmentError: With the first problem and the place of the report.
    """
    report_file.parent.mkdir(parents=True, exist_ok=True)
    write_text(report_file, json.dumps([asdict(report) for report in reports], indent=2) + "\n")
    for report in reports:
        if report.problem:
            raise AlignmentError(f"{report.message} (report: {report_file})")


def _problem(soft: SoftLabels, expected: Expected, first: dict[str, Any] | None) -> tuple[str, str]:
    """Kind and message of the first thing that is wrong, the ones that explain others before those."""
    if soft.task != expected.task:
        return "task", (
            f"soft labels must be of answers of task {expected.task!r} but are of {soft.task!r}; train a teacher on "
            f"this data with `exitsearch teacher`, and {_AGAIN}"
        )
    if soft.class_names != expected.class_names:
        return "classes", _classes_message(soft.class_names, expected.class_names)
    if soft.split != expected.split:
        return "split", f"soft labels must be of split {expected.split!r} but are of {soft.split!r}; {_AGAIN}"
    if soft.temperature != expected.temperature:
        return "temperature", (
            f"soft labels must be at the temperature of the loss, {expected.temperature:g}, but are at "
            f"{soft.temperature:g}; export them again with --temperature {expected.temperature:g}, or set "
            f"kd_temperature to {soft.temperature:g}"
        )
    if soft.augmentation != expected.augmentation:
        return "augmentation", (
            f"soft labels must be of the images that are trained on, augmented with {expected.augmentation}, but are "
            f"of images augmented with {soft.augmentation}; export them again with the training's views"
        )
    if len(soft.paths) != len(expected.paths):
        return "length", (
            f"there must be {len(expected.paths)} rows, one per training sample, but there are {len(soft.paths)}"
            f"{_at(first)}; {_AGAIN}"
        )
    if first is not None:
        same = set(soft.paths.tolist()) == set(expected.paths.tolist())
        kind, what = ("order", "rows are in another order") if same else ("samples", "rows are of other samples")
        return kind, f"{what}{_at(first)}; {_AGAIN}"
    if expected.task == LABELS:
        found = label_disagreement(soft.probabilities.mean(axis=0), expected.labels, expected.class_names)
    else:
        found = _disagreement(soft.probabilities.mean(axis=0).argmax(axis=1), expected)
    return ("agreement", f"{found}; {_AGAIN}") if found else ("", "")


def _classes_message(found: tuple[str, ...], expected: tuple[str, ...]) -> str:
    if sorted(found) == sorted(expected):
        at = next(i for i, (one, other) in enumerate(zip(found, expected, strict=True)) if one != other)
        return (
            f"classes must be in the order of the data but column {at} is {found[at]!r} instead of {expected[at]!r}; "
            f"{_AGAIN}"
        )
    missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    difference = f"lacks {missing[0]!r}" if missing else f"has {extra[0]!r} beside"
    return f"classes must be the data's {len(expected)} but the file {difference}; {_AGAIN}"


def _first_difference(expected: NDArray[np.str_], found: NDArray[np.str_]) -> dict[str, Any] | None:
    shared = min(len(expected), len(found))
    different = np.flatnonzero(expected[:shared] != found[:shared])
    if not len(different) and len(expected) == len(found):
        return None
    row = int(different[0]) if len(different) else shared
    return {
        "row": row,
        "expected": str(expected[row]) if row < len(expected) else None,
        "found": str(found[row]) if row < len(found) else None,
    }


def _at(first: dict[str, Any] | None) -> str:
    if first is None:
        return ""
    row, expected, found = first["row"], first["expected"], first["found"]
    if found is None:
        return f"; row {row}, {expected!r}, is missing"
    if expected is None:
        return f"; row {row}, {found!r}, is one too many"
    return f"; first difference: row {row} is {found!r} instead of {expected!r}"


def _disagreement(answers: NDArray[np.int64], expected: Expected) -> str:
    """Ids can be right and the probabilities of other rows or columns: then they do not know the labels.

    What is wrong, as half a sentence; empty for nothing.
    """
    counts = np.zeros((len(expected.class_names),) * 2, dtype=np.int64)
    np.add.at(counts, (answers, expected.labels), 1)
    for column, best in zip(*linear_sum_assignment(counts, maximize=True), strict=True):
        right, other = int(counts[column, column]), int(counts[column, best])
        if column != best and other > 2 * right + CHANCE_DEVIATIONS * np.sqrt(other):
            name, label = expected.class_names[column], expected.class_names[best]
            return (
                f"where column {name!r} is the most probable, the label must mostly be {name!r}, but it is {label!r} "
                f"{other} times and {name!r} {right} times: columns are exchanged"
            )
    shares = counts / len(answers)
    agreement, by_chance = float(np.trace(shares)), float(shares.sum(axis=0) @ shares.sum(axis=1))
    if agreement <= by_chance + CHANCE_DEVIATIONS * np.sqrt(by_chance * (1 - by_chance) / len(answers)):
        return (
            f"the most probable class must be the label more often than by chance, {by_chance:.1%}, but it is for "
            f"{agreement:.1%} of the samples: rows are of other samples, or the teacher knows nothing"
        )
    return ""
