"""What a rule is shown of a table, and what its view means for the table's samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.levels.answers import PooledAnswers, WholeAnswers
from policies.levels.prefixes import prefix_pooled
from policies.parents.membership import Parents, require_order
from policies.pooling.answering import Level
from policies.pooling.poolings import get_pooling
from policies.tables.base import ExitTable
from policies.tables.multilabel import MultiLabelTable
from policies.views.distributions import Held
from policies.views.view import RuleView, required


TableT = TypeVar("TableT", bound=ExitTable)


@dataclass(frozen=True)
class Seen:
    """A table as a rule is shown it: sample by sample, or where whole parents leave, parent by parent.

    Attributes:
        table: What the rule is shown, of n rows.
        temperatures: The divisors that go with it, shape (E,).
        whole: The table of N samples.
        parents: Which samples make which parent; None where each sample answers for itself.
        said: What samples say at each exit, shape (N, E, C), where the rule is not shown that; None where it is.
    """

    table: ExitTable
    temperatures: NDArray[np.float64]
    whole: ExitTable
    parents: Parents | None
    said: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, table: ExitTable, temperatures: NDArray[np.float64]) -> Seen:
        """What rules are shown of a table, as its ``answering`` says.

        Args:
            table: Table of N samples.
            temperatures: Temperature of each exit, shape (E,).

        Raises:
            ExitTableError: If answers are to be pooled and samples have no parents or cannot be pooled, or are to be
                read and have no order.
        """
        own = table.answering
        if own.pooling is None:
            return cls(table, temperatures, table, None)
        parents = Parents.of(table)
        if own.level.reads:
            require_order(table)
        if own.level is Level.PROGRESSIVE:
            said, ones = table.probabilities(temperatures), np.ones(table.n_exits)
            return cls(prefix_table(table, said, parents), ones, table, parents, said)
        if own.level is not Level.PARENT:
            return cls(table, temperatures, table, parents)
        return cls(pooled_table(table, temperatures, parents), np.ones(table.n_exits), table, parents)

    def lift(self, view: RuleView) -> RuleView:
        """The view of the table's samples, and what is answered about parents, given the view of what was shown."""
        own, parents = self.whole.answering, self.parents
        if own.pooling is None or parents is None:
            return view
        if own.level is Level.PARENT:
            of_sample = parents.of_sample
            answers = WholeAnswers(parents, own.parent_labels, view.answers, view.distributions)
            return RuleView(
                view.scores[of_sample], view.eligible[of_sample], view.answers[of_sample], None, view.combine, answers
            )
        said = required(view.distributions) if self.said is None else Held(self.said)
        pooled = PooledAnswers(
            parents,
            own.parent_labels,
            said,
            get_pooling(own.pooling),
            self._thresholds(parents),
        )
        return replace(view, parents=pooled)

    def _thresholds(self, parents: Parents) -> NDArray[np.float64] | None:
        table = self.whole
        return table.label_thresholds[parents.first_rows] if isinstance(table, MultiLabelTable) else None


def prefix_table(table: TableT, said: NDArray[np.float64], parents: Parents) -> TableT:
    """The table of parents while they are read exit by exit: a row for each sample, once that was read.

    Rows of a parent share their group, so that nothing that is learnt from some of them is tried on others.

    Args:
        table: Table of N samples that says how they are pooled.
        said: What samples say at each exit, shape (N, E, C).
        parents: Which samples make which parent.

    Raises:
        ExitTableError: If samples of a parent differ and must not.
    """
    own, ordered = table.answering, said[parents.rows]
    pooling, pooled = get_pooling(own.pooling or "mean"), np.empty(said.shape)
    for k in range(table.n_exits):
        pooled[parents.rows, k] = prefix_pooled(ordered, parents.starts, pooling, k)
    truth = table.truth.of_parents(parents.of_sample, parents.names, own.parent_labels).take(parents.of_sample)
    shown = table.of_parents(table.ids, np.arange(table.n_samples), pooled, truth)
    return shown if shown.groups is not None else replace(shown, groups=parents.names[parents.of_sample])


def judged_table(table: TableT, temperatures: NDArray[np.float64]) -> tuple[TableT, NDArray[np.float64]]:
    """The table of what is judged where all samples take the same exit, and the divisors that go with it, shape (E,).

    That is the table itself, or where its answers are pooled that of the parents of its samples.

    Args:
        table: Table of N samples.
        temperatures: Temperature of each exit, shape (E,).

    Raises:
        ExitTableError: As :func:`pooled_table`.
    """
    if table.answering.pooling is None:
        return table, temperatures
    return pooled_table(table, temperatures, Parents.of(table)), np.ones(table.n_exits)


def pooled_table(table: TableT, temperatures: NDArray[np.float64], parents: Parents) -> TableT:
    """The table of the parents of a table's samples, all of which take the same exit; the temperatures are in it.

    Args:
        table: Table of N samples that says how they are pooled.
        temperatures: Temperature of each exit, shape (E,).
        parents: Which samples make which parent.

    Raises:
        ExitTableError: If samples of a parent differ and must not, or cannot be pooled.
    """
    own = table.answering
    pooling = get_pooling(own.pooling or "mean")
    said = table.probabilities(temperatures)[parents.rows]
    pooled = np.stack([pooling.pooled(said[:, k], parents.starts) for k in range(table.n_exits)], axis=1)
    truth = table.truth.of_parents(parents.of_sample, parents.names, own.parent_labels)
    return table.of_parents(parents.names, parents.first_rows, pooled, truth)
