"""Figures of each exit alone, as if every sample left there with the exit's own answer, or its parent did."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.calibration.reliability import exit_samples
from policies.levels.seen import judged_table
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
        :func:`~policies.metrics.classification.answer_figures` gives; where the table pools answers over parents, of
        parents all samples of which take the exit.
    """
    judged, divisors = judged_table(table, temperatures)
    # From the logits: a low temperature can make two classes equally certain.
    answers, samples = judged.exit_answers, exit_samples(judged, divisors)
    return [
        {
            **spent_at_exit(table, k, temperatures),
            **answer_figures(samples[k], answers[:, k], n_classes=table.n_classes),
        }
        for k in range(table.n_exits)
    ]


def spent_at_exit(table: ExitTable, k: int, temperatures: NDArray[np.float64]) -> dict[str, Any]:
    """Where an exit lies: ``depth``, ``cost``, ``temperature``, and ``latency_ms`` where the table states times.

    Args:
        table: Outputs of ``E`` exits.
        k: Index of the exit.
        temperatures: Temperature of each exit, shape (E,).
    """
    latency = stated_latency(table)
    return {
        "depth": k + 1,
        "cost": float(table.cost[k]),
        "temperature": float(temperatures[k]),
        **({} if latency is None else {"latency_ms": float(latency[k])}),
    }


def exit_accuracies(table: ExitTable, temperatures: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Accuracy of each exit alone, shape (E,): of samples, or of parents where the table pools answers over them.

    Args:
        table: Outputs of ``E`` exits.
        temperatures: Temperature of each exit, shape (E,), on which pooled answers depend; 1 where None.
    """
    judged, _ = judged_table(table, np.ones(table.n_exits) if temperatures is None else temperatures)
    return np.asarray(judged.truth.right(judged.exit_answers).mean(axis=0))
