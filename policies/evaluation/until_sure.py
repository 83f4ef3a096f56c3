"""What evaluators share whose policies read parents until their pooled answer is sure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.evaluator import Evaluator
from policies.evaluation.population import PopulationEvaluator
from policies.pooling.answering import Answering


class UntilSure(Evaluator):
    """The last gene is the sureness from which on nothing further is read; its last level, infinity, reads all.

    The genes before it are those of :class:`~policies.evaluation.population.PopulationEvaluator`.
    """

    _gates: PopulationEvaluator
    _until: NDArray[np.float64]

    @property
    def n_gates(self) -> int:
        """How many genes are gates of exits: all but the last."""
        return self._gates.n_genes

    def thresholds(self, genome: NDArray[np.integer[Any]]) -> tuple[tuple[float, ...], ...]:
        """Thresholds of the gates, shape (E - 1, S); infinity means that a gate is closed."""
        return self._gates.thresholds(genome[:-1])

    def nearest_genome(self, thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
        """The nearest levels of the gates, as the base class says, and everything read."""
        gates = self._gates.nearest_genome(thresholds)
        return np.concatenate([gates, np.full((*gates.shape[:-1], 1), len(self._until) - 1)], axis=-1)

    def answering(self, genome: NDArray[np.integer[Any]], of_table: Answering) -> Answering:
        """As the table's policies answer, and with the sureness at which this one stops."""
        return of_table.model_copy(update={"read_until": self.until(genome)})

    def until(self, genome: NDArray[np.integer[Any]]) -> float:
        """The sureness from which on nothing further is read."""
        return float(self._until[genome[-1]])

    def at_full_depth(self) -> NDArray[np.int64]:
        """The policies that give no answer before the last exit: one for each sureness at which reading stops."""
        genomes = np.repeat(super().at_full_depth(), len(self._until), axis=0)
        genomes[:, -1] = np.arange(len(self._until))
        return genomes
