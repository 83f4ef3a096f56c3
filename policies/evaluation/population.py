"""Whole populations of policies at once, on packed bits.

For every exit and every threshold level one row of bits says which samples pass the gate. A policy
picks one row per gate, so evaluating it is a few ANDs and population counts per 64 samples. A rule
gets this speed for free: the evaluator sees nothing but its :class:`~policies.rules.RuleView`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.errors import ExitSearchError
from policies.evaluation.evaluator import Evaluator, PopulationOutcome
from policies.evaluation.exits_kernel import take_exits
from policies.evaluation.gates import lay_out_rows
from policies.evaluation.kernels import count_outcomes
from policies.evaluation.levels import CLOSED, column_levels
from policies.evaluation.line_kernel import count_line, without_gene
from policies.evaluation.parents.pooled_population import Moves, PooledPopulation
from policies.evaluation.sample_marks import (
    counted_among,
    marks_of_samples,
    order_of_bits,
    pack,
    packed_marks,
    spans_of,
    without_gaps,
)
from policies.evaluation.tallies import SharedTallies
from policies.judging.judged import Judged
from policies.levels.answers import PooledAnswers
from policies.qualities import CountedQuality, get_quality
from policies.tables.base import Truth
from policies.views.view import Combine, RuleView


AnyInt = TypeVar("AnyInt", bound=np.integer[Any])


@dataclass(frozen=True)
class OpenedGate:
    """What every level of one gate changes, while the others stay.

    Attributes:
        exit_index: Index of the gate's exit.
        closed: The exit that each sample takes where the gate is closed, shape (N,).
        ranks: For each column of the gate, how many of its levels let each sample leave at this exit instead, the
            lowest ones, shape (N,).
        n_levels: Number of levels of each of these columns.
    """

    exit_index: int
    closed: NDArray[np.int64]
    ranks: tuple[NDArray[np.int64], ...]
    n_levels: tuple[int, ...]


class PopulationEvaluator(Evaluator):
    """Evaluates policies of one rule view on one table.

    A genome holds one level index per gene, shape (G,): one gene per exit (but the last) and score column, or
    per exit alone where a policy uses one column per exit. Level 0 lets every eligible sample leave; the
    last level closes the gate. Levels are the distinct observed scores, thinned to evenly spaced ranks where there
    are more than ``max_levels``.

    Args:
        view: What the rule sees in the table.
        truth: What the answers are judged by, of the same N samples.
        cost: Relative cost of each exit, shape (E,).
        max_levels: Most thresholds per score column, besides "closed".
        qualities: Names of what policies are judged by.

    Raises:
        ExitSearchError: If ``max_levels`` is below 2 or a quality is unknown.
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
        if max_levels < 2:
            raise ExitSearchError(f"max_levels must be at least 2 but is {max_levels}")
        self.view = view
        self.cost = cost
        self.n_samples, self.n_exits, _ = view.scores.shape
        self._order = order_of_bits(
            view, truth, [one for one in map(get_quality, qualities) if isinstance(one, CountedQuality)]
        )
        self._sorted: dict[int, NDArray[np.int64]] = {}
        self._lay_out_genes(max_levels)
        self._lay_out_qualities(qualities, truth)

    def evaluate(self, genomes: NDArray[np.integer[Any]]) -> PopulationOutcome:
        """Evaluate genomes; arguments and errors as for the base class."""
        genomes, rows = self._checked(genomes), self._rows
        counts, tallies = count_outcomes(
            genomes,
            self._exit_of_gene,
            self.view.combine is Combine.ALL,
            self._first_level,
            rows.bits,
            rows.first_bit_word,
            rows.first_late,
            rows.last_late,
            rows.late,
            rows.words,
            rows.first_word,
            self._packed,
            self._spans,
            self._marks,
            self._everyone,
            self._n_tallies,
        )
        return self._outcome(counts, tallies, self._taken(genomes))

    def line(self, genome: NDArray[np.integer[Any]], gene: int) -> PopulationOutcome:
        """Evaluate every level of one gene; arguments as for the base class."""
        checked = self._checked(np.asarray(genome)[None])[0]
        at = self._first_level + checked
        counts, tallies = count_line(
            self._rows.columns[at],
            self._rows.least_ranks[at],
            gene,
            self._columns_of_gene[gene],
            self._n_column_levels[self._columns_of_gene[gene]],
            self._exit_of_gene,
            self.view.combine is Combine.ALL,
            self._ranks,
            self._marks,
            self._n_tallies,
        )
        of_parents = {} if self._pooled is None else self._pooled.line(*self._moves(checked, gene))
        return self._outcome(counts, tallies, self._taken_on_line(checked, gene), of_parents)

    def opened(self, genome: NDArray[np.integer[Any]], gene: int) -> OpenedGate:
        """What every level of one gene changes, while the others stay; arguments as for :meth:`line`."""
        taken, can_change = self._without_gene(genome, gene)
        columns = self._columns_of_gene[gene]
        by_row = self._by_row(np.stack([taken, *np.where(can_change, self._ranks[columns], 0)]).astype(np.int64))
        n_levels = tuple(int(n) for n in self._n_column_levels[columns])
        return OpenedGate(int(self._exit_of_gene[gene]), by_row[0], tuple(by_row[1:]), n_levels)

    def thresholds(self, genome: NDArray[np.integer[Any]]) -> tuple[tuple[float, ...], ...]:
        """Thresholds of one genome, shape (E - 1, S); infinity means that the gate is closed."""
        thresholds = np.full((self.n_exits - 1, self.view.n_columns), CLOSED)
        for gene, level in enumerate(genome):
            at = self._first_level[gene] + level
            column, least_rank = int(self._rows.columns[at]), int(self._rows.least_ranks[at])
            if least_rank < len(self.levels[column].thresholds):
                thresholds[divmod(column, self.view.n_columns)] = self.levels[column].thresholds[least_rank]
        return tuple(tuple(float(value) for value in row) for row in thresholds)

    def nearest_genome(self, thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
        """The lowest levels that let nobody leave below the thresholds: (..., E - 1, S) to genomes (..., G).

        Decisions are the same unless levels were thinned. Where a policy uses one column per exit, the column is
        the first whose threshold is finite.
        """
        genomes = np.empty((*thresholds.shape[:-2], self.n_genes), dtype=np.int64)
        for gene, columns in enumerate(self._columns_of_gene):
            genomes[..., gene] = self.n_levels[gene] - 1
            for column in columns[::-1]:
                given = thresholds[..., column // self.view.n_columns, column % self.view.n_columns]
                level = np.searchsorted(self.levels[column].lowest, given)
                first = int(self._n_column_levels[columns[columns < column]].sum())
                is_open = level < len(self.levels[column].lowest)
                genomes[..., gene] = np.where(is_open, first + level, genomes[..., gene])
        return genomes

    def _outcome(
        self,
        counts: NDArray[np.int64],
        tallies: NDArray[np.int64],
        taken: Iterator[NDArray[np.int32]],
        of_parents: Mapping[str, NDArray[np.float64]] | None = None,
    ) -> PopulationOutcome:
        """What policies did, given what was counted, the exits that are taken, and what is known of parents already."""
        found = self._tallies.values(tallies) | dict(of_parents or {})
        pooled = self._pooled if of_parents is None else None
        if pooled is not None or self._judges:
            parts = [self._of_exits(block, pooled) for block in taken]
            found |= {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
        return PopulationOutcome(counts, found, self.cost)

    def _of_exits(self, taken: NDArray[np.int32], pooled: PooledPopulation | None) -> dict[str, NDArray[np.float64]]:
        """What cannot be counted on packed bits, by name, shape (p,), given exits in the order of the bits, (p, N)."""
        found = {} if pooled is None else pooled.values(taken)
        if self._judges:
            exits = self._by_row(taken)
            found |= {name: judge(exits) for name, judge in self._judges.items()}
        return found

    def exits(self, genomes: NDArray[np.int64]) -> Iterator[NDArray[np.int32]]:
        """The exits that samples take by each genome, shape (p, N) each, a block of genomes after the other."""
        return map(self._by_row, self._taken(genomes))

    def _by_row(self, of_bits: NDArray[AnyInt]) -> NDArray[AnyInt]:
        """What is known of samples in the order of the bits, shape (n, N), in that of the table's rows."""
        by_row = np.empty_like(of_bits)
        by_row[:, self._order] = of_bits
        return by_row

    def _taken(self, genomes: NDArray[np.int64]) -> Iterator[NDArray[np.int32]]:
        """The exits that samples take by each genome, in the order of the bits, shape (p, N), block after block."""
        for block in row_blocks(len(genomes), self.n_samples):
            at = self._first_level + genomes[block]
            yield take_exits(
                self._rows.columns[at],
                self._rows.least_ranks[at],
                self._exit_of_gene,
                self.view.combine is Combine.ALL,
                self._ranks,
                self.n_exits,
            )

    def _taken_on_line(self, genome: NDArray[np.int64], gene: int) -> Iterator[NDArray[np.int32]]:
        genomes = np.repeat(genome[None], self.n_levels[gene], axis=0)
        genomes[:, gene] = np.arange(len(genomes))
        return self._taken(genomes)

    def _moves(self, genome: NDArray[np.int64], gene: int) -> tuple[NDArray[np.int32], list[Moves]]:
        """The exits that samples take where a gate is closed, shape (N,), and who moves as each column opens it."""
        taken, can_change = self._without_gene(genome, gene)
        moves = []
        for column in self._columns_of_gene[gene]:
            by_rank, ranks = self._by_rank(int(column)), self._ranks[column]
            samples = by_rank[can_change[by_rank] & (ranks[by_rank] > 0)]
            levels = ranks[samples].astype(np.int64) - 1
            moves.append(Moves(samples, levels, int(self._exit_of_gene[gene]), int(self._n_column_levels[column])))
        return taken, moves

    def _without_gene(self, genome: NDArray[np.integer[Any]], gene: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The exits that samples take with a gate closed, and whether it can change them, in the order of the bits."""
        at = self._first_level + genome
        taken, can_change = without_gene(
            self._rows.columns[at],
            self._rows.least_ranks[at],
            gene,
            self._exit_of_gene,
            self.view.combine is Combine.ALL,
            self._ranks,
            self.n_exits,
        )
        return taken, can_change

    def _by_rank(self, column: int) -> NDArray[np.int64]:
        """Samples by their rank in a column, the highest first, shape (N,)."""
        if column not in self._sorted:
            self._sorted[column] = np.argsort(-self._ranks[column], kind="stable")
        return self._sorted[column]

    def _lay_out_genes(self, max_levels: int) -> None:
        view, n_columns = self.view, self.view.n_columns
        self.levels = [
            column_levels(view.scores[:, k, s], view.eligible[:, k], max_levels)
            for k in range(self.n_exits - 1)
            for s in range(n_columns)
        ]
        ranks = [levels.ranks[self._order] for levels in self.levels]
        self._ranks = np.stack(ranks) if ranks else np.empty((0, self.n_samples), dtype=np.int32)
        self._n_column_levels = np.array([len(levels.thresholds) for levels in self.levels], dtype=np.int64)
        per_gene = n_columns if view.combine is Combine.ONE else 1
        self._columns_of_gene = np.arange(len(self.levels)).reshape(-1, per_gene)
        self._exit_of_gene = np.asarray(self._columns_of_gene[:, 0] // n_columns, dtype=np.int64)
        self.n_levels = np.array(
            [self._n_column_levels[own].sum() + 1 for own in self._columns_of_gene], dtype=np.int64
        )
        self._first_level = np.concatenate([[0], np.cumsum(self.n_levels)])[: self.n_genes].astype(np.int64)
        is_sparse = view.combine is Combine.ANY and n_columns > 1
        self._rows = lay_out_rows(self.levels, ranks, self._columns_of_gene, is_sparse=is_sparse)

    def _lay_out_qualities(self, names: Sequence[str], truth: Truth) -> None:
        qualities = {name: get_quality(name) for name in names}
        judged = Judged(self.view, truth)
        self._pooled = PooledPopulation.of(judged, qualities)
        of_parents = () if self._pooled is None else self._pooled.names
        on_bits = {} if isinstance(self.view.parents, PooledAnswers) else counted_among(qualities)
        self._judges = {
            name: judged.judge(quality)
            for name, quality in qualities.items()
            if name not in on_bits and name not in of_parents
        }
        self._tallies = SharedTallies(on_bits, judged.truth)
        self._n_tallies = self._tallies.n
        marks = marks_of_samples(self._tallies, self.view, judged)[:, self._order]
        self._marks = without_gaps(np.ascontiguousarray(marks.transpose(1, 2, 0)), self._n_tallies)
        self._packed = packed_marks(self._marks, self._n_tallies)
        self._spans = spans_of(self._packed)
        self._everyone = pack(np.ones((1, self.n_samples), dtype=bool))[0]
