"""What every evaluator of populations provides, and what it tells of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.evaluation.levels import Levels
from policies.policy import first_open_exit
from policies.pooling.answering import Answering
from policies.views.view import RuleView


@dataclass(frozen=True)
class PopulationOutcome:
    """What ``P`` policies did on one table.

    Attributes:
        exit_counts: Samples that left at each exit, shape (P, E).
        qualities: Every quality that was asked for, by name, shape (P,) each.
        cost: Relative cost of each exit, shape (E,).
        n_unread: Samples that were not looked at, which are of depth 0 and cost nothing, shape (P,); None where all
            were.
    """

    exit_counts: NDArray[np.int64]
    qualities: Mapping[str, NDArray[np.float64]]
    cost: NDArray[np.float64]
    n_unread: NDArray[np.int64] | None = None

    @property
    def n_samples(self) -> NDArray[np.int64]:
        """Samples behind every figure, those that were not looked at among them, shape (P,)."""
        n_read = self.exit_counts.sum(axis=1)
        return np.asarray(n_read if self.n_unread is None else n_read + self.n_unread)

    @property
    def mean_depth(self) -> NDArray[np.float64]:
        """Average depth (exit index + 1) of the exit taken, shape (P,)."""
        return np.asarray(self.exit_counts @ np.arange(1, len(self.cost) + 1) / self.n_samples)

    @property
    def mean_cost(self) -> NDArray[np.float64]:
        """Average relative cost of the exit taken, shape (P,)."""
        return np.asarray(self.exit_counts @ self.cost / self.n_samples)

    @classmethod
    def joined(cls, parts: Sequence[PopulationOutcome]) -> PopulationOutcome:
        """What several populations did on one table, one after the other; there is at least one."""
        unread = [part.n_unread for part in parts if part.n_unread is not None]
        return cls(
            exit_counts=np.concatenate([part.exit_counts for part in parts]),
            qualities={name: np.concatenate([part.qualities[name] for part in parts]) for name in parts[0].qualities},
            cost=parts[0].cost,
            n_unread=np.concatenate(unread) if unread else None,
        )

    def take(self, rows: NDArray[np.int64]) -> PopulationOutcome:
        """What some of the policies did, given by their numbers."""
        return PopulationOutcome(
            exit_counts=self.exit_counts[rows],
            qualities={name: values[rows] for name, values in self.qualities.items()},
            cost=self.cost,
            n_unread=None if self.n_unread is None else self.n_unread[rows],
        )


class Evaluator(ABC):
    """Evaluates policies of one rule view on one table, each given as a genome: a level index per gene, shape (G,).

    The genes of gates come first. Level 0 lets as much go as can be; the last level is that of the full network.

    Attributes:
        view: What the rule sees in the table.
        cost: Relative cost of each exit, shape (E,).
        n_samples: Number of samples of the table, ``N``.
        n_exits: Number of exits, ``E``.
        n_levels: Number of levels of each gene, shape (G,).
        levels: Levels of each score column, those of one exit after those of another.
    """

    view: RuleView
    cost: NDArray[np.float64]
    n_samples: int
    n_exits: int
    n_levels: NDArray[np.int64]
    levels: list[Levels]

    @property
    def n_genes(self) -> int:
        """Length of a genome, ``G``."""
        return len(self.n_levels)

    @property
    def n_gates(self) -> int:
        """How many genes are gates of exits."""
        return self.n_genes

    @abstractmethod
    def evaluate(self, genomes: NDArray[np.integer[Any]]) -> PopulationOutcome:
        """Evaluate genomes, shape (P, G), in one call.

        Raises:
            ExitSearchError: If the shape or a level index does not fit this evaluator.
        """

    @abstractmethod
    def line(self, genome: NDArray[np.integer[Any]], gene: int) -> PopulationOutcome:
        """Evaluate every level of one gene while the others stay: one policy per level, in one pass over the samples.

        Args:
            genome: Index of the level of each gene, shape (G,).
            gene: Index of the gene whose levels are tried.
        """

    @abstractmethod
    def thresholds(self, genome: NDArray[np.integer[Any]]) -> tuple[tuple[float, ...], ...]:
        """Thresholds of one genome, shape (E - 1, S); infinity means that the gate is closed."""

    @abstractmethod
    def nearest_genome(self, thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
        """The lowest levels that let nobody leave below the thresholds: (..., E - 1, S) to genomes (..., G)."""

    def answering(self, genome: NDArray[np.integer[Any]], of_table: Answering) -> Answering:
        """How the policy of a genome answers, given how policies on the table do."""
        return of_table

    def decide(self, genome: NDArray[np.integer[Any]], view: RuleView) -> NDArray[np.int64]:
        """The exits that n samples take by the policy of a genome, shape (n,).

        Args:
            genome: Index of the level of each gene, shape (G,).
            view: What the same rule sees in the n samples, such as some that were left out of the table.
        """
        return first_open_exit(view, np.asarray(self.thresholds(genome)).reshape(-1, view.n_columns))

    def at_full_depth(self) -> NDArray[np.int64]:
        """The policies that never leave early, as genomes, shape (P, G): the full network, alone unless it can read."""
        return np.asarray(self.n_levels - 1)[None]

    def _checked(self, genomes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Genomes as numbers of one type, shape (P, G).

        Raises:
            ExitSearchError: If the shape or a level index does not fit this evaluator.
        """
        checked: NDArray[np.int64] = np.ascontiguousarray(genomes, dtype=np.int64)
        if checked.ndim != 2 or checked.shape[1] != self.n_genes:
            raise ExitSearchError(f"genomes must have shape (P, {self.n_genes}) but have {checked.shape}")
        if checked.size and ((checked < 0) | (checked >= self.n_levels)).any():
            raise ExitSearchError(f"level indices must lie below {self.n_levels.tolist()} and not be negative")
        return checked
