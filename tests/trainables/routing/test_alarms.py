from dataclasses import replace

import numpy as np
import pytest
import torch

from policies.metrics.collapse import CollapseReason
from policies.tables.boxes import no_boxes
from tests.detection_tables import make_detection_table
from trainables.routing.alarms import routing_alarms
from trainables.routing.policy import routed_policy
from trainables.routing.router import Router
from trainables.routing.settings import QualityGate, RoutingSettings, Thresholds


TABLE = make_detection_table(80)


def alarms(*, temperatures=(1.0, 1.0, 1.0), table=TABLE, full_quality=0.5, **changes):
    router = Router(RoutingSettings(**{"thresholds": Thresholds.FIXED, "start": (0.5, 0.5), **changes}), 3)
    router.log_temperatures.data = torch.tensor(temperatures).log()
    policy = routed_policy(router, table)
    return routing_alarms(table, policy.decide(table), policy, router.settings, full_quality=full_quality)


def test_a_routing_that_uses_all_exits_has_no_alarm():
    assert alarms(start=(0.85, 0.8), full_quality=0.1) == ()


def test_thresholds_above_all_confidences_are_told():
    # Early exits find what the last does, or know that they find nothing.
    boxes = np.repeat(TABLE.boxes[:, 2:], 3, axis=1)
    boxes[::2, :2] = no_boxes(*boxes[::2, :2].shape[:3])
    found = alarms(table=replace(TABLE, boxes=boxes), start=(0.999, 0.999), full_quality=0.1)
    assert [(one.depth, one.reason) for one in found] == [(3, CollapseReason.THRESHOLD)]
    assert "takes 100.0% of the samples" in found[0].text


def test_a_temperature_that_ran_away_is_told_with_what_it_does():
    found = alarms(temperatures=(500.0, 1.0, 1.0), start=(0.45, 0.6), most_temperature=None)
    by_reason = {one.reason: one for one in found if one.depth == 1}
    assert "ran away to 500, which brings all confidences near to one half; clamp it" in (
        by_reason[CollapseReason.UNCALIBRATED].text
    )
    assert by_reason[CollapseReason.UNCALIBRATED].share == 1.0
    found = alarms(temperatures=(1.0, 0.1, 1.0), least_temperature=None)
    assert any(one.depth == 2 and "near to 0 or 1" in one.text for one in found)


@pytest.mark.parametrize("limit", [0.5, 3.0])
def test_a_temperature_at_its_limit_is_told(limit):
    found = alarms(temperatures=(1.0, limit, 1.0), start=(0.85, 0.8), full_quality=0.1)
    assert [(one.depth, one.reason) for one in found] == [(2, CollapseReason.UNCALIBRATED)]
    assert f"at its limit ({limit:g})" in found[0].text


def test_confidences_that_are_alike_are_told():
    boxes = TABLE.boxes.copy()
    boxes[:, 1] = no_boxes(*boxes[:, 1].shape[:2])
    boxes[:, 1, 0] = (0.1, 0.1, 0.4, 0.4, 0, 0.4)
    found = alarms(table=replace(TABLE, boxes=boxes), start=(0.85, 0.5), full_quality=0.1)
    assert any(one.depth == 2 and "alike, 0.400 to 0.400 for nine in ten images" in one.text for one in found)


def test_a_gate_that_never_opens_is_told():
    found = alarms(start=(0.0, 0.0), gate=QualityGate(objectness=0.999, n_objects=8))
    told = [one for one in found if one.reason is CollapseReason.CLOSED]
    assert [one.depth for one in told] == [1, 2]
    assert all("8 boxes above 0.999, is open for 0.0% of the images" in one.text for one in told)


def test_a_detector_that_finds_nothing_is_told_first():
    table = replace(TABLE, boxes=no_boxes(*TABLE.boxes.shape[:3]))
    first = alarms(table=table, full_quality=0.0)[0]
    assert first.reason is CollapseReason.NO_SIGNAL
    assert "the full network itself has mAP@.5 0.000, so that no exit mix means anything" in first.text
