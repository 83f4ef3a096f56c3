import dataclasses

import numpy as np
import pytest

from policies.bounds import ClaimError, betting_p_value, certifiable_accuracy
from policies.certify import certify_policy
from policies.claims import Claim, Loss, aim_of
from tests.policies.outcomes import GATE, table_with_errors


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "a claim needs a target, a max_drop or a max_degradation"),
        ({"class_floor": 0.9}, "a claim needs a target"),
        ({"target": 0.0}, "target must be above 0 and at most 1 but is 0"),
        ({"target": 95.0}, "target must be above 0 and at most 1 but is 95"),
        ({"target": float("nan")}, "target must be above 0 and at most 1 but is nan"),
        ({"target": 0.9, "exit_floor": 1.5}, "exit_floor must be above 0"),
        ({"max_drop": -0.1}, "max_drop must be at least 0 and below 1 but is -0.1"),
        ({"max_degradation": 1.0}, "max_degradation must be at least 0 and below 1 but is 1"),
    ],
)
def test_claims_that_cannot_be(values, message):
    with pytest.raises(ClaimError, match=message):
        Claim(**values)


def test_the_first_main_claim_leads():
    assert list(Claim(target=0.9, max_drop=0.02).main_limits) == [Loss.ERROR, Loss.DROP]
    assert Claim(max_degradation=0.02).main_limits == {Loss.DEGRADATION: 0.02}
    assert str(Claim(target=0.9, class_floor=0.8)) == "accuracy is at least 0.9, every class's recall is at least 0.8"


@pytest.mark.parametrize(("n", "target"), [(60, 0.95), (300, 0.9), (1000, 0.97)])
def test_aim_at_a_target_on_samples_just_certifies(n, target):
    aim = aim_of(Claim(target=target), n_units=n, delta=0.05)
    assert aim.target == pytest.approx(certifiable_accuracy(n, target=target, delta=0.05))
    n_errors = round((1 - aim.target) * n)
    assert certify_policy(GATE, table_with_errors(n, first=n_errors, last=0), Claim(target=target)).certified
    assert not certify_policy(GATE, table_with_errors(n, first=n_errors + 1, last=0), Claim(target=target)).certified


def test_aim_at_a_degradation_is_exact_and_floors_follow_where_the_classes_are_known():
    claim = Claim(max_degradation=0.05, class_floor=0.8, exit_floor=0.7)
    aim = aim_of(claim, n_units=300, delta=0.05, smallest_class=50)
    assert 1 - aim.max_degradation == pytest.approx(certifiable_accuracy(300, target=0.95, delta=0.05))
    assert aim.class_floor == pytest.approx(certifiable_accuracy(50, target=0.8, delta=0.05))
    assert aim.exit_floor == 0.7
    assert aim.target is None
    assert aim_of(claim, n_units=300, delta=0.05).class_floor == 0.8


def test_aim_over_groups_certifies_recordings_that_are_right_or_wrong_as_a_whole():
    aim = aim_of(Claim(target=0.9), n_units=150, delta=0.05, grouped=True)
    assert 0.9 < aim_of(Claim(target=0.9), n_units=150, delta=0.05).target <= aim.target < 1
    rng = np.random.default_rng(0)
    losses = (np.arange(150) < round((1 - aim.target) * 150)).astype(float)
    passed = [betting_p_value(rng.permutation(losses), limit=0.1, delta=0.05) <= 0.05 for _ in range(200)]
    assert np.mean(passed) > 0.4


def test_aim_at_a_drop_leaves_a_margin():
    aim = aim_of(Claim(max_drop=0.01), n_units=2500, delta=0.05)
    assert 0 < aim.max_drop < 0.01


@pytest.mark.parametrize(
    ("claim", "options"),
    [
        (Claim(target=0.95), {"n_units": 58}),
        (Claim(target=0.9), {"n_units": 30, "grouped": True}),
        (Claim(max_drop=0.0), {"n_units": 10_000}),
        (Claim(target=0.9, max_degradation=0.001), {"n_units": 1000}),
        (Claim(target=0.9, class_floor=0.9), {"n_units": 1000, "smallest_class": 10}),
        (Claim(target=0.9, class_floor=0.9), {"n_units": 1000, "smallest_class": 0}),
    ],
)
def test_no_aim_where_nothing_could_be_certified(claim, options):
    assert aim_of(claim, delta=0.05, **options) is None


def test_claims_are_values():
    assert Claim(target=0.9) == Claim(0.9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Claim(target=0.9).target = 0.5
