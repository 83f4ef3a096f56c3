"""What a network tells of an architecture that bends to its input, whatever its family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ArchitectureReport:
    """Which operations the edges of a network mix or choose, and how much that varies over inputs.

    Standard deviations are over the inputs, of which there is no larger population to estimate one for.

    Attributes:
        edges: Name of each edge, from source to target.
        operations: Name of each candidate operation; there are ``K``.
        n_inputs: Number of inputs.
        is_adaptive: Whether anything is moved for an input; else all inputs have the same mixture.
        mean: Mean of the operations' shares ``p(x)``, shape (edges, K); each row sums to 1.
        sd: Standard deviation of the shares, shape (edges, K).
        perturbation_sd: Standard deviation of ``Delta alpha(x)``, shape (edges, K).
        squared_norm: Mean of ``||Delta alpha(x)||^2``: equation (17) of input-adaptive hard-exit DARTS.
        chosen: Share of the inputs of which each operation has the largest share, shape (edges, K); each row sums to 1.
        choice_of_alpha: Index of the operation that is largest by the global parameters alone, shape (edges,).
        other_than_alpha: Share of the inputs that would choose another operation than the global parameters do, on at
            least one edge.
        other_than_most: Share of the inputs that would choose another operation than most inputs do, on at least one
            edge. It is 0 where all inputs are moved to the same choices.
    """

    edges: tuple[str, ...]
    operations: tuple[str, ...]
    n_inputs: int
    is_adaptive: bool
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    perturbation_sd: NDArray[np.float64]
    squared_norm: float
    chosen: NDArray[np.float64]
    choice_of_alpha: NDArray[np.intp]
    other_than_alpha: float
    other_than_most: float

    @classmethod
    def of(
        cls,
        *,
        edges: Sequence[str],
        operations: Sequence[str],
        alpha: NDArray[np.float32],
        shares: NDArray[np.float32],
        perturbation: NDArray[np.float32] | None,
        n_inputs: int,
    ) -> Self:
        """From what a network has for each of ``N`` inputs, at least one.

        Args:
            edges: Name of each edge.
            operations: Name of each operation.
            alpha: The global parameters, shape (edges, K).
            shares: ``p(x)``, shape (N, edges, K), or (1, edges, K) where all inputs have the same.
            perturbation: ``Delta alpha(x)``, shape (N, edges, K); None where it is zero.
            n_inputs: Number of inputs, ``N``.
        """
        moved = np.zeros((1, *alpha.shape)) if perturbation is None else perturbation.astype(np.float64)
        # Of the parameters and not of their softmax, in which what differs by little is equal.
        choices, choice_of_alpha = (alpha + moved).argmax(axis=2), alpha.argmax(axis=1)
        chosen = np.stack([(choices == one).mean(axis=0) for one in range(len(operations))], axis=1)
        return cls(
            edges=tuple(edges),
            operations=tuple(operations),
            n_inputs=n_inputs,
            is_adaptive=perturbation is not None,
            mean=shares.mean(axis=0, dtype=np.float64),
            sd=shares.std(axis=0, dtype=np.float64),
            perturbation_sd=moved.std(axis=0),
            squared_norm=float(np.square(moved).sum(axis=(1, 2)).mean()),
            chosen=chosen,
            choice_of_alpha=choice_of_alpha,
            other_than_alpha=float((choices != choice_of_alpha).any(axis=1).mean()),
            other_than_most=float((choices != chosen.argmax(axis=1)).any(axis=1).mean()),
        )

    @property
    def choice_of_mean(self) -> NDArray[np.intp]:
        """Index of the operation with the largest mean share, shape (edges,)."""
        return np.asarray(self.mean.argmax(axis=1))

    @property
    def other_by_edge(self) -> NDArray[np.float64]:
        """Share of the inputs that would choose another operation than the global parameters do, shape (edges,)."""
        return 1.0 - self.chosen[np.arange(len(self.edges)), self.choice_of_alpha]

    @property
    def choices_other_than_alpha(self) -> float:
        """Share of all choices, one for each input on each edge, that are other than the global parameters'."""
        return float(self.other_by_edge.mean())

    @property
    def mean_perturbation_sd(self) -> float:
        """Standard deviation of ``Delta alpha(x)`` as one number: root of the mean variance of all its entries."""
        return float(np.sqrt(np.square(self.perturbation_sd).mean()))

    def to_dict(self) -> dict[str, Any]:
        """JSON form: figures of the whole, then edge by edge, lists in the order of the operations."""
        return {
            "operations": list(self.operations),
            "n_inputs": self.n_inputs,
            "is_adaptive": self.is_adaptive,
            "other_than_alpha": self.other_than_alpha,
            "choices_other_than_alpha": self.choices_other_than_alpha,
            "other_than_most": self.other_than_most,
            "perturbation_sd": self.mean_perturbation_sd,
            "squared_norm": self.squared_norm,
            "edges": [self._edge(place) for place in range(len(self.edges))],
        }

    def _edge(self, place: int) -> dict[str, Any]:
        return {
            "edge": self.edges[place],
            "choice_of_mean": self.operations[self.choice_of_mean[place]],
            "choice_of_alpha": self.operations[self.choice_of_alpha[place]],
            "other_than_alpha": float(self.other_by_edge[place]),
            "mean": self.mean[place].tolist(),
            "sd": self.sd[place].tolist(),
            "chosen": self.chosen[place].tolist(),
            "perturbation_sd": self.perturbation_sd[place].tolist(),
        }
