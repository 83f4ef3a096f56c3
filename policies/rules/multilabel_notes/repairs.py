"""What the last exit would put right of the labels that an earlier exit answers wrongly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.tables.multilabel import MultiLabelTable


def label_answers(
    table: MultiLabelTable, temperatures: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Probabilities, and which labels each exit answers, both of shape (N, E, L); temperatures have shape (E,)."""
    probabilities = table.probabilities(temperatures)
    return probabilities, np.asarray(probabilities >= table.label_thresholds[:, None])


def repaired(answers: NDArray[np.bool_], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each exit but the last answers a label wrongly and the last one rightly, shape (N, E - 1, L).

    Args:
        answers: Which labels each exit answers, shape (N, E, L).
        labels: Which labels are on, shape (N, L).
    """
    wrong = answers != labels.astype(bool)[:, None]
    return np.asarray(wrong[:, :-1] & ~wrong[:, -1:])


def label_risks(table: MultiLabelTable, temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """The risk of leaving at each exit but the last with each label, shape (E - 1, L), in [0, 1].

    That of a label is the share of samples of which the exit answers it wrongly and the last exit rightly, divided by
    the largest such share of any label at the exit: the riskiest label has risk 1. Nothing is risky at an exit whose
    errors the last one never repairs. The results log names label risk without a formula; this is the plainest one with
    what its margins are measured by.

    Args:
        table: Exit table of the ``search`` split.
        temperatures: Temperature of each exit, shape (E,).
    """
    shares = repaired(label_answers(table, temperatures)[1], table.labels).mean(axis=0)
    most = shares.max(axis=1, keepdims=True)
    return np.asarray(np.divide(shares, most, out=np.zeros_like(shares), where=most > 0))
