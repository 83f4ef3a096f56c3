"""Reading all samples of a parent exit by exit, and in their order at each, until its pooled answer is sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.levels.answers import PooledAnswers
from policies.levels.prefixes import prefix_pooled
from policies.levels.reading import sureness
from policies.parents.membership import Parents
from policies.parents.parent_answers import UNREAD
from policies.views.view import RuleView, gate_is_open


def read_progressively(view: RuleView, thresholds: NDArray[np.float64], until: float) -> NDArray[np.int64]:
    """The exits of those samples that are read, and ``UNREAD`` for the others, shape (N,).

    A parent's samples are read in order at the first exit, then all of them go on to the next one, and so on. After
    each the answer that is pooled so far is given if the rule's score of it reaches the threshold of the exit; at the
    last exit, if its sureness reaches ``until``.

    Args:
        view: View of samples, in which the row of a sample is about its parent once that sample was read at an exit.
        thresholds: Thresholds of each exit but the last, shape (E - 1, S); infinity closes the gate.
        until: Least sureness at the last exit from which on no further sample is read there; infinity reads all.

    Raises:
        PolicyError: If answers are not pooled from samples of which each leaves by itself.
    """
    answers = samples_of(view)
    parents = answers.parents
    is_open = np.empty(view.eligible.shape, dtype=bool)
    is_open[:, :-1] = view.eligible[:, :-1] & gate_is_open(view.scores[:, :-1], thresholds, view.combine)
    is_open[parents.rows, -1] = last_sureness(answers) >= until
    return exits_of_steps(first_open_step(is_open[parents.rows].T, parents), parents)


def samples_of(view: RuleView) -> PooledAnswers:
    """How a view's answers about parents are pooled from their samples.

    Raises:
        PolicyError: If they are not.
    """
    if isinstance(view.parents, PooledAnswers):
        return view.parents
    raise PolicyError("parents are read exit by exit where their answers are pooled from samples but these are not")


def last_sureness(answers: PooledAnswers) -> NDArray[np.float64]:
    """How sure a parent's answer is once each sample was read at the last exit, parent after parent, shape (N,)."""
    parents = answers.parents
    pooled = prefix_pooled(answers.values, parents.starts, answers.pooling, answers.values.shape[1] - 1)
    thresholds = None if answers.thresholds is None else answers.thresholds[parents.of_sample[parents.rows]]
    return sureness(pooled, thresholds)


def first_open_step(is_open: NDArray[np.bool_], parents: Parents) -> NDArray[np.int64]:
    """The step after which each parent is answered, shape (G,): ``N * exit + place of the sample``.

    Args:
        is_open: Whether a parent may be answered once a sample was read at an exit, shape (E, N), samples of a parent
            after those of another and in their order. After the last sample at the last exit it is in any case.
        parents: Which samples make which parent.
    """
    n_exits, n_samples = is_open.shape
    steps = np.arange(n_exits * n_samples).reshape(n_exits, n_samples)
    first = np.where(is_open, steps, n_exits * n_samples).min(axis=0)
    last = (n_exits - 1) * n_samples + parents.starts[1:] - 1
    return np.asarray(np.minimum(np.minimum.reduceat(first, parents.starts[:-1]), last))


def exits_of_steps(steps: NDArray[np.int64], parents: Parents) -> NDArray[np.int64]:
    """The exits of samples, or ``UNREAD``, shape (N,), given the step after which each parent is answered, (G,)."""
    n_samples = len(parents.rows)
    exit_index, place = np.divmod(steps, n_samples)
    exits = np.empty(n_samples, dtype=np.int64)
    is_read = np.arange(n_samples) <= np.repeat(place, parents.sizes)
    # Before the first exit there is none: those samples are not read.
    exits[parents.rows] = np.repeat(exit_index, parents.sizes) - np.where(is_read, 0, 1)
    return np.where(exits < 0, UNREAD, exits)
