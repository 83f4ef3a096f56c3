"""Pooling over the samples of a parent: what is said of the parent, given what is said of each of its samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
import re

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError


_TINY = 1e-12
_KNOWN = "mean, max, top-<k> (the mean of the k largest), p<percent> (a quantile), noisy-or and evidence"


class Pooling(ABC):
    """From values in [0, 1] of a parent's samples to its own, label by label or class by class."""

    @abstractmethod
    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pool the samples, shape (..., M, C), to (..., C), in [0, 1]; M is at least 1."""

    def pooled(self, values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Pool parents of any size.

        Args:
            values: Values of all samples, those of a parent after those of another, shape (N, C).
            starts: Where the samples of each parent start, and where the last ones end, shape (G + 1,).

        Returns:
            Shape (G, C).
        """
        sizes = np.diff(starts)
        pooled = np.empty((len(sizes), values.shape[1]))
        for size in np.unique(sizes):
            own = np.flatnonzero(sizes == size)
            pooled[own] = self.of(values[starts[own][:, None] + np.arange(size)])
        return pooled

    def running(self, values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
        """What is said of a parent after each of its samples, shape (N, C); arguments as for :meth:`pooled`."""
        sizes, running = np.diff(starts), np.empty(values.shape)
        for size in range(1, int(sizes.max(initial=0)) + 1):
            first = starts[:-1][sizes >= size]
            running[first + size - 1] = self.of(values[first[:, None] + np.arange(size)])
        return running


class Mean(Pooling):
    """The mean."""

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean over samples."""
        return np.asarray(_summed(values) / values.shape[-2])


class Max(Pooling):
    """The largest value."""

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest value of any sample."""
        return np.asarray(values.max(axis=-2))


@dataclass(frozen=True)
class TopMean(Pooling):
    """The mean of the largest values.

    Attributes:
        k: How many of them, at least 1; all of a parent's where it has fewer.
    """

    k: int

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the min(k, M) largest values."""
        largest = np.sort(values, axis=-2)[..., -self.k :, :]
        return np.asarray(_summed(largest) / largest.shape[-2])


@dataclass(frozen=True)
class Quantile(Pooling):
    """A quantile, with linear interpolation.

    Attributes:
        share: Which quantile, in [0, 1].
    """

    share: float

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The quantile over samples."""
        return np.asarray(np.quantile(values, self.share, axis=-2))


class NoisyOr(Pooling):
    """One less the product of one less the values: some sample has it, if they are independent."""

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that any sample has it."""
        return np.asarray(1 - np.multiply.accumulate(self.absent(values), axis=-2)[..., -1, :])

    @staticmethod
    def absent(values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that a sample does not have it, of any shape: what is multiplied."""
        return 1 - values


class Evidence(Pooling):
    """The sum of logarithms, brought back to a distribution: naive Bayes, for classes that exclude each other."""

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The softmax of the sums of log-probabilities."""
        return self.of_sums(_summed(self.logarithms(values)))

    @staticmethod
    def logarithms(values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The log-probabilities, of any shape: what is summed."""
        return np.asarray(np.log(np.maximum(values, _TINY)))

    @staticmethod
    def of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """The distribution that summed log-probabilities, shape (..., C), mean."""
        likely = np.exp(sums - sums.max(axis=-1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=-1, keepdims=True))


def _summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum over samples, one after the other: the same to the last bit however arrays lie, and in compiled loops."""
    return np.asarray(np.add.accumulate(values, axis=-2)[..., -1, :])


_PLAIN = {"mean": Mean(), "max": Max(), "noisy-or": NoisyOr(), "evidence": Evidence()}


def get_pooling(name: str) -> Pooling:
    """The pooling of a name: ``mean``, ``max``, ``top-2``, ``p75``, ``noisy-or``, ``evidence``.

    Raises:
        PolicyError: If there is none.
    """
    if name in _PLAIN:
        return _PLAIN[name]
    if (top := re.fullmatch(r"top-([1-9]\d*)", name)) is not None:
        return TopMean(int(top[1]))
    if (percent := re.fullmatch(r"p(\d{1,2}(?:\.\d+)?|100)", name)) is not None:
        return Quantile(float(percent[1]) / 100)
    raise PolicyError(f"there is no pooling {name!r}; known are {_KNOWN}")
