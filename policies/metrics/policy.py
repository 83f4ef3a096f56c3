"""Figures of a policy on a table; those of each exit alone are in :mod:`policies.metrics.exits`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.metrics.classification import classification_figures
from policies.metrics.reading import read_figures
from policies.parents.parent_answers import UNREAD, spent_at
from policies.policy import Decision
from policies.tables.base import ExitTable, Truth
from policies.tables.classification import ClassificationTable
from policies.tables.latency import stated_latency


def policy_figures(table: ClassificationTable, decision: Decision) -> dict[str, Any]:
    """The figures that ``summary.json`` gives for one policy of a classifier on one split, as JSON values.

    Returns:
        Everything that :func:`~policies.metrics.classification.classification_figures`,
        :func:`spent_figures` and :func:`exit_behaviour` give.
    """
    return {
        **classification_figures(decision.blocks(), decision.answers, table.labels, n_classes=table.n_classes),
        **spent_figures(table, decision),
        **exit_behaviour(decision, table.truth),
    }


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
    """How the answers of the exits hang together, as shares of all samples.

    Args:
        decision: What the policy did with N samples, and what all E exits would have answered.
        truth: What answers are judged by.

    Returns:
        ``flip_rate`` (the answer changes from one exit to the next at least once, wherever the sample left),
        ``exit_consistency`` (the last exit would have answered alike), ``premature_exits`` (wrong, where a later
        exit would have been right) and ``rescues`` (right, where the last exit would have been wrong).
    """
    answers = decision.exit_answers
    all_right = truth.right(answers)
    right = truth.right(decision.answers)
    is_later = np.arange(answers.shape[1]) > decision.exits[:, None]
    return {
        "flip_rate": float((answers[:, 1:] != answers[:, :-1]).any(axis=1).mean()),
        "exit_consistency": float((decision.answers == answers[:, -1]).mean()),
        "premature_exits": float((~right & (all_right & is_later).any(axis=1)).mean()),
        "rescues": float((right & ~all_right[:, -1]).mean()),
    }


def _distribution(name: str, values: NDArray[np.floating[Any]]) -> dict[str, float]:
    median, p90 = np.quantile(values, [0.5, 0.9], method="inverted_cdf")
    return {
        f"mean_{name}": float(values.mean()),
        f"median_{name}": float(median),
        f"p90_{name}": float(p90),
        f"worst_{name}": float(values.max()),
    }
