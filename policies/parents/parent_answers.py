"""What is answered about parents, where the answers of their samples are pooled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.parents.membership import Parents


UNREAD = -1
"""Stands for the exit of a sample that was not looked at, since its parent's answer was sure before."""


class ParentAnswers(ABC):
    """What is answered about each of ``G`` parents, by the exits that their ``N`` samples take.

    Attributes:
        parents: Which samples make which parent.
    """

    parents: Parents

    @abstractmethod
    def answers(self, exits: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """What is answered.

        Args:
            exits: Index of the exit that each sample takes, or ``UNREAD``, shape (N,); of each parent at least one
                sample is read.

        Returns:
            Shape (G,) for classes, else (G, ...).
        """

    @abstractmethod
    def take(self, rows: NDArray[np.int64]) -> ParentAnswers:
        """The same for some of the samples, each once, in any order; of each parent all of its samples, or none."""
