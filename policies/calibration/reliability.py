"""Reliability curves: how often each exit is right where it is so and so confident."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.blocks import row_blocks
from policies.calibration.calibration_error import ECE_BINS, SampleFigures, confidence_bins
from policies.calibration.temperature import tempered_probabilities
from policies.tables.classification import ClassificationTable


def reliability_curves(
    table: ClassificationTable, temperatures: NDArray[np.float64], *, n_bins: int = ECE_BINS
) -> pd.DataFrame:
    """Confidence against accuracy of every exit alone, before and after its temperature (Guo et al., 2017).

    Args:
        table: Outputs of ``E`` exits.
        temperatures: Temperature of each exit, shape (E,).
        n_bins: Number of equal-width bins over (0, 1].

    Returns:
        One row per exit, state and bin: ``depth`` (1 = first exit), ``is_calibrated``, ``temperature`` (1 before),
        ``low`` and ``high`` (the bin's ends), mean ``confidence`` and ``accuracy`` (NaN in an empty bin) and ``count``.
    """
    states = {
        is_calibrated: (divisors, exit_samples(table, divisors))
        for is_calibrated, divisors in ((False, np.ones(table.n_exits)), (True, temperatures))
    }
    curves = [
        _curve(samples[k], n_bins).assign(depth=k + 1, is_calibrated=is_calibrated, temperature=float(divisors[k]))
        for k in range(table.n_exits)
        for is_calibrated, (divisors, samples) in states.items()
    ]
    columns = ["depth", "is_calibrated", "temperature", "low", "high", "confidence", "accuracy", "count"]
    return pd.concat(curves, ignore_index=True)[columns]


def calibration_error_of(curve: pd.DataFrame) -> float:
    """Expected calibration error of one exit in one state, from its rows of :func:`reliability_curves`."""
    gap = (curve["confidence"] - curve["accuracy"]).abs().fillna(0.0)
    return float((gap * curve["count"]).sum() / curve["count"].sum())


def _curve(samples: SampleFigures, n_bins: int) -> pd.DataFrame:
    confidence, right = samples.confidence, samples.is_right
    bins = confidence_bins(confidence, n_bins=n_bins)
    count = np.bincount(bins, minlength=n_bins)
    filled = np.where(count > 0, count, np.nan)
    edges = np.arange(n_bins + 1) / n_bins
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "confidence": np.bincount(bins, weights=confidence, minlength=n_bins) / filled,
            "accuracy": np.bincount(bins, weights=right, minlength=n_bins) / filled,
            "count": count,
        }
    )


def exit_samples(table: ClassificationTable, temperatures: NDArray[np.float64]) -> list[SampleFigures]:
    """What the figures of every exit's distributions are made of, first exit first.

    Args:
        table: Outputs of ``E`` exits.
        temperatures: Temperature of each exit, shape (E,).
    """
    samples = [SampleFigures.empty(table.labels) for _ in range(table.n_exits)]
    for rows in row_blocks(table.n_samples, table.n_exits * table.n_classes):
        probabilities = tempered_probabilities(table.logits[rows], temperatures)
        for k, own in enumerate(samples):
            own.fill(rows, probabilities[:, k])
    return samples


def exit_calibration_errors(table: ClassificationTable, temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected calibration error of each exit alone, shape (E,)."""
    return np.array([samples.ece() for samples in exit_samples(table, temperatures)])
