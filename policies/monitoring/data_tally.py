"""Counts of new data in the places where the reference statistics have theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.monitoring.answers import AnsweredSamples, rounded
from policies.monitoring.groups import unit_codes
from policies.monitoring.reference import ReferenceStatistics


@dataclass(frozen=True)
class DataTally:
    """How many units did what; two of them add up. Each group counts as one, and its samples as their shares of it.

    Attributes:
        n_units: Number of units, samples or groups.
        n_samples: Number of samples.
        exit_counts: Units that left at each exit, shape (E,).
        class_counts: Units for which each class was answered, shape (C,).
        below: Units whose confidence is below each quantile of the reference, shape (101,).
        at_most: Units whose confidence is at most each quantile of the reference, shape (101,).
    """

    n_units: int
    n_samples: int
    exit_counts: NDArray[np.float64]
    class_counts: NDArray[np.float64]
    below: NDArray[np.float64]
    at_most: NDArray[np.float64]

    @classmethod
    def of(cls, samples: AnsweredSamples, reference: ReferenceStatistics) -> DataTally:
        """Count samples, each group's together."""
        codes = unit_codes(samples)
        sizes = np.bincount(codes)
        weights = 1 / sizes[codes]
        confidences = rounded(samples.confidences)
        order = np.argsort(confidences, kind="stable")
        ascending = confidences[order]
        passed = np.concatenate([[0.0], np.cumsum(weights[order])])
        quantiles = np.array(reference.confidence_quantiles)
        return cls(
            n_units=len(sizes),
            n_samples=samples.n_samples,
            exit_counts=_counts(samples.exits, weights, reference.n_exits),
            class_counts=_counts(samples.predictions, weights, reference.n_classes),
            below=passed[np.searchsorted(ascending, quantiles, side="left")],
            at_most=passed[np.searchsorted(ascending, quantiles, side="right")],
        )

    @classmethod
    def nothing(cls, reference: ReferenceStatistics) -> DataTally:
        """Before anything is counted."""
        n_quantiles = len(reference.confidence_quantiles)
        sizes = (reference.n_exits, reference.n_classes, n_quantiles, n_quantiles)
        return cls(0, 0, *(np.zeros(size) for size in sizes))

    @property
    def unit(self) -> str:
        """What counts as one: ``group`` where some unit has several samples."""
        return "group" if self.n_samples > self.n_units else "sample"

    def __add__(self, other: DataTally) -> DataTally:
        return DataTally(
            self.n_units + other.n_units,
            self.n_samples + other.n_samples,
            self.exit_counts + other.exit_counts,
            self.class_counts + other.class_counts,
            self.below + other.below,
            self.at_most + other.at_most,
        )


def _counts(values: NDArray[np.int64], weights: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(values, weights=weights, minlength=n), dtype=np.float64)
