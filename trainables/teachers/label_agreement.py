"""Whether soft labels of sets know the labels: else their rows are of other samples, or their columns exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment


CHANCE_DEVIATIONS = 3.0
"""A teacher that read other images agrees with the labels as much as chance does, give or take so many deviations."""


def label_disagreement(said: NDArray[np.floating[Any]], labels: NDArray[Any], names: Sequence[str]) -> str:
    """What is wrong, as half a sentence; empty for nothing.

    It is looked for in the correlations of columns with labels, of which each is about ``1 / sqrt(N)`` by chance.
    Columns and labels that never change have none.

    Args:
        said: Probability of each label, shape (N, L).
        labels: 0 or 1, shape (N, L).
        names: Of the labels.
    """
    correlations, known = _correlations(said, labels)
    chance = CHANCE_DEVIATIONS / np.sqrt(len(labels))
    for column, best in enumerate(linear_sum_assignment(correlations, maximize=True)[1].tolist()):
        own, other = correlations[column, column], correlations[column, best]
        if column != best and other > max(own, 0) + chance:
            return (
                f"column {names[column]!r} must tell of label {names[column]!r} but its correlation with that is "
                f"{own:.2f}, and with {names[best]!r} {other:.2f}: columns are exchanged"
            )
    if not known.any():
        return ""
    mean = float(np.diag(correlations)[known].mean())
    if mean <= chance:
        return (
            f"probabilities must be correlated with their labels by more than chance, {chance:.2f}, but are so by "
            f"{mean:.2f}, the mean of {int(known.sum())} labels: rows are of other samples, or the teacher knows "
            f"nothing"
        )
    return ""


def _correlations(
    said: NDArray[np.floating[Any]], labels: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of each column with each label, shape (L, L), 0 where one never changes; and whether a label does, shape (L,)."""
    one, other = (_standardised(np.asarray(values, dtype=np.float64)) for values in (said, labels))
    return one.T @ other / len(labels), np.asarray(other.any(axis=0))


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values - values.mean(axis=0)
    deviation = values.std(axis=0)
    return np.asarray(np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 0))
