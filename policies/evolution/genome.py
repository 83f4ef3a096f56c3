"""Everything that a search can choose for one rule on one table: the rule's own parameters, and thresholds."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.evaluator import Evaluator, PopulationOutcome
from policies.evaluation.evaluators import evaluator_for
from policies.goals.goal import Goal
from policies.levels.seen import Seen
from policies.policy import Policy
from policies.rules import Combine, get_rule
from policies.rules.crossfit import fit_and_view
from policies.tables.base import ExitTable
from policies.tasks import judged_by


class RuleSpace:
    """The policies of one rule as rows of numbers.

    A candidate is a row ``(variant, level of gene 0, ..., level of gene G - 1)``: the index of a combination of the
    rule's own parameters, then the genome of that variant's evaluator. The GA works on *genes* instead: one
    index per parameter that has a choice, then one position per gate in ``0..resolution``, which means the same
    share of the levels whatever their number. There are at least as many positions as levels.

    Args:
        rule: Name of the rule whose policies are searched.
        table: Exit table of the ``search`` split, on which policies are searched.
        temperatures: Temperature of each exit, shape (E,).
        goal: Goal that says what must be counted.
        max_levels: Most thresholds per exit and score column.
        seed: Seed of the folds of cross-fitting; the same seed gives the same space.

    Raises:
        PolicyError: If the rule cannot be used on the table.
    """

    def __init__(
        self,
        rule: str,
        table: ExitTable,
        temperatures: NDArray[np.float64],
        goal: Goal,
        *,
        max_levels: int = 4096,
        seed: int = 0,
    ) -> None:
        self.rule, self.table, self.temperatures, self.goal = rule, table, temperatures, goal
        self._max_levels = max_levels
        self._seed = seed
        self._seen = Seen.of(table, temperatures)
        choices = get_rule(rule).choices(self._seen.table)
        self._choices = {name: values for name, values in choices.items() if len(values) > 1}
        fixed = {name: values[0] for name, values in choices.items() if len(values) == 1}
        self._variants = [
            {**fixed, **dict(zip(self._choices, values, strict=True))} for values in product(*self._choices.values())
        ]
        self._n_choices = tuple(len(values) for values in self._choices.values())
        self._built: dict[int, tuple[dict[str, Any], Evaluator]] = {}
        view, self.n_genes = self.evaluator(0).view, self.evaluator(0).n_genes
        self.resolution = max_levels * (view.n_columns if view.combine is Combine.ONE else 1)

    @property
    def n_variants(self) -> int:
        """Number of combinations of the rule's own parameters."""
        return len(self._variants)

    @property
    def gene_limits(self) -> list[int]:
        """The largest value of each gene; the smallest is 0."""
        return [n - 1 for n in self._n_choices] + [self.resolution] * self.n_genes

    def evaluator(self, variant: int) -> Evaluator:
        """The evaluator of one variant; built when it is first asked for."""
        return self._build(variant)[1]

    def evaluate(self, candidates: NDArray[np.int64]) -> PopulationOutcome:
        """Evaluate candidates, shape (P, 1 + G)."""
        variants = np.unique(candidates[:, 0])
        if len(variants) == 1:
            return self.evaluator(int(variants[0])).evaluate(candidates[:, 1:])
        rows = [np.flatnonzero(candidates[:, 0] == variant) for variant in variants]
        parts = [self.evaluator(int(v)).evaluate(candidates[own, 1:]) for v, own in zip(variants, rows, strict=True)]
        return PopulationOutcome.joined(parts).take(np.argsort(np.concatenate(rows)))

    def mean_read(self, outcome: PopulationOutcome) -> NDArray[np.float64]:
        """How many samples of a parent each policy reads on average, shape (P,)."""
        parents = self.evaluator(0).view.parents
        n_parents = self.table.n_samples if parents is None else parents.parents.n
        return np.asarray(outcome.exit_counts.sum(axis=1) / n_parents)

    def candidates(self, genes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Genes, shape (P, M + G), as candidates, shape (P, 1 + G)."""
        n_params = len(self._n_choices)
        chosen = genes[:, :n_params].T
        variants = np.ravel_multi_index(tuple(chosen), self._n_choices) if n_params else np.zeros(len(genes), int)
        top = np.stack([self.evaluator(int(variant)).n_levels - 1 for variant in variants])
        levels = np.rint(genes[:, n_params:] / self.resolution * top).astype(np.int64)
        return np.column_stack([variants, levels])

    def genes(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Candidates as genes that mean them again."""
        variants = candidates[:, 0]
        chosen = np.stack(np.unravel_index(variants, self._n_choices), axis=1) if self._n_choices else None
        top = np.stack([self.evaluator(int(variant)).n_levels - 1 for variant in variants])
        positions = np.rint(candidates[:, 1:] / np.maximum(top, 1) * self.resolution).astype(np.int64)
        return positions if chosen is None else np.column_stack([chosen, positions])

    def policy(self, candidate: NDArray[np.int64]) -> Policy:
        """The policy that a candidate means."""
        params, evaluator = self._build(int(candidate[0]))
        return Policy(
            self.rule,
            evaluator.thresholds(candidate[1:]),
            tuple(self.temperatures.tolist()),
            params,
            answering=evaluator.answering(candidate[1:], self.table.answering),
        )

    def _build(self, variant: int) -> tuple[dict[str, Any], Evaluator]:
        if variant not in self._built:
            seen = self._seen
            params, view = fit_and_view(
                get_rule(self.rule), seen.table, seen.temperatures, self._variants[variant], seed=self._seed
            )
            evaluator = evaluator_for(
                seen.lift(view),
                self.table.truth,
                self.table.cost,
                self.table.answering,
                max_levels=self._max_levels,
                qualities=judged_by(self.table, self.goal.qualities),
            )
            self._built[variant] = (params, evaluator)
        return self._built[variant]
