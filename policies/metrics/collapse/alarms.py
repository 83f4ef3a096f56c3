"""Why exits take nearly all samples or nearly none, from figures of the exits, whatever kind of answers they give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from policies.calibration.temperature import TEMPERATURE_BOUNDS, is_clamped
from policies.errors import PolicyError
from policies.policy import Decision, Policy
from policies.rules import Combine, RuleView
from policies.tables.base import ExitTable


MOST = 0.98
LEAST = 0.01
HIGH_CALIBRATION_ERROR = 0.10
LEAST_AUROC = 0.55
LEAST_LEAD = 0.1
"""An exit has signal if it closes at least this part of the gap between what needs no network and the best there is."""


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
class ExitFacts:
    """What an alarm is judged by, of one exit.

    Attributes:
        depth: Depth of the exit; 1 is the first.
        share: Share of the samples that leave at the exit, in [0, 1].
        quality: The quality of the exit alone, in [0, 1].
        least: The quality of answers that need no network, in [0, 1].
        auroc: How well the exit's scores tell the samples that it should take from the others; None where it should
            take all of them, or none.
        calibration_error: How far confidences are from what they say; None where that is not known.
        temperature: Divisor of the exit's outputs.
        is_closed: Whether no score leads through the exit.
        could_help: Whether some threshold of this exit alone, before the last exit, lets a share ``LEAST`` leave and
            still meets the target.
    """

    depth: int
    share: float
    quality: float
    least: float
    auroc: float | None
    calibration_error: float | None
    temperature: float
    is_closed: bool
    could_help: bool


@dataclass(frozen=True)
class Words:
    """How figures of a kind of answers are told.

    Attributes:
        quality: What an exit or its answers are, from a quality: "is right on 80.0%".
        short: The same without a verb, after a comma: "right on 80.0%".
        least: What answers are that need no network, from their quality.
        target: A target by itself: "80.0%".
        told_apart: What scores are to tell apart: "right from wrong answers".
    """

    quality: Callable[[float], str]
    short: Callable[[float], str]
    least: Callable[[float], str]
    target: Callable[[float], str]
    told_apart: str


_Finding = tuple[CollapseReason, str]


@dataclass(frozen=True)
class Collapse:
    """All exits of a policy, and what was asked for.

    Attributes:
        exits: What is known of each exit, the first exit first.
        taken: Index of the exit that each sample took, shape (N,).
        quality_of: The quality of what the policy answered to some of the samples, given by a mask of shape (N,).
        target: The least quality that was asked for, in [0, 1]; 0 where none was.
        words: How figures are told.
    """

    exits: Sequence[ExitFacts]
    taken: NDArray[np.int64]
    quality_of: Callable[[NDArray[np.bool_]], float]
    target: float
    words: Words

    def alarms(self, *, is_judged: bool) -> tuple[CollapseAlarm, ...]:
        """The most important first, and each finding once.

        Args:
            is_judged: Whether the policy is judged by the target; else only what is wrong with an exit by itself is
                told.
        """
        found = {
            one: finding
            for one in self.exits
            if (one.share > MOST or one.share < LEAST)
            and (finding := self._diagnose(one))
            and (is_judged or finding[0] in _FLAWS)
        }
        return tuple(_alarm(one, *finding) for one, finding in _most_important_first(found))

    def _diagnose(self, one: ExitFacts) -> _Finding | None:
        """Why an exit takes nearly all or nearly none; None where that is nothing to be alarmed about."""
        k = one.depth - 1
        if one.share > MOST:
            return self._why_nobody_left() if k == len(self.exits) - 1 else self._why_everyone_leaves(one)
        if (self.taken >= k).mean() < LEAST and not one.is_closed:
            return self._why_nobody_arrives(k)
        return self._flaw(one)

    def _why_nobody_left(self) -> _Finding:
        """Why all samples arrive at the last exit: what holds for most of the others."""
        findings = [self._why_nobody_leaves(one) for one in self.exits[:-1]]
        commonest = Counter(reason for reason, _ in findings).most_common(1)[0][0]
        return next(finding for finding in findings if finding[0] is commonest)

    def _why_everyone_leaves(self, one: ExitFacts) -> _Finding:
        if one.quality >= self.target > 0:
            return CollapseReason.TARGET_TOO_LOOSE, (
                f"depth {one.depth} alone {self.words.quality(one.quality)} and the target is "
                f"{self.words.target(self.target)}; ask for more, or train a smaller network"
            )
        return self._flaw(one) or (
            CollapseReason.THRESHOLD,
            f"its threshold lets nearly everyone leave, {self.words.short(one.quality)} only; raise it",
        )

    def _why_nobody_arrives(self, k: int) -> _Finding | None:
        greediest = max(self.exits[:k], key=lambda one: one.share)
        if self.quality_of(self.taken < k) >= self.target or greediest.share > MOST:
            # Nothing is lost, or the exit that takes all has an alarm of its own.
            return None
        return self._flaw(greediest) or (
            CollapseReason.THRESHOLD,
            f"depth {greediest.depth} takes {greediest.share:.1%} before it; raise the threshold there",
        )

    def _why_nobody_leaves(self, one: ExitFacts) -> _Finding:
        found = self._flaw(one)
        if found:
            return found
        if not one.could_help:
            return CollapseReason.TARGET_TOO_TIGHT, (
                f"no threshold of depth {one.depth} lets {LEAST:.0%} leave and meets the target; "
                f"ask for less, or train that exit further"
            )
        if one.is_closed:
            return CollapseReason.CLOSED, (
                f"depth {one.depth} could let samples leave at the target but the policy never opens it; search "
                f"longer, or certify on more samples"
            )
        return CollapseReason.THRESHOLD, f"the threshold of depth {one.depth} is higher than the target needs; lower it"

    def _flaw(self, one: ExitFacts) -> _Finding | None:
        """What is wrong with an exit whatever the target; no signal first, as it brings temperatures to their clamp."""
        if one.quality - one.least < LEAST_LEAD * (1 - one.least):
            return CollapseReason.NO_SIGNAL, (
                f"depth {one.depth} {self.words.quality(one.quality)} and {self.words.least(one.least)}; "
                f"train that exit further or drop it"
            )
        if one.auroc is not None and one.auroc < LEAST_AUROC:
            return CollapseReason.NO_SIGNAL, (
                f"the scores of depth {one.depth} do not tell {self.words.told_apart} (AUROC {one.auroc:.2f}, chance "
                f"is 0.5); use another rule or train that exit further"
            )
        if is_clamped(np.array([one.temperature]))[0]:
            return CollapseReason.UNCALIBRATED, f"{_clamped(one)}; look at its logits"
        if one.calibration_error is not None and one.calibration_error > HIGH_CALIBRATION_ERROR:
            return CollapseReason.UNCALIBRATED, (
                f"the calibration error of depth {one.depth} is {one.calibration_error:.2f}; fit its temperature anew"
            )
        return None


def require_about(decision: Decision, table: ExitTable) -> None:
    """Refuse a decision about another table.

    Raises:
        PolicyError: If it has other samples or exits.
    """
    if decision.exit_answers.shape[:2] != (table.n_samples, table.n_exits):
        raise PolicyError(
            f"the decision must be about the table's {table.n_samples} samples and {table.n_exits} exits but is about "
            f"{decision.exit_answers.shape[:2]}; apply the policy to this table"
        )


def closed_exits(view: RuleView, policy: Policy) -> NDArray[np.bool_]:
    """Exits through which no score leads, shape (E,)."""
    infinite = np.isposinf(np.asarray(policy.thresholds, dtype=np.float64)).reshape(policy.n_exits - 1, -1)
    gates = infinite.any(axis=1) if view.combine is Combine.ALL else infinite.all(axis=1)
    closed = np.append(gates, False)
    closed[:-1] |= ~view.eligible[:, :-1].any(axis=0)
    return closed


def auroc(signal: NDArray[np.float64], should_leave: NDArray[np.bool_]) -> float | None:
    """How well scores, shape (N,), tell the samples that should leave from the others; None where all are alike."""
    from sklearn.metrics import roc_auc_score

    if should_leave.all() or not should_leave.any():
        return None
    # Ranks, since a score may be minus infinity.
    return float(roc_auc_score(should_leave, rankdata(signal)))


def _clamped(one: ExitFacts) -> str:
    low, high = TEMPERATURE_BOUNDS
    within = low * (1 - 1e-6) <= one.temperature <= high * (1 + 1e-6)
    where = f"at its clamp ({one.temperature:g})" if within else f"{one.temperature:g}, beyond {low:g} to {high:g}"
    return f"the temperature of depth {one.depth} is {where}"


def _most_important_first(found: Mapping[ExitFacts, _Finding]) -> list[tuple[ExitFacts, _Finding]]:
    """Each finding once: at the exit that takes all because of it, else at the first."""
    ordered = sorted(found.items(), key=lambda item: (_BY_IMPORTANCE.index(item[1][0]), item[0].share < LEAST))
    first = {finding: one for one, finding in reversed(ordered)}
    return [(one, finding) for one, finding in ordered if first[finding] is one]


def _alarm(one: ExitFacts, reason: CollapseReason, because: str) -> CollapseAlarm:
    text = f"depth {one.depth} takes {one.share:.1%} of the samples ({reason.value}): {because}"
    return CollapseAlarm(depth=one.depth, share=one.share, reason=reason, text=text)
