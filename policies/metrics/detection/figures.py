"""The figures that exits and policies of detectors are told by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.calibration.box_temperature import tempered_boxes
from policies.matching.images import ImageCounts
from policies.metrics.detection.errors import BoxErrors
from policies.metrics.detection.precisions import precision_figures
from policies.metrics.policy import spent_figures
from policies.policy import Decision
from policies.tables.detection import DetectionTable, TrueBoxes
from policies.tables.latency import stated_latency


_DROPS = ("map", "map_50", "image_f1", "found_objects")


def exit_figures(table: DetectionTable, temperatures: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The figures of every exit alone, first exit first, as JSON values.

    Args:
        table: Boxes of ``E`` exits.
        temperatures: Temperature of each exit, shape (E,), by which the scores of its boxes are changed.

    Returns:
        One mapping per exit: ``depth`` (1 = first exit), ``cost`` (relative to the full network), ``temperature``,
        ``latency_ms`` where the table states measured times, and everything that :func:`box_figures` gives.
    """
    latency = stated_latency(table)
    return [
        {
            "depth": k + 1,
            "cost": float(table.cost[k]),
            "temperature": float(temperatures[k]),
            **({} if latency is None else {"latency_ms": float(latency[k])}),
            **box_figures(tempered_boxes(table.boxes[:, k], temperatures[k]), table.truth, table.meta["class_names"]),
        }
        for k in range(table.n_exits)
    ]


def policy_figures(table: DetectionTable, decision: Decision) -> dict[str, Any]:
    """The figures that ``summary.json`` gives for one policy of a detector on one split, as JSON values.

    Returns:
        Everything that :func:`box_figures` and :func:`~policies.metrics.policy.spent_figures` give, and
        ``drops``: how much less than the last exit's each of ``map``, ``map_50``, ``image_f1`` and ``found_objects``
        is.
    """
    names = table.meta["class_names"]
    own = box_figures(decision.answers, table.truth, names)
    full = box_figures(decision.exit_answers[:, -1], table.truth, names)
    return {**own, "drops": {name: full[name] - own[name] for name in _DROPS}, **spent_figures(table, decision)}


def box_figures(answers: NDArray[Any], truth: TrueBoxes, class_names: Sequence[str]) -> dict[str, Any]:
    """How good boxes are, as JSON values.

    Args:
        answers: One answer for each image, shape (N, D, 6).
        truth: What is there.
        class_names: Name of each class.

    Returns:
        Everything that :func:`~policies.metrics.detection.precisions.precision_figures` gives; of the boxes at or above
        ``operating_score`` the means over images ``image_f1``, ``image_precision`` and ``found_objects``, all
        maximised; and ``errors``, how often each kind of :data:`~policies.metrics.detection.errors.ERROR_KINDS` occurs.
    """
    counts = ImageCounts.of(answers, truth)
    return {
        **precision_figures(answers, truth, class_names),
        "operating_score": truth.operating_score,
        "image_f1": float(counts.f1.mean()),
        "image_precision": float(counts.precision.mean()),
        "found_objects": float(counts.recall.mean()),
        "errors": BoxErrors.of(answers, truth).counts(),
    }
