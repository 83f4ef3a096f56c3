"""What a network says of parents at one exit, and how what is pooled is answered: as exit tables have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.levels.seen import pooled_table
from policies.parents.membership import Parents
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.rules import get_rule
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable
from policies.tables.multilabel import LABEL_THRESHOLD, MultiLabelTable


@dataclass(frozen=True)
class SaidOfParents:
    """From what stages say of samples to what rules take of parents.

    Attributes:
        answering: How samples are pooled.
        has_labels: Whether answers are sets of labels; else they are classes.
        temperatures: Temperature of each exit, shape (E,).
    """

    answering: Answering
    has_labels: bool
    temperatures: NDArray[np.float64]

    @classmethod
    def by(cls, policy: Policy) -> SaidOfParents:
        """As a policy says."""
        has_labels = get_rule(policy.rule).task == MultiLabelTable.task
        return cls(policy.answering, has_labels, np.asarray(policy.temperatures))

    def outputs(self, exit_index: int, said: Any, parents: Parents) -> Any:
        """What is said of parents at one exit, with its temperature in it.

        Args:
            exit_index: Index of the exit, from 0.
            said: What the stage says of the samples of G parents, N of them.
            parents: Which samples make which parent.
        """
        table = self._table(said.logits[:, None]).answered(self.answering)
        return pooled_table(table, self.temperatures[exit_index : exit_index + 1], parents).outputs.at(0)

    def thresholds(self, n_labels: int) -> NDArray[np.float64] | None:
        """From which pooled value on each label of a parent is answered, shape (L,); None for classes."""
        if not self.has_labels:
            return None
        given = self.answering.label_thresholds
        return np.full(n_labels, LABEL_THRESHOLD) if given is None else np.array(given)

    def _table(self, logits: NDArray[Any]) -> ExitTable:
        """A table of one exit, whose truth says nothing."""
        n_samples, _, n_classes = logits.shape
        ids, cost = np.arange(n_samples).astype(np.str_), np.ones(1)
        if self.has_labels:
            nothing = np.zeros((n_samples, n_classes), dtype=np.uint8)
            return MultiLabelTable(logits=logits, labels=nothing, cost=cost, ids=ids)
        return ClassificationTable(logits=logits, labels=np.zeros(n_samples, dtype=np.int64), cost=cost, ids=ids)
