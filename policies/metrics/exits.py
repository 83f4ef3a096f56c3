"""Figures of each exit alone, as if every sample left there with the exit's own answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.calibration.reliability import exit_samples
from policies.metrics.classification import answer_figures
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable
from policies.tables.latency import stated_latency


def exit_figures(table: ClassificationTable, temperatures: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The figures of every exit, first exit first, as JSON values.

    Args:
        table: Outputs of ``E`` exits.
        temperatures: Temperature of each exit, shape (E,).

    Returns:
        One mapping per exit: ``depth`` (1 = first exit), ``cost`` (relative to the full network), ``temperature``,
        ``latency_ms`` where the table states measured times, and everything that
        :func:`~policies.metrics.classification.answer_figures` gives.
    """
    # From the logits: a low temperature can make two classes equally certain.
    answers, samples = table.exit_answers, exit_samples(table, temperatures)
    latency = stated_latency(table)
    return [
        {
            "depth": k + 1,
            "cost": float(table.cost[k]),
            "temperature": float(temperatures[k]),
            **({} if latency is None else {"latency_ms": float(latency[k])}),
            **answer_figures(samples[k], answers[:, k], n_classes=table.n_classes),
        }
        for k in range(table.n_exits)
    ]


def exit_accuracies(table: ExitTable) -> NDArray[np.float64]:
    """Accuracy of each exit alone, shape (E,)."""
    return np.asarray(table.truth.right(table.exit_answers).mean(axis=0))
