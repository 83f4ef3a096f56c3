"""What is answered about parents, where the answers of their samples are pooled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.parents.membership import Parents
from policies.tables.base import Truth


TruthT = TypeVar("TruthT", bound=Truth)


UNREAD = -1
"""Stands for the exit of a sample that was not looked at, since its parent's answer was sure before."""


def spent_at(of_exits: NDArray[Any], exits: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """What samples spend by the exits that they take, nothing where they are not looked at; of any shape.

    Args:
        of_exits: What leaving at each exit takes, shape (E,).
        exits: Indices of exits, or ``UNREAD``.
    """
    return np.asarray(np.append(of_exits, 0)[exits])


class ParentAnswers(ABC):
    """What is answered about each of ``G`` parents, by the exits that their ``N`` samples take.

    Attributes:
        parents: Which samples make which parent.
        parent_labels: What is true of a parent; see :class:`~policies.pooling.answering.Answering`.
    """

    parents: Parents
    parent_labels: str

    def truth(self, of_samples: TruthT) -> TruthT:
        """What answers about parents are judged by, given what those about samples are."""
        return of_samples.of_parents(self.parents.of_sample, self.parents.names, self.parent_labels)

    @abstractmethod
    def answers(self, exits: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """What is answered.

        Args:
            exits: Index of the exit that each sample takes, or ``UNREAD``, shape (N,); of each parent at least one
                sample is read.

        Returns:
            Shape (G,) for classes, else (G, ...).
        """

    @property
    @abstractmethod
    def has_distributions(self) -> bool:
        """Whether :meth:`pooled` gives something."""

    @abstractmethod
    def pooled(self, exits: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """What the answers are taken from, shape (G, C); arguments as for :meth:`answers`.

        Raises:
            PolicyError: If answers of this kind are taken from nothing of the kind.
        """

    @abstractmethod
    def take(self, rows: NDArray[np.int64]) -> ParentAnswers:
        """The same for some of the samples, each once, in any order; of each parent all of its samples, or none."""
