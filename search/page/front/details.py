"""The details of a policy on the page: exit mix, recall of its weakest classes, reliability, and what leaving costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.metrics.classification import class_figures
from policies.metrics.multilabel.figures import label_tallies
from policies.tables.base import ExitTable
from policies.tables.boxes import CROWD, LABEL, is_box
from policies.tables.classification import ClassificationTable
from policies.tables.detection import DetectionTable, TrueBoxes
from policies.tables.multilabel import MultiLabelTable
from search.page.front.outcomes import Outcome


MOST_CLASSES = 20
N_BINS = 10
_DIGITS = 4


def details_of(outcome: Outcome) -> dict[str, Any]:
    """What the page tells of a policy, as JSON values with few digits.

    Returns:
        ``mix``, the share of samples that left at each exit; ``n``, how many answers were judged; ``right``, ``saved``
        and ``lost``, how many of them, where answers are right or wrong, and of boxes ``image_f1``, their mean F1, in
        place of ``right``; ``recall``, rows of name, recall (of boxes average precision) and count of the weakest
        classes or labels, the weakest first; ``n_classes``; and ``reliability``, rows of mean confidence, share that is
        right, and count. What is not known of answers of this kind is left out.
    """
    told: dict[str, Any] = {"mix": _rounded(outcome.exit_mix), "n": outcome.truth.n_samples, "unread": outcome.n_unread}
    if outcome.right is not None:
        told["right"] = int(outcome.right.sum())
    elif outcome.worth is not None:
        told["image_f1"] = round(float(outcome.worth.mean()), _DIGITS)
    if outcome.saved is not None and outcome.lost is not None:
        told |= {"saved": int(outcome.saved.sum()), "lost": int(outcome.lost.sum())}
    recall = _recall(outcome)
    if recall is not None:
        names, values, counts = recall
        rows = np.flatnonzero(counts)
        rows = rows[np.argsort(values[rows], kind="stable")][:MOST_CLASSES]
        told["recall"] = [[names[row], round(float(values[row]), _DIGITS), int(counts[row])] for row in rows]
        told["n_classes"] = len(names)
    reliability = _reliability(outcome)
    return told if reliability is None else {**told, "reliability": reliability}


def names_of_classes(table: ExitTable) -> tuple[str, ...]:
    """Names of classes or labels, or their numbers."""
    if isinstance(table, MultiLabelTable):
        return tuple(table.truth.names)
    return table.class_names or tuple(str(number) for number in range(table.n_classes or 0))


def _recall(outcome: Outcome) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.int64]] | None:
    """Names, recall, and how often each is true."""
    table, names = outcome.table, names_of_classes(outcome.table)
    if isinstance(table, ClassificationTable):
        figures = class_figures(outcome.answers, outcome.truth.strata, n_classes=table.n_classes)
        return names, figures["recall"].to_numpy(dtype=float), figures["n_labelled"].to_numpy(dtype=np.int64)
    if isinstance(table, MultiLabelTable):
        labels: Any = outcome.truth
        tallies = label_tallies(outcome.answers.astype(bool), labels)
        return names, np.asarray(tallies.recall[0]), labels.labels.sum(axis=0, dtype=np.int64)
    if isinstance(table, DetectionTable):
        return names, *_average_precision(outcome.answers, table.truth)
    return None


def _average_precision(answers: NDArray[Any], truth: TrueBoxes) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Average precision at an overlap of one half and number of objects of each class; crowds are none."""
    # Here, since the import takes a while.
    from policies.metrics.detection.precisions import precisions

    is_object = is_box(truth.boxes) & (truth.boxes[..., CROWD] == 0)
    counts = np.bincount(truth.boxes[is_object][:, LABEL].astype(int), minlength=truth.n_classes)
    return precisions(answers, truth, np.array([0.5]))[:, 0], counts


def _reliability(outcome: Outcome) -> list[list[float]] | None:
    """Of classes the largest probability and whether that is right; of labels every one and whether the label is on."""
    table = outcome.table
    if not isinstance(table, ClassificationTable | MultiLabelTable):
        return None
    answered = outcome.judged.answered(outcome.decision.exits).distributions
    if answered is None or outcome.right is None:
        return None
    probabilities = answered.whole()[:, 0]
    if isinstance(table, MultiLabelTable):
        truth: Any = outcome.truth
        return _binned(probabilities.ravel(), truth.labels.ravel())
    return _binned(probabilities.max(axis=1), outcome.right)


def _binned(confidence: NDArray[np.float64], is_right: NDArray[Any]) -> list[list[float]]:
    bins = np.clip(np.ceil(confidence * N_BINS).astype(int) - 1, 0, N_BINS - 1)
    counts = np.bincount(bins, minlength=N_BINS)
    sums = [np.bincount(bins, weights=own, minlength=N_BINS) for own in (confidence, is_right.astype(float))]
    return [
        [round(float(sums[0][b] / counts[b]), _DIGITS), round(float(sums[1][b] / counts[b]), _DIGITS), int(counts[b])]
        for b in np.flatnonzero(counts)
    ]


def _rounded(values: list[float]) -> list[float]:
    return [round(value, _DIGITS + 2) for value in values]
