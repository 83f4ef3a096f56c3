"""How far probabilities are from what happens: calibration error, Brier score and likelihood, sample by sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


ECE_BINS = 15
TOP_K = 5

Blocks = Iterable[tuple[slice | NDArray[np.int64], NDArray[np.float64]]]
"""Distributions over classes, shape (n, C), with which samples they are of; every sample once."""


@dataclass(frozen=True)
class SampleFigures:
    """What the figures of distributions are made of, sample by sample.

    Attributes:
        labels: True classes, shape (N,).
        confidence: The largest probability, shape (N,).
        is_right: Whether it is that of the true class, shape (N,).
        of_label: Probability of the true class, shape (N,).
        squared_error: Squared distance from the one-hot truth, summed over classes, shape (N,).
        is_in_top: Whether the true class is among the ``TOP_K`` likeliest, shape (N,).
    """

    labels: NDArray[np.int64]
    confidence: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    of_label: NDArray[np.float64]
    squared_error: NDArray[np.float64]
    is_in_top: NDArray[np.bool_]

    @classmethod
    def of(cls, blocks: Blocks, labels: NDArray[np.int64]) -> SampleFigures:
        """Go through distributions block by block.

        Args:
            blocks: Distributions over C classes, block of samples by block.
            labels: True class of each sample, shape (N,).
        """
        samples = cls.empty(labels)
        for rows, probabilities in blocks:
            samples.fill(rows, probabilities)
        return samples

    @classmethod
    def empty(cls, labels: NDArray[np.int64]) -> SampleFigures:
        """To be filled, for labels of shape (N,)."""
        return cls(labels, *(np.empty(len(labels), dtype=kind) for kind in (float, bool, float, float, bool)))

    def fill(self, rows: slice | NDArray[np.int64], probabilities: NDArray[np.float64]) -> None:
        """Put down those of some samples, from distributions of shape (n, C)."""
        labels = self.labels[rows][:, None]
        of_label = np.take_along_axis(probabilities, labels, axis=1)
        self.confidence[rows] = probabilities.max(axis=1)
        self.is_right[rows] = probabilities.argmax(axis=1) == labels[:, 0]
        self.of_label[rows] = of_label[:, 0]
        self.is_in_top[rows] = _is_in_top(probabilities, of_label, labels)
        error = probabilities.copy()
        np.put_along_axis(error, labels, of_label - 1.0, axis=1)
        self.squared_error[rows] = (error**2).sum(axis=1)

    def ece(self, *, n_bins: int = ECE_BINS) -> float:
        """Expected calibration error (Guo et al., 2017).

        It is the mean gap between confidence and accuracy over equal-width bins, weighted by their samples.
        """
        bins = confidence_bins(self.confidence, n_bins=n_bins)
        gap = np.bincount(bins, weights=self.confidence - self.is_right, minlength=n_bins)
        return float(np.abs(gap).sum() / len(self.labels))

    def nll(self) -> float:
        """Mean negative log of the true class's probability, in nats; a probability of 0 counts as 2.2e-16."""
        smallest = np.finfo(np.float64).eps
        return float(-np.log(np.clip(self.of_label, smallest, 1 - smallest)).mean())


def _is_in_top(
    probabilities: NDArray[np.float64], of_label: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether fewer than ``TOP_K`` classes come before the true one; of equal ones the last come first."""
    before = (probabilities > of_label).sum(axis=1)
    ties = (probabilities == of_label) & (np.arange(probabilities.shape[1]) > labels)
    return np.asarray(before + ties.sum(axis=1) < TOP_K)


def confidence_bins(confidence: NDArray[np.float64], *, n_bins: int = ECE_BINS) -> NDArray[np.int64]:
    """Index of each confidence's bin, ``(i / n_bins, (i + 1) / n_bins]``, shape (N,)."""
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
