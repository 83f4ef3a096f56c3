"""Why exits of detectors take all images or none."""

from dataclasses import replace

import numpy as np
import pytest

from policies.errors import PolicyError
from policies.metrics.collapse import CollapseReason
from policies.metrics.collapse.detection import detection_alarms
from policies.policy import Policy
from policies.qualities import get_quality
from policies.tables.boxes import NO_BOX, SCORE, no_boxes
from tests.detection_tables import make_detection_table


CLOSED, OPEN = np.inf, 0.0
ONE = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def table():
    return make_detection_table(200, 3, 3, seed=3)


def alarms_of(table, thresholds, *, temperatures=ONE, rule="top-scores", params=None, **asked):
    policy = Policy(rule, thresholds, temperatures, params or {})
    return detection_alarms(table, policy.decide(table), policy, **asked)


def reasons(*arguments, **options):
    """Depth to reason."""
    return {alarm.depth: alarm.reason for alarm in alarms_of(*arguments, **options)}


def of_exit(table, k, quality="map_50"):
    policy = Policy("top-scores", [OPEN if k == place else CLOSED for place in range(2)], ONE)
    decision = policy.decide(table)
    return float(get_quality(quality).values(policy.view(table), table.truth, decision.exits[None])[0])


def blind(table, k):
    """The same, and one exit finds nothing."""
    boxes = table.boxes.copy()
    boxes[:, k] = no_boxes(*boxes[:, k].shape[:2])
    return replace(table, boxes=boxes)


def test_a_mix_of_exits_raises_no_alarm(table):
    assert alarms_of(table, (0.8, 0.8), target=0.5) == ()


def test_what_all_leave_by_that_finds_nothing_has_no_signal(table):
    """Thresholds of 0 and a first exit that has learnt nothing: everyone leaves, and nothing is found."""
    (alarm,) = alarms_of(blind(table, 0), (OPEN, OPEN))
    assert (alarm.depth, alarm.share, alarm.reason) == (1, 1.0, CollapseReason.NO_SIGNAL)
    assert "depth 1 has mAP@.5 0.000 and finding nothing at all has 0.000; train that exit further" in alarm.text


def test_exits_that_find_nothing_explain_why_all_go_to_the_last(table):
    first_two_blind = blind(blind(table, 0), 1)
    (last,) = (alarm for alarm in alarms_of(first_two_blind, (0.5, 0.5)) if alarm.depth == 3)
    assert last.reason is CollapseReason.NO_SIGNAL


def test_an_exit_that_meets_the_target_alone(table):
    found = of_exit(table, 0)
    assert reasons(table, (OPEN, OPEN), target=found - 0.02) == {1: CollapseReason.TARGET_TOO_LOOSE}
    assert reasons(table, (OPEN, OPEN), target=found + 0.02) == {1: CollapseReason.THRESHOLD}


def test_gates_that_let_nobody_leave(table):
    full = of_exit(table, 2)
    assert reasons(table, (CLOSED, CLOSED), target=full - 0.05) == {3: CollapseReason.CLOSED}
    assert reasons(table, (1.1, 1.1), target=full - 0.05) == {3: CollapseReason.THRESHOLD}
    assert reasons(table, (CLOSED, CLOSED), target=1.0) == {3: CollapseReason.TARGET_TOO_TIGHT}


def test_without_a_target_only_what_is_wrong_with_an_exit_is_told(table):
    for thresholds in ((OPEN, OPEN), (CLOSED, CLOSED)):
        assert alarms_of(table, thresholds) == ()
        assert alarms_of(table, thresholds, target=0.99, is_feasible=False) == ()


@pytest.mark.parametrize("temperature", [0.25, 5.0, 24.56])
def test_temperatures_at_their_clamp_and_beyond(table, temperature):
    found = alarms_of(table, (OPEN, OPEN), temperatures=(temperature, 1.0, 1.0))
    assert [(alarm.depth, alarm.reason) for alarm in found] == [(1, CollapseReason.UNCALIBRATED)]
    assert f"{temperature:g}" in found[0].text
    assert ("beyond 0.25 to 5" in found[0].text) == (temperature > 5)


def test_temperatures_of_confidences_count_where_a_rule_has_them(table):
    params = {"confidence_temperatures": [24.56, 1.71, 0.59]}
    assert reasons(table, (OPEN, OPEN), rule="routed", params=params) == {1: CollapseReason.UNCALIBRATED}
    assert reasons(table, (OPEN, OPEN), rule="routed") == {}


def test_scores_that_do_not_tell_which_images_may_leave(table):
    """Scores of the first exit are dealt anew among the images; boxes stay where they are."""
    boxes, rng = table.boxes.copy(), np.random.default_rng(0)
    levels = rng.permutation(np.linspace(0.4, 0.9, len(boxes)))[:, None]
    is_box = boxes[:, 0, :, 4] != NO_BOX
    boxes[:, 0, :, SCORE] = np.where(is_box, levels, 0)
    found = alarms_of(replace(table, boxes=boxes), (0.99, 0.99), target=0.5)
    assert any("do not tell images whose objects are found from others" in alarm.text for alarm in found)


def test_a_target_of_a_mean_over_images_is_judged_by_that(table):
    found = of_exit(table, 0, "image_f1")
    asked = {"quality": "image_f1", "target": found - 0.02}
    (alarm,) = alarms_of(table, (OPEN, OPEN), **asked)
    assert alarm.reason is CollapseReason.TARGET_TOO_LOOSE
    assert f"depth 1 alone has image F1 {found:.3f} and the target is {found - 0.02:.3f}" in alarm.text


@pytest.mark.parametrize("quality", ["image_f1", "found_objects"])
def test_images_without_objects_are_no_signal_of_an_exit_that_finds_nothing(table, quality):
    """Finding nothing is right where nothing is there."""
    objects = table.objects.copy()
    objects[: len(objects) // 2] = no_boxes(*objects[: len(objects) // 2].shape[:2])
    empty = blind(replace(table, objects=objects), 0)
    (alarm,) = alarms_of(empty, (OPEN, OPEN), quality=quality)
    assert alarm.reason is CollapseReason.NO_SIGNAL


def test_one_exit_cannot_collapse():
    table = make_detection_table(20, 1)
    policy = Policy("top-scores", (), (1.0,))
    assert detection_alarms(table, policy.decide(table), policy, target=0.9) == ()


@pytest.mark.parametrize("target", [-0.1, 94, np.nan])
def test_targets_are_shares(table, target):
    with pytest.raises(PolicyError, match=r"target must be in \[0, 1\] but is"):
        alarms_of(table, (OPEN, OPEN), target=target)


def test_a_decision_on_another_table_is_refused(table):
    policy = Policy("top-scores", (OPEN, OPEN), ONE)
    with pytest.raises(PolicyError, match="the decision must be about the table's 20 samples and 3 exits"):
        detection_alarms(make_detection_table(20, 3), policy.decide(table), policy)
