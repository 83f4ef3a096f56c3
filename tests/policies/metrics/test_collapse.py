from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.baselines.full_network import full_network
from policies.errors import PolicyError
from policies.metrics.collapse import LEAST, CollapseReason, collapse_alarms
from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from tests.tables import make_table


N_SAMPLES = 1000
LABELS = np.arange(N_SAMPLES) % 2


def two_levels(low, high):
    """Calibrated: (right, confidence), each of shape (N,)."""
    rng = np.random.default_rng(0)
    confidence = rng.permutation(np.repeat([low, high], N_SAMPLES // 2))
    right = np.zeros(N_SAMPLES, dtype=bool)
    for level in (low, high):
        members = np.flatnonzero(confidence == level)
        right[members[: round(level * len(members))]] = True
    return right, confidence


def always(confidence, share_right):
    """One confidence for all samples: (right, confidence)."""
    return np.random.default_rng(1).random(N_SAMPLES).argsort() < share_right * N_SAMPLES, np.full(
        N_SAMPLES, confidence
    )


GOOD = two_levels(0.7, 0.9)
BEST = two_levels(0.95, 0.99)


def network(*exits):
    """A table of two classes in which every exit answers as told."""
    logits = np.empty((N_SAMPLES, len(exits), 2))
    for k, (right, confidence) in enumerate(exits):
        answers = np.where(right, LABELS, 1 - LABELS)
        logits[np.arange(N_SAMPLES), k, answers] = np.log(confidence)
        logits[np.arange(N_SAMPLES), k, 1 - answers] = np.log(1 - confidence)
    ids = np.array([f"s{i}" for i in range(N_SAMPLES)])
    cost = np.linspace(1 / len(exits), 1.0, len(exits))
    return ClassificationTable(logits.astype(np.float32), LABELS.astype(np.int64), cost=cost, ids=ids)


def alarms_of(table, policy, target, **more):
    return collapse_alarms(table, policy.decide(table), policy, target=target, **more)


def reasons(table, thresholds, target, temperatures=None):
    """Depth to reason."""
    policy = Policy("confidence", thresholds, temperatures or (1.0,) * table.n_exits)
    return {alarm.depth: alarm.reason for alarm in alarms_of(table, policy, target)}


def test_a_mix_of_exits_raises_no_alarm():
    assert reasons(network(GOOD, BEST), (0.8,), 0.9) == {}


def test_one_exit_cannot_collapse():
    assert reasons(network(GOOD), (), 0.5) == {}


def test_first_exit_that_meets_the_target_alone():
    assert reasons(network(GOOD, BEST, BEST), (0.0, 0.0), 0.75) == {1: CollapseReason.TARGET_TOO_LOOSE}


def test_exits_that_are_not_needed_for_the_target_are_no_alarm():
    assert reasons(network(GOOD, BEST, BEST), (0.8, 0.0), 0.75) == {}


def test_first_exit_that_takes_all_and_misses_the_target_has_too_low_a_threshold():
    assert reasons(network(GOOD, BEST), (0.0,), 0.9) == {1: CollapseReason.THRESHOLD}


def test_threshold_that_lets_nobody_leave_without_need():
    assert reasons(network(GOOD, BEST), (0.999,), 0.9) == {2: CollapseReason.THRESHOLD}


def test_closed_though_it_could_help():
    assert reasons(network(GOOD, BEST), (np.inf,), 0.9) == {2: CollapseReason.CLOSED}


@pytest.mark.parametrize("threshold", [0.999, np.inf])
def test_no_early_exit_could_keep_the_target(threshold):
    assert reasons(network(GOOD, BEST), (threshold,), 0.97) == {2: CollapseReason.TARGET_TOO_TIGHT}


@pytest.mark.parametrize(("threshold", "depth"), [(0.999, 2), (np.inf, 2), (0.0, 1)])
@pytest.mark.parametrize("target", [0.9, None])
def test_exit_no_better_than_the_largest_class(threshold, depth, target):
    table = network(two_levels(0.501, 0.54), BEST)
    assert reasons(table, (threshold,), target) == {depth: CollapseReason.NO_SIGNAL}


def test_scores_that_do_not_tell_right_from_wrong():
    right = np.random.default_rng(1).random(N_SAMPLES).argsort() < 0.8 * N_SAMPLES
    unrelated = np.where(np.random.default_rng(2).random(N_SAMPLES) < 0.5, 0.75, 0.85)
    policy = Policy("confidence", (0.999,), (1.0, 1.0))
    (alarm,) = alarms_of(network((right, unrelated), BEST), policy, 0.9)
    assert (alarm.depth, alarm.reason) == (2, CollapseReason.NO_SIGNAL)
    assert "the scores of depth 1 do not tell right from wrong answers (AUROC 0.49" in alarm.text


def test_exits_that_the_rule_forbids_are_closed():
    table = network(GOOD, BEST)
    policy = Policy("evidence", (0.0,), (1.0, 1.0), {"min_exit": 1})
    (alarm,) = alarms_of(table, policy, 0.9)
    assert (alarm.depth, alarm.share, alarm.reason) == (2, 1.0, CollapseReason.CLOSED)


@pytest.mark.parametrize(
    ("rule", "thresholds", "reason"),
    [
        ("dual-threshold", (np.inf, 0.0), CollapseReason.CLOSED),
        ("dual-threshold", (0.99, 0.0), CollapseReason.THRESHOLD),
        ("class-wise", (np.inf, 0.99), CollapseReason.THRESHOLD),
        ("class-wise", (np.inf, np.inf), CollapseReason.CLOSED),
    ],
)
def test_an_exit_is_closed_by_one_infinite_threshold_if_all_must_be_reached_else_by_all(rule, thresholds, reason):
    table = replace(network(GOOD, BEST), stop_prob=np.full((N_SAMPLES, 2), 0.5, dtype=np.float32))
    assert alarms_of(table, Policy(rule, (thresholds,), (1.0, 1.0)), 0.9)[0].reason is reason


@pytest.mark.parametrize("clamp", [0.25, 5.0])
def test_temperature_at_its_clamp(clamp):
    assert reasons(network(GOOD, BEST), (0.9999,), 0.9, (clamp, 1.0)) == {2: CollapseReason.UNCALIBRATED}


def test_confidence_far_above_accuracy():
    right, _ = GOOD
    overconfident = right, np.where(right, 0.99, 0.98)
    assert reasons(network(overconfident, BEST), (0.5,), 0.9) == {1: CollapseReason.UNCALIBRATED}


def test_exits_that_nobody_reaches_are_explained_by_the_one_before():
    """Depth 1 takes half, the worthless depth 2 the rest, so depth 3 is never reached."""
    table = network(GOOD, two_levels(0.501, 0.54), BEST)
    found = reasons(table, (0.8, 0.0), 0.9)
    assert found == {3: CollapseReason.THRESHOLD}
    found = reasons(table, (0.95, 0.0), 0.9)
    assert found == {2: CollapseReason.NO_SIGNAL}


def test_commonest_reason_explains_a_full_last_exit():
    worthless = two_levels(0.501, 0.54)
    found = reasons(network(worthless, GOOD, worthless, BEST), (np.inf,) * 3, 0.9)
    # Depths 1 and 4 have the same finding, which is told where all samples go.
    assert found == {4: CollapseReason.NO_SIGNAL, 3: CollapseReason.NO_SIGNAL}
    assert reasons(network(GOOD, GOOD, worthless, BEST), (np.inf,) * 3, 0.9) == {
        3: CollapseReason.NO_SIGNAL,
        4: CollapseReason.CLOSED,
    }


def test_the_most_important_alarm_comes_first():
    """What is wrong with an exit comes before what the target does."""
    table = network(two_levels(0.501, 0.54), GOOD, BEST)
    first, *others = alarms_of(table, Policy("confidence", (np.inf, 0.0), (1.0,) * 3), 0.75)
    assert (first.depth, first.reason) == (1, CollapseReason.NO_SIGNAL)
    assert [(one.depth, one.reason) for one in others] == [(2, CollapseReason.TARGET_TOO_LOOSE)]


@pytest.mark.parametrize(
    ("n_leaving", "alarms"),
    [
        (19, {2}),
        (20, set()),
        (980, set()),
        (981, {1}),
    ],
)
def test_most_of_the_samples_is_an_exclusive_limit(n_leaving, alarms):
    confidence = np.where(np.arange(N_SAMPLES) < n_leaving, 0.9, 0.7)
    found = set(reasons(network((GOOD[0], confidence), BEST), (0.8,), 0.9))
    assert found == alarms


@pytest.mark.parametrize(("n_leaving", "alarms"), [(9, {1}), (10, set())])
def test_least_of_the_samples_is_an_exclusive_limit(n_leaving, alarms):
    right, _ = two_levels(0.501, 0.54)
    confidence = np.where(np.arange(N_SAMPLES) < n_leaving, 0.9, 0.6)
    assert set(reasons(network((right, confidence), GOOD, BEST), (0.8, 0.8), 0.9)) == alarms


@pytest.mark.parametrize(
    ("exits", "threshold", "target"),
    [
        ((GOOD, BEST), 0.0, 0.75),
        ((GOOD, BEST), 0.999, 0.9),
        ((GOOD, BEST), np.inf, 0.9),
        ((GOOD, BEST), np.inf, 0.97),
        ((GOOD, BEST), 0.0, 0.9),
    ],
)
def test_what_depends_on_a_target_is_not_said_without_one_nor_where_it_is_out_of_reach(exits, threshold, target):
    table, policy = network(*exits), Policy("confidence", (threshold,), (1.0, 1.0))
    assert len(alarms_of(table, policy, target)) == 1
    assert alarms_of(table, policy, None) == alarms_of(table, policy, 0.0) == ()
    assert alarms_of(table, policy, target, is_feasible=False) == ()


def test_a_flaw_is_told_whatever_is_asked_for():
    table = network(two_levels(0.501, 0.54), BEST)
    policy = Policy("confidence", (np.inf,), (1.0, 1.0))
    for target, is_feasible in ((None, None), (None, False), (0.97, False), (0.9, True)):
        assert alarms_of(table, policy, target, is_feasible=is_feasible)[0].reason is CollapseReason.NO_SIGNAL


def test_alarms_tell_depth_share_and_reason():
    policy = Policy("confidence", (0.0,), (1.0, 1.0))
    (alarm,) = alarms_of(network(GOOD, BEST), policy, 0.75)
    assert (alarm.depth, alarm.share) == (1, 1.0)
    assert alarm.text.startswith("depth 1 takes 100.0% of the samples (target too loose): depth 1 alone is right on 80")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.7, 0.8, 0.9, 0.95]))
def test_an_exit_could_help_if_some_policy_shows_it(seed, target):
    rng = np.random.default_rng(seed)
    confidence = rng.choice([0.6, 0.75, 0.9, 0.99], N_SAMPLES, p=[0.3, 0.35, 0.3, 0.05])
    table = network((rng.random(N_SAMPLES) < confidence, confidence), always(0.9, 0.85 + 0.1 * rng.random()))
    first = alarms_of(table, full_network(table, np.ones(2)), target)[0]
    assume(first.reason in (CollapseReason.CLOSED, CollapseReason.TARGET_TOO_TIGHT))
    could = False
    for threshold in (0.55, 0.7, 0.85, 0.95):
        decision = Policy("confidence", (threshold,), (1.0, 1.0)).decide(table)
        leaves_enough = (decision.exits == 0).mean() >= LEAST
        could |= bool(leaves_enough and (decision.answers == table.labels).mean() >= target)
    assert (first.reason is CollapseReason.CLOSED) == could


@pytest.mark.parametrize("target", [-0.1, 94, np.nan])
def test_targets_are_shares(target):
    table = make_table(20)
    policy = full_network(table, np.ones(3))
    with pytest.raises(PolicyError, match=r"target must be an accuracy in \[0, 1\] but is"):
        alarms_of(table, policy, target)


def test_a_decision_on_another_table_is_refused():
    policy = full_network(make_table(20), np.ones(3))
    decision = policy.decide(make_table(20))
    with pytest.raises(PolicyError, match="the decision must be about the table's 30 samples and 3 exits"):
        collapse_alarms(make_table(30), decision, policy, target=0.9)
