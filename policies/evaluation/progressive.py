"""Policies that read parents exit by exit until their pooled answer is sure, evaluated by the population."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.evaluator import PopulationOutcome
from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.reading.sureness import MOST_LEVELS
from policies.evaluation.tallies import SharedTallies
from policies.evaluation.until_sure import UntilSure
from policies.judging.judged import Judged
from policies.levels.prefixes import prefix_pooled
from policies.levels.progressive import (
    exits_of_steps,
    first_open_step,
    last_sureness,
    read_progressively,
    samples_of,
)
from policies.qualities import CountedQuality, MeanQuality, get_quality
from policies.spacing import evenly_spaced
from policies.tables.base import Truth
from policies.views.view import RuleView, gate_is_open


_MOST_GATE_LEVELS = 128


class ProgressiveEvaluator(UntilSure):
    """Evaluates policies of one rule view on one table, whose parents are read exit by exit until an answer is sure.

    The last gene is the sureness from which on no further sample is read at the last exit; its last level reads all.
    The genes before it are those of :class:`~policies.evaluation.population.PopulationEvaluator`, with at most 128
    levels. Everything that a parent can be answered with is judged once, for each of its samples at each exit.

    Args:
        view: What the rule sees of parents, a row for each sample once that was read.
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
        answers, most = samples_of(view), min(max_levels, _MOST_GATE_LEVELS)
        self._gates = PopulationEvaluator(view, truth, cost, max_levels=most, qualities=())
        self.view, self.cost, self.levels = view, cost, self._gates.levels
        self.n_samples, self.n_exits = self._gates.n_samples, self._gates.n_exits
        self._parents, self._judged = answers.parents, Judged(view, truth)
        sure = last_sureness(answers)
        observed = np.unique(sure)
        self._until = np.append(observed[evenly_spaced(len(observed), min(most, MOST_LEVELS))], np.inf)
        self._last_open = sure[None] >= self._until[:, None]
        self.n_levels = np.append(self._gates.n_levels, len(self._until))
        self._counts = self._exit_counts()
        self._judge_steps(qualities)

    def evaluate(self, genomes: NDArray[np.integer[Any]]) -> PopulationOutcome:
        """Evaluate genomes; arguments and errors as for the base class."""
        own = self._checked(genomes)
        steps = np.array([self._steps(genome) for genome in own], dtype=np.int64).reshape(len(own), self._parents.n)
        counts = self._counts[steps].sum(axis=1)
        return PopulationOutcome(counts, self._qualities(steps), self.cost, self.n_samples - counts.sum(axis=1))

    def line(self, genome: NDArray[np.integer[Any]], gene: int) -> PopulationOutcome:
        """Evaluate every level of one gene; arguments as for the base class."""
        genomes = np.repeat(np.asarray(genome)[None], self.n_levels[gene], axis=0)
        genomes[:, gene] = np.arange(len(genomes))
        return self.evaluate(genomes)

    def decide(self, genome: NDArray[np.integer[Any]], view: RuleView) -> NDArray[np.int64]:
        """The exits that n samples take, or ``UNREAD``, shape (n,); arguments as for the base class."""
        thresholds = np.asarray(self.thresholds(genome)).reshape(-1, view.n_columns)
        return read_progressively(view, thresholds, self.until(genome))

    def _steps(self, genome: NDArray[np.int64]) -> NDArray[np.int64]:
        """The step after which each parent is answered, shape (G,)."""
        view, thresholds = self.view, np.asarray(self.thresholds(genome)).reshape(-1, self.view.n_columns)
        is_open = np.empty((self.n_exits, self.n_samples), dtype=bool)
        early = view.eligible[:, :-1] & gate_is_open(view.scores[:, :-1], thresholds, view.combine)
        is_open[:-1] = early[self._parents.rows].T
        is_open[-1] = self._last_open[genome[-1]]
        return first_open_step(is_open, self._parents)

    def _exit_counts(self) -> NDArray[np.int64]:
        """Samples of a parent that leave at each exit where it is answered after a step, shape (E * N, E)."""
        parents = self._parents
        place = np.arange(self.n_samples) - np.repeat(parents.starts[:-1], parents.sizes)
        n_here, n_others = place + 1, np.repeat(parents.sizes, parents.sizes) - place - 1
        counts = np.zeros((self.n_exits, self.n_samples, self.n_exits), dtype=np.int64)
        for k in range(self.n_exits):
            counts[k, :, k] = n_here
            if k:
                counts[k, :, k - 1] = n_others
        return counts.reshape(-1, self.n_exits)

    def _judge_steps(self, names: Sequence[str]) -> None:
        answers, parents, truth = samples_of(self.view), self._parents, self._judged.truth
        of_row = parents.of_sample[parents.rows]
        said = [prefix_pooled(answers.values, parents.starts, answers.pooling, k) for k in range(self.n_exits)]
        given = np.concatenate([answers.take_answers(own, of_row) for own in said])
        rows = np.tile(of_row, self.n_exits)
        shape = (len(given), 1)
        view, own = RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), given[:, None]), truth.take(rows)
        qualities = {name: get_quality(name) for name in names}
        counted = {name: one for name, one in qualities.items() if isinstance(one, CountedQuality)}
        self._tallies = SharedTallies(counted, truth)
        self._marks = self._tallies.marks(view, own)[:, :, 0]
        means = {name: one for name, one in qualities.items() if isinstance(one, MeanQuality)}
        self._figures = {name: one.of_answers(given, own) for name, one in means.items()}
        self._others = {name: one for name, one in qualities.items() if name not in {*counted, *means}}

    def _qualities(self, steps: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Each quality of P policies, shape (P,), given the steps after which parents are answered, shape (P, G)."""
        n = self._tallies.n + 1
        tallies = np.array([np.bincount(self._marks[:, own].ravel(), minlength=n)[:-1] for own in steps])
        found = self._tallies.values(tallies.reshape(len(steps), n - 1))
        found |= {name: figures[steps].mean(axis=1) for name, figures in self._figures.items()}
        if self._others:
            exits = np.stack([exits_of_steps(own, self._parents) for own in steps])
            found |= {name: self._judged.judge(one)(exits) for name, one in self._others.items()}
        return found
