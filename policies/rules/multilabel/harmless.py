"""Which samples leave at an exit without costing anything: the labels of a learned gate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.parents.membership import Parents
from policies.pooling.poolings import Pooling, get_pooling
from policies.tables.multilabel import MultiLabelTable


def n_wrong(
    probabilities: NDArray[np.float64], thresholds: NDArray[np.float64], labels: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """How many labels are answered wrongly: (..., L), each, to (...)."""
    return np.asarray(((probabilities >= thresholds) != labels).sum(axis=-1))


def costs_parent_nothing(
    table: MultiLabelTable, probabilities: NDArray[np.float64], rows: NDArray[np.int64], *, together: bool = False
) -> NDArray[np.bool_]:
    """Whether no more of a parent's labels are wrong than if all of its samples go to the last exit.

    Args:
        table: Table that says how samples are pooled.
        probabilities: What is pooled, of the samples ``rows``, shape (n, E, L).
        rows: The samples, shape (n,); of each parent all of its samples, or none.
        together: Whether all samples of the parent leave at the exit, else the one sample, and its siblings at the
            last. What several samples cost their parent is not the sum of what each costs by itself.

    Returns:
        Shape (n, E - 1).

    Raises:
        PolicyError: If answers are not pooled.
    """
    own = table.answering
    if own.pooling is None:
        raise PolicyError(
            "rule 'label-gate' with score 'parent' or 'together' learns what parents lose but each sample answers for "
            "itself; give a pooling, or take another score"
        )
    parents, _ = Parents.of(table).take(rows)
    truth = table.truth.take(rows).of_parents(parents.of_sample, parents.names, own.parent_labels)
    whole = _Whole(get_pooling(own.pooling), table.label_thresholds[rows[parents.first_rows]], truth.labels)
    harmless = np.empty((len(rows), table.n_exits - 1), dtype=np.bool_)
    for size in np.unique(parents.sizes):
        of_size = np.flatnonzero(parents.sizes == size)
        members = parents.rows[parents.starts[of_size][:, None] + np.arange(size)]
        harmless[members] = whole.harmless(of_size, probabilities[members], together=together)
    return harmless


@dataclass(frozen=True)
class _Whole:
    """How G parents answer.

    Attributes:
        pooling: How the samples of a parent are pooled.
        thresholds: From which pooled value on each label of each parent is answered, shape (G, L).
        labels: Whether each label of each parent is on, shape (G, L).
    """

    pooling: Pooling
    thresholds: NDArray[np.float64]
    labels: NDArray[np.uint8]

    def harmless(self, of: NDArray[np.int64], said: NDArray[np.float64], *, together: bool) -> NDArray[np.bool_]:
        """For some parents, shape (g,), and what their M samples say, (g, M, E, L): shape (g, M, E - 1)."""
        _, n_members, n_exits, _ = said.shape
        at_last, early = said[:, :, -1], range(n_exits - 1)
        full = self._n_wrong(of, at_last)
        found = np.empty((len(of), n_members, n_exits - 1), dtype=np.bool_)
        if together:
            for k in early:
                found[:, :, k] = (self._n_wrong(of, said[:, :, k]) <= full)[:, None]
            return found
        for member in range(n_members):
            mixed = at_last.copy()
            for k in early:
                mixed[:, member] = said[:, member, k]
                found[:, member, k] = self._n_wrong(of, mixed) <= full
        return found

    def _n_wrong(self, of: NDArray[np.int64], said: NDArray[np.float64]) -> NDArray[np.int64]:
        return n_wrong(self.pooling.of(said), self.thresholds[of], self.labels[of])
