"""What the real early exit needs of a network: its stages, one at a time, whatever runs them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from policies.tables.classification import ExitOutputs


Features = Any
"""What one stage gives the next: of an executor's own kind, one tensor or several, samples first."""


class Stages(Protocol):
    """A network with ``E`` exits as its stages, each with the head behind it."""

    @property
    def n_exits(self) -> int:
        """Number of stages, ``E``."""

    def begin(self, inputs: NDArray[Any]) -> Features:
        """Bring samples into the form that stage 0 takes.

        Args:
            inputs: Shape (n, channels, height, width), uint8 in 0..255 or float32, as splits hold them.
        """

    def run(self, k: int, features: Features) -> tuple[Features, ExitOutputs]:
        """Run stage ``k`` and its head.

        Args:
            k: Index of the stage, from 0.
            features: What the stage before gave, or :meth:`begin`.

        Returns:
            What the next stage takes, and what exit ``k`` says, in memory of the processor.
        """

    def take(self, features: Features, rows: NDArray[np.int64]) -> Features:
        """The features of some of the samples, by their row numbers."""
