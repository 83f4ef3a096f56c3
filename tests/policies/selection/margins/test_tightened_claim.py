"""The margin of each part of a claim: what must be true of a policy, so that it is certified with its power."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.sums import sum_p_value
from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.sample_size import certifiable_accuracy
from policies.errors import ClaimError
from policies.selection.margins.shortage import why_never_certified
from policies.selection.margins.tightened_claim import tightened_claim
from tests.policies.outcomes import GATE, table_with_errors
from tests.policies.selection.sizes import passing, size


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("n", "target"), [(60, 0.95), (300, 0.9), (1000, 0.97)])
def test_margin_at_a_target_on_samples_has_its_power_exactly(n, target, power):
    """Over all numbers of errors that may be drawn, each with the certificate that it gives."""
    tightened = tightened_claim(Claim(target=target), size(n), delta=0.05, power=power)
    assert passing(n, loss=1 - tightened.target, target=target) == pytest.approx(power)
    most = round((1 - certifiable_accuracy(n, target=target, delta=0.05)) * n)
    assert certify_policy(GATE, table_with_errors(n, first=most, last=0), Claim(target=target)).certified
    assert not certify_policy(GATE, table_with_errors(n, first=most + 1, last=0), Claim(target=target)).certified


def test_a_power_that_luck_alone_would_give_asks_for_no_less_than_the_claim():
    assert tightened_claim(Claim(target=0.9), size(300), delta=0.05, power=0.01).target == pytest.approx(0.9)


@pytest.mark.parametrize("power", [0, 1, float("nan")])
def test_a_power_that_is_none_is_refused(power):
    with pytest.raises(ClaimError, match="power must be above 0 and below 1 but is"):
        tightened_claim(Claim(target=0.9), size(300), delta=0.05, power=power)


def test_margin_at_a_degradation_is_exact_and_floors_follow_where_the_classes_are_known():
    claim = Claim(max_degradation=0.05, class_floor=0.8, exit_floor=0.7)
    tightened = tightened_claim(claim, size(300, smallest_class=50), delta=0.05)
    assert passing(300, loss=tightened.max_degradation, target=0.95) == pytest.approx(0.8**0.5)
    assert passing(50, loss=1 - tightened.class_floor, target=0.8) == pytest.approx(0.8**0.5)
    assert tightened.exit_floor == 0.7
    assert tightened.target is None
    assert tightened_claim(claim, size(300), delta=0.05).class_floor == 0.8


def test_margin_over_groups_certifies_recordings_whatever_shares_of_them_are_wrong():
    tightened = tightened_claim(Claim(target=0.9), size(150, grouped=True), delta=0.05)
    of_samples = tightened_claim(Claim(target=0.9), size(150), delta=0.05)
    assert of_samples.target - 1 / 150 < tightened.target < of_samples.target + 1 / 150
    drawn = (np.random.default_rng(0).random((400, 150)) < 1 - tightened.target).astype(float)
    by_bets = [betting_p_value(losses, limit=0.1, delta=0.05) <= 0.05 for losses in drawn]
    by_sums = [sum_p_value(losses, limit=0.1) <= 0.05 for losses in drawn]
    assert max(np.mean(by_bets), np.mean(by_sums)) == pytest.approx(0.8, abs=0.06)


def test_margin_at_a_drop_is_that_of_what_is_lost_alone():
    tightened = tightened_claim(Claim(max_drop=0.01), size(2500), delta=0.05)
    assert passing(2500, loss=tightened.max_drop, target=0.99) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        (Claim(max_drop={"hamming": 0.01}), lambda claim: claim.max_drop["hamming"]),
        (Claim(max_relative_drop=0.05), lambda claim: claim.max_relative_drop),
        (Claim(target=0.9, quality="label_micro_f1"), lambda claim: 1 - claim.target),
        (Claim(target=0.05, quality="hamming"), lambda claim: claim.target),
    ],
)
def test_more_power_needs_a_larger_margin_whatever_is_claimed(claim, found):
    labels = replace(size(1000), positives=np.full(10, 0.2), label_names=tuple(map(str, range(10))))
    at = [found(tightened_claim(claim, labels, delta=0.05, power=power)) for power in (0.3, 0.5, 0.8, 0.95)]
    assert 0 < at[3] < at[2] < at[1] < at[0]


@pytest.mark.parametrize(("n_labels", "limit", "at_once"), [(10, 0.05, 1), (5, 0.2, 2), (80, 0.1, 9), (3, 0.9, 3)])
def test_margin_at_a_hamming_loss_is_that_of_as_few_wrong_labels_as_could_break_the_limit(n_labels, limit, at_once):
    labels = replace(size(300), positives=np.full(n_labels, 0.2), label_names=tuple(map(str, range(n_labels))))
    lost = at_once / n_labels
    assert labels.lost_at_once(limit) == pytest.approx(lost)
    assert lost > limit >= (at_once - 1) / n_labels
    aimed = tightened_claim(Claim(target=limit, quality="hamming"), labels, delta=0.05).target
    drawn = lost * (np.random.default_rng(0).random((300, 300)) < aimed / lost)
    passed = np.mean([betting_p_value(losses, limit=limit, delta=0.05) <= 0.05 for losses in drawn])
    assert passed == pytest.approx(0.8, abs=0.08)
    drop = tightened_claim(Claim(max_drop={"hamming": limit}, quality="hamming"), labels, delta=0.05)
    assert 0.5 * aimed < drop.max_drop["hamming"] < limit


@pytest.mark.parametrize(
    ("claim", "certify"),
    [
        (Claim(target=0.95), size(58)),
        (Claim(target=0.9), size(28, grouped=True)),
        (Claim(max_drop=0.0), size(10_000)),
        (Claim(target=0.9, max_degradation=0.001), size(1000)),
        (Claim(target=0.9, class_floor=0.9), size(1000, smallest_class=10)),
        (Claim(target=0.9, class_floor=0.9), size(1000, smallest_class=0)),
    ],
)
def test_no_margin_where_nothing_could_be_certified(claim, certify):
    assert tightened_claim(claim, certify, delta=0.05) is None
    assert why_never_certified(claim, certify, delta=0.05)


def test_an_accuracy_and_a_drop_of_the_same_samples_pass_together_about_as_often_as_is_asked():
    n, n_draws, rng = 1000, 4000, np.random.default_rng(0)
    aimed = tightened_claim(Claim(target=0.95, max_drop=0.02), size(n), delta=0.05)
    wrong, lost = 1 - aimed.target, aimed.max_drop
    n_lost = rng.binomial(n, lost, n_draws)
    n_wrong = n_lost + rng.binomial(n - n_lost, (wrong - lost) / (1 - lost))
    both = (binom.cdf(n_wrong, n, 0.05) <= 0.05) & (binom.cdf(n_lost, n, 0.02) <= 0.05)
    assert 0.8 - 3 * np.sqrt(0.16 / n_draws) <= both.mean() <= 0.9
