"""The collapse alarm: exits that take nearly all samples or nearly none, where a person should do something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from policies.calibration.reliability import exit_calibration_errors
from policies.calibration.temperature import is_clamped
from policies.errors import PolicyError
from policies.policy import Decision, Policy
from policies.rules import Combine, RuleView, get_rule
from policies.tables.classification import ClassificationTable
from policies.views.view import required


MOST = 0.98
LEAST = 0.01
HIGH_CALIBRATION_ERROR = 0.10
LEAST_AUROC = 0.55
LEAST_LEAD = 0.1
"""An exit has signal if it closes at least this part of the gap between the largest class's share and 1."""


class CollapseReason(StrEnum):
    """Why an exit takes nearly all samples or nearly none; what is most worth doing something about comes first."""

    NO_SIGNAL = "no signal"
    UNCALIBRATED = "uncalibrated"
    THRESHOLD = "threshold"
    """The threshold is where it is for no reason that the table shows."""
    CLOSED = "closed by the policy"
    TARGET_TOO_TIGHT = "target too tight"
    TARGET_TOO_LOOSE = "target too loose"


_BY_IMPORTANCE = list(CollapseReason)
_FLAWS = (CollapseReason.NO_SIGNAL, CollapseReason.UNCALIBRATED)
"""What is wrong with an exit whatever is asked for."""


@dataclass(frozen=True)
class CollapseAlarm:
    """One exit that takes nearly all samples or nearly none.

    Attributes:
        depth: Depth of the exit; 1 is the first.
        share: Share of the samples that leave at the exit, in [0, 1].
        reason: Likeliest reason that the exit takes so many or so few.
        text: What a person is told, in one line.
    """

    depth: int
    share: float
    reason: CollapseReason
    text: str


@dataclass(frozen=True)
class _Exit:
    """What an alarm is judged by.

    ``could_help`` says whether some threshold of this exit alone, before the last exit, lets a share ``LEAST``
    leave and still meets the target. ``auroc`` is None where all answers are right, or all wrong.
    """

    depth: int
    share: float
    accuracy: float
    majority: float
    auroc: float | None
    calibration_error: float
    temperature: float
    is_closed: bool
    could_help: bool


_Finding = tuple[CollapseReason, str]


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
    if decision.exit_answers.shape != (table.n_samples, table.n_exits):
        raise PolicyError(
            f"the decision must be about the table's {table.n_samples} samples and {table.n_exits} exits but is about "
            f"{decision.exit_answers.shape}; apply the policy to this table"
        )
    if table.n_exits == 1:
        return ()
    exits = _examine(table, decision, policy, target or 0.0)
    right = table.truth.right(decision.answers)
    is_judged = bool(target) and is_feasible is not False
    found = {
        one: finding
        for one in exits
        if (one.share > MOST or one.share < LEAST)
        and (finding := _diagnose(exits, one, decision.exits, right, target or 0.0))
        and (is_judged or finding[0] in _FLAWS)
    }
    return tuple(_alarm(one, *finding) for one, finding in _most_important_first(found))


def _most_important_first(found: Mapping[_Exit, _Finding]) -> list[tuple[_Exit, _Finding]]:
    """Each finding once: at the exit that takes all because of it, else at the first."""
    ordered = sorted(found.items(), key=lambda item: (_BY_IMPORTANCE.index(item[1][0]), item[0].share < LEAST))
    first = {finding: one for one, finding in reversed(ordered)}
    return [(one, finding) for one, finding in ordered if first[finding] is one]


def _alarm(one: _Exit, reason: CollapseReason, because: str) -> CollapseAlarm:
    text = f"depth {one.depth} takes {one.share:.1%} of the samples ({reason.value}): {because}"
    return CollapseAlarm(depth=one.depth, share=one.share, reason=reason, text=text)


def _examine(table: ClassificationTable, decision: Decision, policy: Policy, target: float) -> list[_Exit]:
    temperatures = np.asarray(policy.temperatures)
    view = get_rule(policy.rule).view(table, temperatures, **policy.params)
    signal = view.scores[:, :, 0] if view.n_columns == 1 else _confidences(view)
    right = table.truth.right(decision.exit_answers)
    closed = _closed_exits(view, policy)
    errors = exit_calibration_errors(table, temperatures)
    return [
        _Exit(
            depth=k + 1,
            share=float((decision.exits == k).mean()),
            accuracy=float(right[:, k].mean()),
            majority=float(np.bincount(table.labels).max() / table.n_samples),
            auroc=_auroc(signal[:, k], right[:, k]),
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


def _closed_exits(view: RuleView, policy: Policy) -> NDArray[np.bool_]:
    """Exits through which no score leads, shape (E,)."""
    infinite = np.isposinf(np.asarray(policy.thresholds, dtype=np.float64)).reshape(policy.n_exits - 1, -1)
    gates = infinite.any(axis=1) if view.combine is Combine.ALL else infinite.all(axis=1)
    closed = np.append(gates, False)
    closed[:-1] |= ~view.eligible[:, :-1].any(axis=0)
    return closed


def _auroc(signal: NDArray[np.float64], right: NDArray[np.bool_]) -> float | None:
    from sklearn.metrics import roc_auc_score

    if right.all() or not right.any():
        return None
    # Ranks, since a score may be minus infinity.
    return float(roc_auc_score(right, rankdata(signal)))


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


def _diagnose(
    exits: Sequence[_Exit], one: _Exit, taken: NDArray[np.int64], right: NDArray[np.bool_], target: float
) -> _Finding | None:
    """Why an exit takes nearly all or nearly none; None where that is nothing to be alarmed about."""
    k = one.depth - 1
    if one.share > MOST:
        return _why_nobody_left(exits[:-1]) if k == len(exits) - 1 else _why_everyone_leaves(one, target)
    if (taken >= k).mean() < LEAST and not one.is_closed:
        return _why_nobody_arrives(exits[:k], right[taken < k], target)
    return _flaw(one)


def _why_nobody_left(earlier: Sequence[_Exit]) -> _Finding:
    """Why all samples arrive at the last exit: what holds for most of the others."""
    findings = [_why_nobody_leaves(one) for one in earlier]
    commonest = Counter(reason for reason, _ in findings).most_common(1)[0][0]
    return next(finding for finding in findings if finding[0] is commonest)


def _why_everyone_leaves(one: _Exit, target: float) -> _Finding:
    if one.accuracy >= target > 0:
        return CollapseReason.TARGET_TOO_LOOSE, (
            f"depth {one.depth} alone is right on {one.accuracy:.1%} and the target is {target:.1%}; "
            f"ask for more, or train a smaller network"
        )
    return _flaw(one) or (
        CollapseReason.THRESHOLD,
        f"its threshold lets nearly everyone leave, right on {one.accuracy:.1%} only; raise it",
    )


def _why_nobody_arrives(earlier: Sequence[_Exit], right: NDArray[np.bool_], target: float) -> _Finding | None:
    greediest = max(earlier, key=lambda one: one.share)
    if right.mean() >= target or greediest.share > MOST:
        # Nothing is lost, or the exit that takes all has an alarm of its own.
        return None
    return _flaw(greediest) or (
        CollapseReason.THRESHOLD,
        f"depth {greediest.depth} takes {greediest.share:.1%} before it; raise the threshold there",
    )


def _why_nobody_leaves(one: _Exit) -> _Finding:
    found = _flaw(one)
    if found:
        return found
    if not one.could_help:
        return CollapseReason.TARGET_TOO_TIGHT, (
            f"no threshold of depth {one.depth} lets {LEAST:.0%} leave and meets the target; "
            f"ask for less, or train that exit further"
        )
    if one.is_closed:
        return CollapseReason.CLOSED, (
            f"depth {one.depth} could let samples leave at the target but the policy never opens it; search longer, "
            f"or certify on more samples"
        )
    return CollapseReason.THRESHOLD, f"the threshold of depth {one.depth} is higher than the target needs; lower it"


def _flaw(one: _Exit) -> _Finding | None:
    """What is wrong with an exit whatever the target; no signal first, since it brings the temperature to its clamp."""
    if one.accuracy - one.majority < LEAST_LEAD * (1 - one.majority):
        return CollapseReason.NO_SIGNAL, (
            f"depth {one.depth} is right on {one.accuracy:.1%} and the largest class alone has {one.majority:.1%}; "
            f"train that exit further or drop it"
        )
    if one.auroc is not None and one.auroc < LEAST_AUROC:
        return CollapseReason.NO_SIGNAL, (
            f"the scores of depth {one.depth} do not tell right from wrong answers (AUROC {one.auroc:.2f}, chance is "
            f"0.5); use another rule or train that exit further"
        )
    if is_clamped(np.array([one.temperature]))[0]:
        return CollapseReason.UNCALIBRATED, (
            f"the temperature of depth {one.depth} is at its clamp ({one.temperature:g}); look at its logits"
        )
    if one.calibration_error > HIGH_CALIBRATION_ERROR:
        return CollapseReason.UNCALIBRATED, (
            f"the calibration error of depth {one.depth} is {one.calibration_error:.2f}; fit its temperature anew"
        )
    return None
