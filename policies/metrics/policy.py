"""Figures of a policy on a table; those of each exit alone are in :mod:`policies.metrics.exits`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.calibration.calibration_error import Blocks
from policies.judging.judged import Judged
from policies.metrics.classification import classification_figures
from policies.metrics.reading import read_figures
from policies.parents.parent_answers import UNREAD, spent_at
from policies.policy import Decision
from policies.tables.base import ExitTable, Truth
from policies.tables.classification import ClassificationTable
from policies.tables.latency import stated_latency
from policies.views.view import required


def policy_figures(table: ClassificationTable, decision: Decision) -> dict[str, Any]:
    """The figures that ``summary.json`` gives for one policy of a classifier on one split, as JSON values.

    Returns:
        Everything that :func:`~policies.metrics.classification.classification_figures`,
        :func:`spent_figures` and :func:`exit_behaviour` give; where answers are pooled over parents, of parents.
    """
    judged, parents = Judged(decision.view, table.truth), decision.parents
    return {
        **classification_figures(
            decision.blocks() if parents is None else _of_parents(judged, decision),
            judged.answers(decision.exits),
            table.labels if parents is None else parents.truth(table.truth).labels,
            n_classes=table.n_classes,
        ),
        **spent_figures(table, decision),
        **exit_behaviour(decision, table.truth),
    }


def _of_parents(judged: Judged, decision: Decision) -> Blocks:
    """What the answers about parents were taken from, all at once."""
    answered = required(judged.answered(decision.exits).distributions)
    return ((rows, block[:, 0]) for rows, block in answered.blocks())


def spent_figures(table: ExitTable, decision: Decision) -> dict[str, Any]:
    """What a policy spends, whatever kind of answers it gives.

    Returns:
        Everything that :func:`depth_and_cost_figures` gives, ``n_samples``, ``mean_latency_ms`` where the table
        states measured times, and where samples have parents what :func:`~policies.metrics.reading.read_figures` gives.
    """
    latency = stated_latency(table)
    return {
        **depth_and_cost_figures(decision.exits, table.cost),
        "n_samples": table.n_samples,
        **read_figures(table, decision),
        **({} if latency is None else {"mean_latency_ms": float(spent_at(latency, decision.exits).mean())}),
    }


def depth_and_cost_figures(exits: NDArray[np.int64], cost: NDArray[np.float64]) -> dict[str, Any]:
    """What a policy spends, all minimised.

    Args:
        exits: Index of the exit that each sample took, or ``UNREAD``, which is depth 0 and costs nothing, shape (N,).
        cost: Cost of each exit relative to the full network, shape (E,).

    Returns:
        ``mean_``, ``median_``, ``p90_`` and ``worst_`` of ``depth`` (1 = first exit) and of ``cost``; all but the
        mean are what some sample really took. ``exit_mix`` is the share that left at each depth.
    """
    mix = np.bincount(exits[exits != UNREAD], minlength=len(cost)) / len(exits)
    return {
        **_distribution("depth", exits + 1.0),
        **_distribution("cost", spent_at(cost, exits)),
        "exit_mix": [float(share) for share in mix],
    }


def exit_behaviour(decision: Decision, truth: Truth) -> dict[str, float]:
    """How the answers of the exits hang together, as shares of all that is judged.

    Args:
        decision: What the policy did with N samples, and what all E exits would have answered.
        truth: What answers about the samples are judged by.

    Returns:
        ``flip_rate`` (the answer changes from one exit to the next at least once, wherever the sample left),
        ``exit_consistency`` (the last exit would have answered alike), ``premature_exits`` (wrong, where a later
        exit would have been right) and ``rescues`` (right, where the last exit would have been wrong). An exit's answer
        about a parent is the one if all its samples are read and take that exit; exits later than the deepest that a
        sample of the parent took are later ones.
    """
    judged, n_exits = Judged(decision.view, truth), decision.exit_answers.shape[1]
    answers, at_exits = judged.answers(decision.exits), _answers_at_exits(judged, n_exits)
    right, all_right = judged.truth.right(answers), judged.truth.right(at_exits)
    is_later = np.arange(n_exits) > judged.deepest(decision.exits)[:, None]
    return {
        "flip_rate": float(_differ(at_exits[:, 1:], at_exits[:, :-1], n_axes=2).any(axis=1).mean()),
        "exit_consistency": float((~_differ(answers, at_exits[:, -1], n_axes=1)).mean()),
        "premature_exits": float((~right & (all_right & is_later).any(axis=1)).mean()),
        "rescues": float((right & ~all_right[:, -1]).mean()),
    }


def _answers_at_exits(judged: Judged, n_exits: int) -> NDArray[Any]:
    """What is answered where all samples take the same exit, shape (J, E, ...)."""
    if judged.view.parents is None:
        return judged.view.answers
    n_samples = len(judged.view.answers)
    return np.stack([judged.answers(np.full(n_samples, k)) for k in range(n_exits)], axis=1)


def _differ(first: NDArray[Any], second: NDArray[Any], *, n_axes: int) -> NDArray[np.bool_]:
    """Whether answers are not the same, where those of the same answer are all axes behind so many."""
    return np.asarray((first != second).any(axis=tuple(range(n_axes, first.ndim))))


def _distribution(name: str, values: NDArray[np.floating[Any]]) -> dict[str, float]:
    median, p90 = np.quantile(values, [0.5, 0.9], method="inverted_cdf")
    return {
        f"mean_{name}": float(values.mean()),
        f"median_{name}": float(median),
        f"p90_{name}": float(p90),
        f"worst_{name}": float(values.max()),
    }
