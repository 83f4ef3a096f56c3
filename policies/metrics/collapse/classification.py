"""The collapse alarm of classifiers, whose answers are right or wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.calibration.reliability import exit_calibration_errors
from policies.errors import PolicyError
from policies.metrics.collapse.alarms import (
    LEAST,
    Collapse,
    CollapseAlarm,
    ExitFacts,
    Words,
    auroc,
    closed_exits,
    require_about,
)
from policies.policy import Decision, Policy
from policies.rules import RuleView, get_rule
from policies.tables.classification import ClassificationTable
from policies.views.view import required


_WORDS = Words(
    quality=lambda value: f"is right on {value:.1%}",
    short=lambda value: f"right on {value:.1%}",
    least=lambda value: f"the largest class alone has {value:.1%}",
    target=lambda value: f"{value:.1%}",
    told_apart="right from wrong answers",
)


def collapse_alarms(
    table: ClassificationTable,
    decision: Decision,
    policy: Policy,
    *,
    target: float | None,
    is_feasible: bool | None = None,
) -> tuple[CollapseAlarm, ...]:
    """Name exits that take more than ``MOST`` or less than ``LEAST`` of the samples and should not.

    An exit that is hardly used because those before it meet the target, or because others do better, is no cause for
    alarm. Each reason is told once.

    Args:
        table: Exit table that the policy was applied to.
        decision: Exits and answers of the policy on the table.
        policy: Policy whose use of the exits is examined.
        target: Least accuracy that was asked for, in [0, 1]; None or 0 where accuracy has no target. Then only what is
            wrong with an exit by itself is told.
        is_feasible: Whether the policy, which was searched for, meets all that was asked for. If not, there is no
            better one, so that only what is wrong with an exit by itself is told. None for a policy from elsewhere,
            which is judged by the target alone.

    Returns:
        The most important alarm first. A network with one exit never alarms.

    Raises:
        PolicyError: If the target is no accuracy, or the decision is not about this table.
    """
    if target is not None and not 0 <= target <= 1:
        raise PolicyError(f"target must be an accuracy in [0, 1] but is {target}; give a share, not per cent")
    require_about(decision, table)
    if table.n_exits == 1:
        return ()
    right = table.truth.right(decision.answers)
    collapse = Collapse(
        exits=_examine(table, decision, policy, target or 0.0),
        taken=decision.exits,
        quality_of=lambda rows: float(right[rows].mean()),
        target=target or 0.0,
        words=_WORDS,
    )
    return collapse.alarms(is_judged=bool(target) and is_feasible is not False)


def _examine(table: ClassificationTable, decision: Decision, policy: Policy, target: float) -> list[ExitFacts]:
    temperatures = np.asarray(policy.temperatures)
    view = get_rule(policy.rule).view(table, temperatures, **policy.params)
    signal = view.scores[:, :, 0] if view.n_columns == 1 else _confidences(view)
    right = table.truth.right(decision.exit_answers)
    closed = closed_exits(view, policy)
    errors = exit_calibration_errors(table, temperatures)
    return [
        ExitFacts(
            depth=k + 1,
            share=float((decision.exits == k).mean()),
            quality=float(right[:, k].mean()),
            least=float(np.bincount(table.labels).max() / table.n_samples),
            auroc=auroc(signal[:, k], right[:, k]),
            calibration_error=float(errors[k]),
            temperature=policy.temperatures[k],
            is_closed=bool(closed[k]),
            could_help=_could_help(signal[:, k], right[:, k], right[:, -1], target),
        )
        for k in range(table.n_exits)
    ]


def _confidences(view: RuleView) -> NDArray[np.float64]:
    """Largest probability at each exit, shape (N, E)."""
    confidences = np.empty(view.eligible.shape)
    for rows, probabilities in required(view.distributions).blocks():
        confidences[rows] = probabilities.max(axis=2)
    return confidences


def _could_help(
    signal: NDArray[np.float64], right: NDArray[np.bool_], right_at_last: NDArray[np.bool_], target: float
) -> bool:
    order = np.argsort(-signal, kind="stable")
    gain = np.cumsum(right[order].astype(np.int64) - right_at_last[order])
    # Samples of equal score leave together.
    descending = signal[order]
    is_last_of_level = np.append(descending[1:] != descending[:-1], True)
    leaves_enough = np.arange(1, len(signal) + 1) >= LEAST * len(signal)
    # The guard keeps 0.95 * 100 from needing 96 samples through a rounding error.
    meets = right_at_last.sum() + gain >= target * len(signal) - 1e-9
    return bool((is_last_of_level & leaves_enough & meets).any())
