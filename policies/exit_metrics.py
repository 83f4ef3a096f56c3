"""Figures of each exit alone, as if every sample left there with the exit's own answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.calibrate import tempered_probabilities
from policies.classification import classification_figures, expected_calibration_error
from policies.exit_table import ExitTable
from policies.latency import stated_latency


def exit_figures(table: ExitTable, temperatures: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The figures of every exit, first exit first, as JSON values.

    Args:
        table: Outputs of ``E`` exits.
        temperatures: One per exit, shape (E,).

    Returns:
        One mapping per exit: ``depth`` (1 = first exit), ``cost`` (relative to the full network), ``temperature``,
        ``latency_ms`` where the table states measured times, and everything that
        :func:`~policies.classification.classification_figures` gives.
    """
    probabilities = tempered_probabilities(table.logits, temperatures)
    # From the logits: a low temperature can make two classes equally certain.
    answers = table.logits.argmax(axis=2)
    latency = stated_latency(table)
    return [
        {
            "depth": k + 1,
            "cost": float(table.cost[k]),
            "temperature": float(temperatures[k]),
            **({} if latency is None else {"latency_ms": float(latency[k])}),
            **classification_figures(probabilities[:, k], answers[:, k], table.labels),
        }
        for k in range(table.n_exits)
    ]


def exit_accuracies(table: ExitTable) -> NDArray[np.float64]:
    """Accuracy of each exit alone, shape (E,)."""
    return np.asarray((table.logits.argmax(axis=2) == table.labels[:, None]).mean(axis=0))


def exit_calibration_errors(table: ExitTable, temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected calibration error of each exit alone, shape (E,)."""
    probabilities = tempered_probabilities(table.logits, temperatures)
    return np.array([expected_calibration_error(probabilities[:, k], table.labels) for k in range(table.n_exits)])
