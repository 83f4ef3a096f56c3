"""From the exits that samples take to the answers about their parents, as words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.parents.code_kernel import codes_of_classes, codes_of_labels
from policies.evaluation.parents.pooling_kernel import (
    LARGEST,
    MEAN,
    PRODUCT,
    QUANTILE,
    SUM,
    TOP_MEAN,
    pool_moved,
    pool_parents,
)
from policies.levels.answers import PooledAnswers
from policies.pooling.poolings import Evidence, Max, Mean, NoisyOr, Pooling, Quantile, TopMean


@dataclass(frozen=True)
class PooledCodes:
    """Pools the samples of ``G`` parents, those of a parent after those of another, and tells the answers as words.

    Attributes:
        values: What each sample says at each exit, in the form that is pooled, shape (N, E, C).
        starts: Where the samples of each parent start, and where the last ones end, shape (G + 1,).
        thresholds: From which pooled value on each label of each parent is answered, shape (G, L); None for classes.
        operation: What is done with the values, as the compiled loops know it.
        parameter: How many values the mean of the largest is of, or which quantile.
        is_evidence: Whether what is pooled are sums of logarithms.
    """

    values: NDArray[np.float64]
    starts: NDArray[np.int64]
    thresholds: NDArray[np.float64] | None
    operation: int
    parameter: float
    is_evidence: bool

    @classmethod
    def of(cls, answers: PooledAnswers) -> PooledCodes | None:
        """What is pooled as a view says; None where it is pooled in a way that the compiled loops do not know."""
        given = answers.values
        found = _operation(answers.pooling)
        if found is None:
            return None
        is_evidence = isinstance(answers.pooling, Evidence)
        if is_evidence:
            given = Evidence.logarithms(given)
        elif isinstance(answers.pooling, NoisyOr):
            given = NoisyOr.absent(given)
        thresholds = None if answers.thresholds is None else np.ascontiguousarray(answers.thresholds)
        return cls(np.ascontiguousarray(given), answers.parents.starts, thresholds, *found, is_evidence)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of samples of each parent, shape (G,)."""
        return np.diff(self.starts)

    @property
    def n_labels(self) -> int | None:
        """Number of labels, ``L``, where answers are sets of them; None for classes."""
        return None if self.thresholds is None else self.thresholds.shape[1]

    def take(self, parents: NDArray[np.int64]) -> PooledCodes:
        """The same for some of the parents, which all have the same size."""
        size = self.starts[parents[0] + 1] - self.starts[parents[0]]
        rows = (self.starts[parents][:, None] + np.arange(size)).ravel()
        thresholds = None if self.thresholds is None else self.thresholds[parents]
        starts = np.arange(len(parents) + 1) * size
        return replace(self, values=self.values[rows], starts=starts, thresholds=thresholds)

    def of_exits(self, exits: NDArray[np.int32]) -> NDArray[np.uint64]:
        """The answers about all parents by each of P policies, policy after policy, shape (P * G, W).

        Args:
            exits: The exits that the samples take, shape (P, N); below 0 where one is not read.
        """
        pooled = pool_parents(
            self.values, exits, self.starts, self.operation, self.parameter, int(self.sizes.max(initial=1))
        )
        every_parent = np.arange(len(self.starts) - 1)
        return self.words(self.said(pooled.reshape(-1, pooled.shape[2])), every_parent)

    def after_moves(
        self, exits: NDArray[np.int32], samples: NDArray[np.int64], exit_index: int, parent_of: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """The answers about the parents of samples that move to an exit one after the other, shape (m, W).

        Args:
            exits: The exits that the samples take before any has moved, shape (N,).
            samples: The samples that move, in their order, shape (m,).
            exit_index: Index of the exit that they move to.
            parent_of: Index of each sample's parent, shape (N,).
        """
        pooled = pool_moved(
            self.values,
            exits.astype(np.int32),
            samples,
            exit_index,
            parent_of,
            self.starts,
            self.operation,
            self.parameter,
            int(self.sizes.max(initial=1)),
        )
        return self.words(self.said(pooled), parent_of[samples])

    def said(self, pooled: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is said of parents, given what the compiled loops pool, shape (..., C)."""
        return Evidence.of_sums(pooled) if self.is_evidence and pooled.size else pooled

    def words(self, said: NDArray[np.float64], parents: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Answers as words, shape (m, W).

        Args:
            said: What is said of parents, shape (m, C).
            parents: Index of the parent of each row, over and over again where there are more rows.
        """
        if self.thresholds is None:
            return np.asarray(codes_of_classes(said))
        return np.asarray(codes_of_labels(said, parents, self.thresholds))


def _operation(pooling: Pooling) -> tuple[int, float] | None:
    """What the compiled loops call a pooling, and its parameter."""
    match pooling:
        case Mean():
            return MEAN, 0.0
        case Max():
            return LARGEST, 0.0
        case NoisyOr():
            return PRODUCT, 0.0
        case Evidence():
            return SUM, 0.0
        case TopMean():
            return TOP_MEAN, float(pooling.k)
        case Quantile():
            return QUANTILE, pooling.share
        case _:
            return None
