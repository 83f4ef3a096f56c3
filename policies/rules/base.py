"""What every rule provides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.exit_table import ExitTable


@dataclass(frozen=True)
class RuleView:
    """What a rule sees in one exit table, before any threshold.

    A sample may leave at exit ``k`` when ``eligible[:, k]`` holds and ``scores[:, k]`` reaches the
    exit's threshold; it then gives the answer ``answers[:, k]``. The last exit is always open.

    Attributes:
        scores: Higher means safer to leave, shape (N, E), float64, never NaN.
        eligible: Where leaving is allowed at all, shape (N, E), bool.
        probabilities: The distribution answered with at each exit, shape (N, E, C), float64.
    """

    scores: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    probabilities: NDArray[np.float64]

    @property
    def answers(self) -> NDArray[np.int64]:
        """Predicted class at each exit, shape (N, E); ties go to the lower class index."""
        return np.asarray(self.probabilities.argmax(axis=2), dtype=np.int64)


class Rule(ABC):
    """A family of exit decisions. Stateless: parameters come with every call."""

    name: ClassVar[str]

    @abstractmethod
    def view(self, table: ExitTable, temperatures: NDArray[np.float64], **params: Any) -> RuleView:
        """Turn a table into scores, eligibility and answers.

        Args:
            table: The outputs of the network, (N, E, C).
            temperatures: One divisor of the logits per exit, shape (E,), positive.
            **params: The rule's own parameters.
        """
