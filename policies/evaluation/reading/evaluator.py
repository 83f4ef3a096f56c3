"""Policies that read the samples of a parent in order until its pooled answer is sure, evaluated by the population."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.errors import PolicyError
from policies.evaluation.evaluator import PopulationOutcome
from policies.evaluation.parents.pooled_codes import PooledCodes
from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.reading.answers import AnswerJudge, Changes
from policies.evaluation.reading.kernels import Reader, open_gate, read_policies, stop_reading
from policies.evaluation.reading.sureness import MOST_LEVELS, sureness_levels
from policies.evaluation.until_sure import UntilSure
from policies.judging.judged import Judged
from policies.levels.answers import PooledAnswers
from policies.levels.reading import read_until
from policies.qualities import get_quality
from policies.tables.base import Truth
from policies.views.view import RuleView


class ReadingEvaluator(UntilSure):
    """Evaluates policies of one rule view on one table, whose samples are read until their parent's answer is sure.

    The last gene is the sureness from which on no further sample of a parent is read; its last level reads all. The
    genes before it are those of :class:`~policies.evaluation.population.PopulationEvaluator`. A sample that is not read
    is of depth 0 and costs nothing.

    Args:
        view: What the rule sees in the table, whose answers are pooled from samples that each leave by themselves.
        truth: What the answers are judged by, of the same N samples.
        cost: Relative cost of each exit, shape (E,).
        max_levels: Most thresholds per score column, besides "closed".
        qualities: Names of what policies are judged by.

    Raises:
        ExitSearchError: If ``max_levels`` is below 2 or a quality is unknown, or answers are not pooled from samples.
    """

    def __init__(
        self,
        view: RuleView,
        truth: Truth,
        cost: NDArray[np.float64],
        *,
        max_levels: int = 1024,
        qualities: Sequence[str] = ("accuracy",),
    ) -> None:
        answers = view.parents
        if not isinstance(answers, PooledAnswers):
            raise PolicyError("samples are read one after the other where each leaves by itself and answers are pooled")
        self._gates = PopulationEvaluator(view, truth, cost, max_levels=max_levels, qualities=())
        self.view, self.cost, self.levels = view, cost, self._gates.levels
        self.n_samples, self.n_exits = self._gates.n_samples, self._gates.n_exits
        self._until = sureness_levels(answers, self.n_exits, min(max_levels, MOST_LEVELS))
        self.n_levels = np.append(self._gates.n_levels, len(self._until))
        self._codes, self._rows = _codes(answers), answers.parents.rows
        self._reader = _reader(self._codes)
        own = {name: get_quality(name) for name in qualities}
        self._judge = AnswerJudge(Judged(view, truth), answers, self._codes, own)

    def evaluate(self, genomes: NDArray[np.integer[Any]]) -> PopulationOutcome:
        """Evaluate genomes; arguments and errors as for the base class."""
        own = self._checked(genomes)
        n_said = len(self._codes.sizes) * self._codes.values.shape[2]
        blocks = list(row_blocks(len(own), max(n_said, self.n_samples)))
        return PopulationOutcome.joined([self._evaluate(own[block]) for block in blocks or [slice(0, 0)]])

    def line(self, genome: NDArray[np.integer[Any]], gene: int) -> PopulationOutcome:
        """Evaluate every level of one gene, reading only the parents that change; arguments as for the base class."""
        own = self._checked(np.asarray(genome)[None])[0]
        closed, parts = self._stopped(own) if gene == self.n_gates else self._opened(own, gene)
        last = math.inf if gene == self.n_gates else float(self._until[own[-1]])
        pooled, counts = read_policies(self._reader, closed[None], np.array([last]))
        qualities = self._judge.of_line(self._codes.said(pooled)[0], parts)
        return self._outcome(np.concatenate([*(part.exit_counts(counts[0]) for part in parts), counts]), qualities)

    def decide(self, genome: NDArray[np.integer[Any]], view: RuleView) -> NDArray[np.int64]:
        """The exits that n samples take, or ``UNREAD``, shape (n,); arguments as for the base class."""
        return read_until(view, super().decide(genome, view), self.until(genome))

    def _evaluate(self, genomes: NDArray[np.int64]) -> PopulationOutcome:
        pooled, counts = read_policies(self._reader, self._exits(genomes), self._until[genomes[:, -1]])
        return self._outcome(counts, self._judge.of_policies(self._codes.said(pooled)))

    def _exits(self, genomes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The exits that samples take if they are read, in the order in which they are, shape (P, N)."""
        nobody = np.empty((0, self.n_samples), dtype=np.int64)
        return np.concatenate([nobody, *self._gates.exits(genomes[:, :-1])])[:, self._rows]

    def _stopped(self, genome: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[Changes]]:
        """The exits of samples that are all read, and what stopping earlier changes."""
        exits = self._exits(genome[None])[0]
        finite = self._until[:-1]
        found = stop_reading(self._reader, exits, finite)
        return exits, [self._changes(found, len(finite))]

    def _opened(self, genome: NDArray[np.int64], gene: int) -> tuple[NDArray[np.int64], list[Changes]]:
        """The exits of samples where a gate is closed, and what opening it changes, column by column."""
        gate = self._gates.opened(genome[:-1], gene)
        closed, until = gate.closed[self._rows], self.until(genome)
        parts = [
            self._changes(open_gate(self._reader, closed, ranks[self._rows], gate.exit_index, until), n_levels)
            for ranks, n_levels in zip(gate.ranks, gate.n_levels, strict=True)
        ]
        return closed, parts

    def _changes(self, found: tuple[NDArray[Any], ...], n_levels: int) -> Changes:
        parents, levels, pooled, counts = found
        return Changes(parents, levels, self._codes.said(pooled), counts, n_levels)

    def _outcome(self, counts: NDArray[np.int64], qualities: dict[str, NDArray[np.float64]]) -> PopulationOutcome:
        return PopulationOutcome(counts, qualities, self.cost, self.n_samples - counts.sum(axis=1))


def _codes(answers: PooledAnswers) -> PooledCodes:
    """How samples are pooled, as the compiled loops know it.

    Raises:
        PolicyError: If they do not know it.
    """
    codes = PooledCodes.of(answers)
    if codes is None:
        raise PolicyError(
            f"pooling {type(answers.pooling).__name__} has no compiled loop, so that nothing is read by it; let "
            f"samples or whole parents leave (level sample or parent)"
        )
    return codes


def _reader(codes: PooledCodes) -> Reader:
    cuts = np.empty((0, 0)) if codes.thresholds is None else codes.thresholds
    return Reader(codes.values, codes.starts, cuts, codes.operation, codes.parameter)
