"""Why a routing collapsed: what the project's collapse alarm says, and what only routing can be wrong with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import TEMPERATURE_BOUNDS
from policies.metrics.collapse import LEAST, CollapseAlarm, CollapseReason
from policies.metrics.collapse.alarms import LEAST_LEAD
from policies.metrics.collapse.detection import detection_alarms
from policies.policy import Decision, Policy
from policies.tables.detection import DetectionTable
from policies.views.view import RuleView
from trainables.routing.settings import RoutingSettings


KEPT_QUALITY = 0.85
"""The target of the alarm: this part of the mAP of the full network, since the notes wanted to lose less than 15 %."""

_LEAST_SPREAD = 0.02
"""Confidences are alike where nine in ten images lie within this."""


def routing_alarms(
    table: DetectionTable, decision: Decision, policy: Policy, settings: RoutingSettings, *, full_quality: float
) -> tuple[CollapseAlarm, ...]:
    """What is wrong with a routing: first what is wrong with its use of the exits, then with what is its own.

    Args:
        table: Exit table that the policy was applied to.
        decision: What the policy did on the table.
        policy: The routing as a policy, of :func:`~trainables.routing.policy.routed_policy`.
        settings: How it was trained.
        full_quality: The mAP@.5 of the last exit alone, on the table.
    """
    if full_quality < LEAST_LEAD:
        general = (_nothing_learnt(decision, policy, full_quality), *detection_alarms(table, decision, policy))
    else:
        general = detection_alarms(table, decision, policy, target=KEPT_QUALITY * full_quality)
    own = tuple(_own_alarms(policy.view(table), decision, policy, settings))
    # That a policy never opens an exit is nothing to search for longer where its quality gate does not let it.
    is_gated = any(alarm.reason is CollapseReason.CLOSED for alarm in own)
    return (*(alarm for alarm in general if not (is_gated and alarm.reason is CollapseReason.CLOSED)), *own)


def _nothing_learnt(decision: Decision, policy: Policy, full_quality: float) -> CollapseAlarm:
    """What comes before all else: where the last exit finds nothing, no exit mix is better than another."""
    depth = policy.n_exits
    share = float((decision.exits == depth - 1).mean())
    text = (
        f"depth {depth} takes {share:.1%} of the samples ({CollapseReason.NO_SIGNAL.value}): the full network itself "
        f"has mAP@.5 {full_quality:.3f}, so that no exit mix means anything; match anchors by overlap, train it first"
    )
    return CollapseAlarm(depth=depth, share=share, reason=CollapseReason.NO_SIGNAL, text=text)


def _own_alarms(
    view: RuleView, decision: Decision, policy: Policy, settings: RoutingSettings
) -> Iterator[CollapseAlarm]:
    shares = np.bincount(decision.exits, minlength=policy.n_exits) / len(decision.exits)
    temperatures = policy.params["confidence_temperatures"]
    for k, share in enumerate(shares[:-1]):
        for reason, because in (
            (CollapseReason.UNCALIBRATED, _about_temperature(temperatures[k], settings)),
            (CollapseReason.NO_SIGNAL, _about_spread(view.scores[:, k, 0])),
            (CollapseReason.CLOSED, _about_gate(view.eligible[:, k], settings)),
        ):
            if because:
                text = f"depth {k + 1} takes {share:.1%} of the samples ({reason.value}): {because}"
                yield CollapseAlarm(depth=k + 1, share=float(share), reason=reason, text=text)


def _about_temperature(temperature: float, settings: RoutingSettings) -> str:
    """What is wrong with a temperature; empty where nothing is."""
    limits = (settings.least_temperature, settings.most_temperature)
    limit = next((one for one in limits if one is not None and np.isclose(temperature, one, rtol=1e-4)), None)
    if limit is not None:
        return f"its temperature is at its limit ({limit:g}); look at its confidences"
    least, most = TEMPERATURE_BOUNDS
    if least <= temperature <= most:
        return ""
    towards = "one half" if temperature > most else "0 or 1"
    return f"its temperature ran away to {temperature:.3g}, which brings all confidences near to {towards}; clamp it"


def _about_spread(scores: NDArray[np.float64]) -> str:
    """What is wrong with confidences that are alike; empty where they are not."""
    low, high = np.quantile(scores, [0.05, 0.95])
    if high - low >= _LEAST_SPREAD:
        return ""
    return f"its confidences are alike, {low:.3f} to {high:.3f} for nine in ten images; no threshold divides them"


def _about_gate(is_eligible: NDArray[np.bool_], settings: RoutingSettings) -> str:
    """What is wrong with a quality gate that is never open; empty where it opens."""
    if settings.gate is None or is_eligible.mean() >= LEAST:
        return ""
    gate = settings.gate
    return (
        f"its quality gate, {gate.n_objects} boxes above {gate.objectness:g}, is open for {is_eligible.mean():.1%} "
        f"of the images; ask for less, or leave it out"
    )
