"""Reading the samples of a parent in order until its pooled answer is sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.levels.answers import PooledAnswers
from policies.parents.parent_answers import UNREAD
from policies.views.view import RuleView


def read_until(view: RuleView, exits: NDArray[np.int64], threshold: float) -> NDArray[np.int64]:
    """The exits of those samples that are read, and ``UNREAD`` for the others, shape (N,).

    A parent's samples are read in order, the first in any case. After the first with a sureness of at least the
    threshold no further one is read.

    Args:
        view: View of samples whose answers are pooled.
        exits: The exit that each sample takes if it is read, shape (N,).
        threshold: Least sureness; infinity reads all.

    Raises:
        PolicyError: If answers are not pooled from samples of which each leaves by itself.
    """
    answers = view.parents
    if not isinstance(answers, PooledAnswers):
        raise PolicyError("samples are read one after the other where each leaves by itself and answers are pooled")
    is_sure = running_sureness(answers, exits) >= threshold
    parents = answers.parents
    n_sure: NDArray[np.int64] = np.cumsum(is_sure) - is_sure
    n_before: NDArray[np.int64] = n_sure - np.repeat(n_sure[parents.starts[:-1]], parents.sizes)
    read = exits.copy()
    read[parents.rows[n_before > 0]] = UNREAD
    return read


def running_sureness(answers: PooledAnswers, exits: NDArray[np.int64]) -> NDArray[np.float64]:
    """How sure the pooled answer is after each sample, those of a parent after those of another, shape (N,).

    Of classes it is the largest pooled value; of labels the least distance of a pooled value from its threshold.
    """
    parents = answers.parents
    values = answers.values[np.arange(len(exits)), exits[parents.rows]]
    running = answers.pooling.running(values, parents.starts)
    thresholds = None if answers.thresholds is None else answers.thresholds[parents.of_sample[parents.rows]]
    return sureness(running, thresholds)


def sureness(pooled: NDArray[np.float64], thresholds: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """How sure pooled values are, shape (n,).

    Args:
        pooled: Pooled values of classes or labels, shape (n, C).
        thresholds: From which pooled value on labels are answered, shape (n, L) or (L,); None for classes.
    """
    if thresholds is None:
        return np.asarray(pooled.max(axis=1))
    return np.asarray(np.abs(pooled - thresholds).min(axis=1))
