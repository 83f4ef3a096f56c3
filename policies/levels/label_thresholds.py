"""From which probability on each label is answered: fitted where policies are chosen, and judged there all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from policies.parents.membership import Parents
from policies.pooling.poolings import get_pooling
from policies.rules.crossfit import N_FOLDS, folds_of
from policies.tables.multilabel import LABEL_THRESHOLD, MultiLabelTable


_ABOVE_ZERO, _BELOW_ONE = float(np.nextafter(0, 1)), float(np.nextafter(1, 0))


def fit_label_thresholds(table: MultiLabelTable, temperatures: NDArray[np.float64]) -> tuple[float, ...]:
    """The threshold of each label by which its F1 at the last exit is best.

    That is the F1 of what is answered: of samples, or of parents where the table pools their samples. On the samples
    that they are fitted on, such thresholds flatter the very network that they were fitted to; see
    :func:`cross_fitted_thresholds`.

    Args:
        table: Table of the ``search`` split, on which policies are chosen.
        temperatures: Temperature of each exit, shape (E,).

    Returns:
        L numbers in (0, 1), each by :func:`best_threshold`.

    Raises:
        ExitTableError: If answers are pooled and samples have no parents, or their labels differ and must not.
    """
    probabilities, labels = _at_the_last_exit(table, temperatures)
    return tuple(best_threshold(own, on) for own, on in zip(probabilities.T, labels.T, strict=True))


def cross_fitted_thresholds(
    table: MultiLabelTable, temperatures: NDArray[np.float64], *, seed: int = 0, n_folds: int = N_FOLDS
) -> MultiLabelTable:
    """The table with thresholds of each sample that were fitted without it, its group and its parent.

    Judged by these, the table tells what thresholds that are fitted on all of it are worth on new data. A table of one
    group or parent has those that were fitted on itself.

    Args:
        table: Table of the ``search`` split, on which policies are chosen.
        temperatures: Temperature of each exit, shape (E,).
        seed: Seed of the folds; the same seed gives the same thresholds.
        n_folds: Number of parts whose thresholds are fitted on the others, at least 2.
    """
    folds = folds_of(table, seed, n_folds)
    thresholds = np.empty((table.n_samples, table.n_classes))
    for fold in range(folds.max() + 1):
        others = np.flatnonzero(folds != fold)
        thresholds[folds == fold] = fit_label_thresholds(table.take(others) if others.size else table, temperatures)
    return replace(table, thresholds=thresholds)


def with_fitted_thresholds(
    table: MultiLabelTable, temperatures: NDArray[np.float64], *, seed: int = 0
) -> MultiLabelTable:
    """The table as policies are chosen on it that answer by thresholds which are fitted on all of it.

    These are in its ``answering``, for the policies; its own ``thresholds``, by which they are judged there, are
    cross-fitted.

    Args:
        table: Table of the ``search`` split, on which policies are chosen.
        temperatures: Temperature of each exit, shape (E,).
        seed: Seed of the folds.
    """
    fitted = fit_label_thresholds(table, temperatures)
    crossed = cross_fitted_thresholds(table, temperatures, seed=seed)
    answering = table.answering.model_copy(update={"label_thresholds": fitted})
    return replace(table.answered(answering), thresholds=crossed.thresholds)


def best_threshold(probabilities: NDArray[np.float64], on: NDArray[np.integer]) -> float:
    """The threshold of one label by which its F1 is best: it is answered from there on.

    F1 is the same between two probabilities that follow each other, so that the middle of the best interval is taken;
    of several best intervals the widest, and of equally wide ones the lowest. A label that never occurs, or has no
    probability above 0, has one half.

    Args:
        probabilities: Probability of the label, shape (n,), in [0, 1].
        on: Whether it is on, shape (n,), 0 or 1.
    """
    n_on, likely = int(on.sum()), probabilities > 0
    if n_on == 0 or not likely.any():
        return LABEL_THRESHOLD
    # Answered are those from each distinct probability on, from the lowest upwards.
    levels, of_sample = np.unique(probabilities[likely], return_inverse=True)
    n_answered = np.cumsum(np.bincount(of_sample)[::-1])[::-1]
    n_right = np.cumsum(np.bincount(of_sample, weights=on[likely])[::-1])[::-1]
    f1 = 2 * n_right / (n_answered + n_on)
    below = np.concatenate([[0.0], levels[:-1]])
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    widest = best[(levels - below)[best].argmax()]
    middle = (levels[widest] + below[widest]) / 2
    # Between neighbours among floating-point numbers there is no middle.
    threshold = middle if middle > below[widest] else levels[widest]
    return float(np.clip(threshold, _ABOVE_ZERO, _BELOW_ONE))


def _at_the_last_exit(
    table: MultiLabelTable, temperatures: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """What is said by the full network of what is judged, shape (J, L), and what is true of it, shape (J, L)."""
    own = table.answering
    said = expit(table.logits[:, -1].astype(np.float64) / temperatures[-1])
    if own.pooling is None:
        return said, table.labels
    parents = Parents.of(table)
    truth = table.truth.of_parents(parents.of_sample, parents.names, own.parent_labels)
    return get_pooling(own.pooling).pooled(said[parents.rows], parents.starts), truth.labels
