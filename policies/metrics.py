"""Figures of a policy, or of one exit, on a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.calibrate import tempered_probabilities
from policies.exit_table import ExitTable
from policies.policy import Decision


ECE_BINS = 15


def policy_figures(table: ExitTable, decision: Decision) -> dict[str, Any]:
    """The figures that ``summary.json`` gives for one policy on one split.

    Returns:
        ``accuracy``, ``macro_f1``, ``mean_depth`` (1 = first exit), ``mean_cost``, ``p90_cost`` and
        ``worst_cost`` (relative to the full network; the worst is what a sample really took),
        ``exit_mix`` (share leaving at each depth), ``ece``, ``exit_consistency`` (share that the last exit
        would have answered alike) and ``n_samples``.
    """
    # Here, since the import takes seconds and workers that only need the cheap figures would pay for it.
    from sklearn.metrics import f1_score

    cost = table.cost[decision.exits]
    mix = np.bincount(decision.exits, minlength=table.n_exits) / table.n_samples
    return {
        "accuracy": float((decision.answers == table.labels).mean()),
        "macro_f1": float(f1_score(table.labels, decision.answers, average="macro")),
        "mean_depth": float(decision.exits.mean() + 1),
        "mean_cost": float(cost.mean()),
        "p90_cost": float(np.quantile(cost, 0.9, method="inverted_cdf")),
        "worst_cost": float(cost.max()),
        "exit_mix": [float(share) for share in mix],
        "ece": expected_calibration_error(decision.probabilities, table.labels),
        "exit_consistency": float((decision.answers == decision.last_answers).mean()),
        "n_samples": table.n_samples,
    }


def exit_accuracies(table: ExitTable) -> NDArray[np.float64]:
    """Accuracy of each exit alone, shape (E,)."""
    return np.asarray((table.logits.argmax(axis=2) == table.labels[:, None]).mean(axis=0))


def exit_calibration_errors(table: ExitTable, temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected calibration error of each exit alone, shape (E,)."""
    probabilities = tempered_probabilities(table.logits, temperatures)
    return np.array([expected_calibration_error(probabilities[:, k], table.labels) for k in range(table.n_exits)])


def expected_calibration_error(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], *, n_bins: int = ECE_BINS
) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their samples (Guo et al., 2017).

    Args:
        probabilities: Shape (N, C).
        labels: Shape (N,).
        n_bins: Number of bins over (0, 1].
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    gap = np.bincount(bins, weights=confidence - right, minlength=n_bins)
    return float(np.abs(gap).sum() / len(labels))
