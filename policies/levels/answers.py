"""What is answered about parents: pooled from samples of which each leaves by itself, or of parents as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.parents.membership import Parents
from policies.parents.parent_answers import UNREAD, ParentAnswers
from policies.pooling.poolings import Pooling
from policies.tables.base import ExitTable, Rows
from policies.views.distributions import Distributions, Taken
from policies.views.view import required


TableT = TypeVar("TableT", bound=ExitTable)


@dataclass(frozen=True)
class PooledAnswers(ParentAnswers):
    """Answers that are pooled from the samples of a parent, each of the exit that it takes.

    Attributes:
        parents: Which samples make which parent.
        parent_labels: What is true of a parent; see :class:`~policies.pooling.answering.Answering`.
        said: What samples say at each exit, of shape (N, E, C).
        pooling: How samples are pooled.
        thresholds: From which pooled value on each label of each parent is answered, shape (G, L); None for classes, of
            which the most probable one is answered.
    """

    parents: Parents
    parent_labels: str
    said: Distributions
    pooling: Pooling
    thresholds: NDArray[np.float64] | None = None

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """What samples say at each exit, those of a parent after those of another and in their order, (N, E, C)."""
        return self.said.whole()[self.parents.rows]

    @property
    def has_distributions(self) -> bool:
        """Always."""
        return True

    def pooled(self, exits: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """What is said of each parent, shape (G, C); arguments as for the base class."""
        own = exits[self.parents.rows]
        read = np.flatnonzero(own != UNREAD)
        of_parent = self.parents.of_sample[self.parents.rows][read]
        starts = np.searchsorted(of_parent, np.arange(self.parents.n + 1))
        return self.pooling.pooled(self.values[read, own[read]], starts)

    def answers(self, exits: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """What is answered about each parent; arguments as for the base class."""
        return self.answered(self.pooled(exits))

    def answered(self, pooled: NDArray[np.float64]) -> NDArray[Any]:
        """The answers that pooled values, shape (G, C), mean: (G,) for classes, else (G, L)."""
        return self.take_answers(pooled, np.arange(self.parents.n))

    def take_answers(self, pooled: NDArray[np.float64], of_parents: NDArray[np.int64]) -> NDArray[Any]:
        """The answers that pooled values mean, of some parents, each perhaps several times.

        Args:
            pooled: Pooled values, shape (n, C).
            of_parents: Index of the parent that each is said of, shape (n,).
        """
        if self.thresholds is None:
            return np.asarray(pooled.argmax(axis=1))
        return np.asarray(pooled >= self.thresholds[of_parents])

    def take(self, rows: NDArray[np.int64]) -> PooledAnswers:
        """The same for some of the samples; arguments as for the base class."""
        parents, own = self.parents.take(rows)
        thresholds = None if self.thresholds is None else self.thresholds[own]
        return replace(self, parents=parents, said=Taken(self.said, rows), thresholds=thresholds)


@dataclass(frozen=True)
class WholeAnswers(ParentAnswers):
    """Answers about parents that leave as a whole: all samples of one take the same exit.

    Attributes:
        parents: Which samples make which parent.
        parent_labels: What is true of a parent; see :class:`~policies.pooling.answering.Answering`.
        at_exits: What is answered about each parent at each exit, shape (G, E, ...).
        said: What the answers are taken from, of shape (G, E, C); None where there is no such thing.
    """

    parents: Parents
    parent_labels: str
    at_exits: NDArray[Any]
    said: Distributions | None = None

    @property
    def has_distributions(self) -> bool:
        """Whether the answers are taken from something."""
        return self.said is not None

    def pooled(self, exits: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """What the answers are taken from, shape (G, C); arguments and errors as for the base class."""
        own = np.arange(self.parents.n), exits[self.parents.first_rows]
        return np.asarray(required(self.said).whole()[own])

    def answers(self, exits: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """What is answered about each parent; arguments as for the base class."""
        return np.asarray(self.at_exits[np.arange(self.parents.n), exits[self.parents.first_rows]])

    def take(self, rows: NDArray[np.int64]) -> WholeAnswers:
        """The same for some of the samples; arguments as for the base class."""
        parents, own = self.parents.take(rows)
        said = None if self.said is None else Taken(self.said, own)
        return replace(self, parents=parents, at_exits=self.at_exits[own], said=said)


@dataclass(frozen=True)
class AnsweredFrom(Distributions):
    """What the answers of one policy about parents were taken from, worked out when it is asked for.

    Attributes:
        parents: What is answered about parents.
        exits: The exit that each sample takes, or ``UNREAD``, shape (N,).
    """

    parents: ParentAnswers
    exits: NDArray[np.integer[Any]]

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """What is said of each parent, shape (G, 1, C): there is one exit, at which it is answered."""
        return self.parents.pooled(self.exits)[:, None]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(G, 1, C)."""
        n_parents, n_exits, n_values = self.values.shape
        return n_parents, n_exits, n_values

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """All parents at once."""
        yield slice(0, len(self.values)), self.values


def parents_table(table: TableT, answers: ParentAnswers) -> TableT:
    """The table of parents about which something is answered, as each exit alone says it, whose samples all take it.

    Args:
        table: Table of the N samples.
        answers: What is answered about their parents.

    Raises:
        PolicyError: If it is not known what answers are taken from.
    """
    parents, n_samples = answers.parents, table.n_samples
    pooled = np.stack([answers.pooled(np.full(n_samples, k)) for k in range(table.n_exits)], axis=1)
    return table.of_parents(parents.names, parents.first_rows, pooled, answers.truth(table.truth))
