"""What the runtime knows of a network: stages that are run one after the other."""

from __future__ import annotations

from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from policies.errors import StagesError


Device = Literal["cpu", "cuda"]
Executor = Literal["onnx", "torch"]
EXECUTORS: tuple[Executor, ...] = get_args(Executor)
"""What can run a network, the faster one on CPUs first."""


class Stages(Protocol):
    """A network of ``E`` stages with a head after each, in whatever executes it.

    Features are what one stage hands to the next: whatever the executor likes, for samples in order. The runtime only
    passes them on.
    """

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""

    def begin(self, inputs: NDArray[Any], /) -> Any:
        """What the first stage takes.

        Args:
            inputs: Shape (n, channels, height, width), uint8 in 0..255 or float32, as splits hold them.
        """

    def run(self, exit_index: int, features: Any, /, *, with_head: bool = True) -> tuple[Any, Any]:
        """Run one stage with its head.

        Args:
            exit_index: Index of the stage and of the exit after it, from 0.
            features: Of the stage before, or what :meth:`begin` gives, for n samples.
            with_head: Whether the exit is asked. Without, its head must not be computed: a network without early exits
                has none.

        Returns:
            The stage's features, and what was said at the exit, on the CPU: what
            :meth:`policies.rules.base.Gate.step` takes, for classifiers
            :class:`~policies.tables.classification.ExitOutputs`; None where it was not asked.
        """

    def take(self, features: Any, rows: NDArray[np.int64], /) -> Any:
        """The features of some of the samples, in the order of their row numbers."""


def require_shape(inputs: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Refuse samples of another shape than the network's.

    Args:
        inputs: Samples, shape (n, ...).
        shape: (channels, height, width) that one must have.

    Raises:
        StagesError: If they have another one.
    """
    if inputs.shape[1:] != shape:
        raise StagesError(f"samples must have shape (n, {', '.join(map(str, shape))}) but have {inputs.shape}")
