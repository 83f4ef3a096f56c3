"""The one margin: of a certificate, else of a lower bound on the search split."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.sums import sum_p_value
from policies.certificates.certificate import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.sample_size import certifiable_accuracy
from policies.errors import ClaimError
from policies.estimates.estimate import estimated_target
from policies.goals.request import Request
from policies.selection.plan import plan_for
from policies.selection.search_target import search_target, tightened_claim, why_never_certified
from policies.selection.split_size import SplitSize
from policies.tables.units import Units
from tests.multilabel_tables import make_label_table
from tests.policies.outcomes import GATE, table_with_errors
from tests.tables import classes, make_table


def size(n_units, *, grouped=False, smallest_class=None):
    """So many samples, or groups of two samples each."""
    of_sample = np.repeat(np.arange(n_units), 2 if grouped else 1)
    return SplitSize(Units("group" if grouped else "sample", of_sample, n_units), smallest_class)


def passing(n, *, loss, target):
    """How probably so many samples certify a target where each is lost with some probability."""
    most = round((1 - certifiable_accuracy(n, target=target, delta=0.05)) * n)
    return binom.cdf(most, n, loss)


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


SEARCH = size(200)


def test_a_certificate_decides_the_margin_where_one_is_possible():
    target = search_target(Request(target=0.8), search=SEARCH, certify=size(300))
    assert target.is_certifiable
    assert target.claim == Claim(target=0.8)
    assert passing(300, loss=1 - target.tightened.target, target=0.8) == pytest.approx(0.8)
    assert target.asked.target == 0.8
    strict = search_target(Request(target=0.8, power=0.95), search=SEARCH, certify=size(300))
    assert passing(300, loss=1 - strict.tightened.target, target=0.8) == pytest.approx(0.95)


@pytest.mark.parametrize("certify", [None, size(20)], ids=["no certify", "too few"])
def test_a_lower_bound_on_search_does_where_none_is(certify):
    target = search_target(Request(target=0.9), search=SEARCH, certify=certify)
    assert not target.is_certifiable
    assert target.tightened.target == pytest.approx(certifiable_accuracy(200, target=0.9, delta=0.1))
    assert bool(target.why_not) == (certify is not None)


def test_an_estimate_over_groups_needs_less_than_a_certificate_over_them():
    target = search_target(Request(target=0.9), search=size(60, grouped=True), certify=size(20, grouped=True))
    assert target.tightened.target == pytest.approx(estimated_target(0.9, 60, grouped=True))
    assert 0.9 < target.tightened.target < tightened_claim(Claim(target=0.9), size(60, grouped=True), delta=0.1).target


def test_a_floor_of_the_classes_alone_is_claimed_with_the_accuracy_that_it_implies():
    asked = Request(target=0.9, quality="macro_f1", bounds={"worst_class_recall": 0.9})
    assert asked.claim == Claim(target=0.9, class_floor=0.9)
    target = search_target(asked, search=SEARCH, certify=size(1000, smallest_class=100))
    assert target.tightened.target == 0.9
    (floor,) = target.tightened.bounds.values()
    assert passing(100, loss=1 - floor, target=0.9) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("asked", "claim"),
    [
        (Request(target=0.9), Claim(target=0.9)),
        (Request(max_drop=0.01), Claim(max_drop=0.01)),
        (Request(target=0.9, max_drop=0.01), Claim(target=0.9, max_drop=0.01)),
        (Request(target=0.8, quality="macro_f1"), None),
        (Request(target=0.8, quality="macro_f1", bounds={"accuracy": 0.9}), Claim(target=0.9)),
        (Request(target=0.8, quality="worst_class_recall"), Claim(target=0.8, class_floor=0.8)),
        (Request(target=0.9, bounds={"worst_class_recall": 0.8}), Claim(target=0.9, class_floor=0.8)),
        (Request(max_drop=0.1, bounds={"worst_class_recall": 0.8}), Claim(max_drop=0.1, class_floor=0.8)),
        (Request(budget=1.5), None),
        (Request(max_drop_greedy=0.01), None),
        (Request(target=0.9, bounds={"flip_rate_to_exit": 0.1}), Claim(target=0.9)),
    ],
)
def test_what_is_claimed_is_what_was_asked_and_can_be_certified(asked, claim):
    assert asked.claim == claim
    # The same limits again change nothing.
    assert claim is None or asked.with_claim(claim) == asked


def test_size_of_a_table():
    table = make_table(50, n_classes=3)
    assert SplitSize.of(table, classes(table.labels, 4)).smallest_class == 0
    assert SplitSize.of(table, classes(table.labels, 3)).smallest_class == np.bincount(table.labels).min()
    grouped = make_table(50, groups=np.array([f"g{i // 5}" for i in range(50)]))
    found = SplitSize.of(grouped, classes(grouped.labels, 4))
    assert (found.units.n, found.smallest_class) == (10, None)


def test_how_often_labels_of_certify_occur_is_not_looked_at():
    """What is looked for decides which policies are found, and these are then tested on ``certify``."""
    asked = Request(target=0.7, quality="label_micro_f1", bounds={"label_recall[rain]": 0.6})
    search, certify = make_label_table(400), make_label_table(300, prefix="c", seed=1)
    turned = replace(certify, labels=1 - certify.labels)
    found = [
        search_target(asked, search=SplitSize.of(search, search.truth), certify=SplitSize.of(one, one.truth))
        for one in (certify, turned)
    ]
    assert found[0].tightened == found[1].tightened != asked
    assert plan_for(found[0]).lines == plan_for(found[1]).lines


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_all_values_of_a_column_pass_together_with_the_power_asked_for(power):
    sizes = {"A": 900, "B": 250, "C": 400}
    site = np.repeat(list(sizes), list(sizes.values()))
    certify = SplitSize.of_table(make_table(len(site)).with_columns({"site": site}), by="site")
    asked = Request(target=0.9, by="site", power=power)
    aimed = search_target(asked, search=SEARCH, certify=certify).tightened.of_values
    of_each = [passing(n, loss=1 - aimed[value].target, target=0.9) for value, n in sizes.items()]
    assert np.prod(of_each) == pytest.approx(power)


def test_an_accuracy_and_a_drop_of_the_same_samples_pass_together_about_as_often_as_is_asked():
    n, n_draws, rng = 1000, 4000, np.random.default_rng(0)
    aimed = tightened_claim(Claim(target=0.95, max_drop=0.02), size(n), delta=0.05)
    wrong, lost = 1 - aimed.target, aimed.max_drop
    n_lost = rng.binomial(n, lost, n_draws)
    n_wrong = n_lost + rng.binomial(n - n_lost, (wrong - lost) / (1 - lost))
    both = (binom.cdf(n_wrong, n, 0.05) <= 0.05) & (binom.cdf(n_lost, n, 0.02) <= 0.05)
    assert 0.8 - 3 * np.sqrt(0.16 / n_draws) <= both.mean() <= 0.9
