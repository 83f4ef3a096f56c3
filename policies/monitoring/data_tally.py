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
        unit: What counts as one: ``sample``, or ``group`` where samples name theirs, also where each is alone in it.
        n_units: Number of units, samples or groups.
        exit_counts: Units that left at each exit, shape (E,).
        class_counts: Units for which each class was answered, shape (C,).
        below: Units whose confidence is below each quantile of the reference, shape (101,).
        at_most: Units whose confidence is at most each quantile of the reference, shape (101,).
    """

    unit: str
    n_units: int
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
            unit="sample" if samples.groups is None else "group",
            n_units=len(sizes),
            exit_counts=_counts(samples.exits, weights, reference.n_exits),
            class_counts=_counts(samples.predictions, weights, reference.n_classes),
            below=passed[np.searchsorted(ascending, quantiles, side="left")],
            at_most=passed[np.searchsorted(ascending, quantiles, side="right")],
        )

    @classmethod
    def nothing(cls, reference: ReferenceStatistics) -> DataTally:
        """Before anything is counted; units are taken to be those of the reference."""
        n_quantiles = len(reference.confidence_quantiles)
        sizes = (reference.n_exits, reference.n_classes, n_quantiles, n_quantiles)
        return cls(reference.unit, 0, *(np.zeros(size) for size in sizes))

    def __add__(self, other: DataTally) -> DataTally:
        return DataTally(
            other.unit if other.n_units else self.unit,
            self.n_units + other.n_units,
            self.exit_counts + other.exit_counts,
            self.class_counts + other.class_counts,
            self.below + other.below,
            self.at_most + other.at_most,
        )


def _counts(values: NDArray[np.int64], weights: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(values, weights=weights, minlength=n), dtype=np.float64)
