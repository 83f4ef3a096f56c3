"""The one margin: of a certificate, else of a lower bound on the search split."""

from dataclasses import replace

import numpy as np
import pytest

from policies.certificates.bounds.sums import sum_p_value
from policies.certificates.certificate import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.sample_size import certifiable_accuracy
from policies.estimates.estimate import estimated_target
from policies.goals.request import Request
from policies.selection.plan import plan_for
from policies.selection.search_target import SplitSize, search_target, tightened_claim, why_never_certified
from policies.tables.units import Units
from tests.multilabel_tables import make_label_table
from tests.policies.outcomes import GATE, table_with_errors
from tests.tables import classes, make_table


def size(n_units, *, grouped=False, smallest_class=None):
    """So many samples, or groups of two samples each."""
    of_sample = np.repeat(np.arange(n_units), 2 if grouped else 1)
    return SplitSize(Units("group" if grouped else "sample", of_sample, n_units), smallest_class)


@pytest.mark.parametrize(("n", "target"), [(60, 0.95), (300, 0.9), (1000, 0.97)])
def test_margin_at_a_target_on_samples_just_certifies(n, target):
    tightened = tightened_claim(Claim(target=target), size(n), delta=0.05)
    assert tightened.target == pytest.approx(certifiable_accuracy(n, target=target, delta=0.05))
    n_errors = round((1 - tightened.target) * n)
    assert certify_policy(GATE, table_with_errors(n, first=n_errors, last=0), Claim(target=target)).certified
    assert not certify_policy(GATE, table_with_errors(n, first=n_errors + 1, last=0), Claim(target=target)).certified


def test_margin_at_a_degradation_is_exact_and_floors_follow_where_the_classes_are_known():
    claim = Claim(max_degradation=0.05, class_floor=0.8, exit_floor=0.7)
    tightened = tightened_claim(claim, size(300, smallest_class=50), delta=0.05)
    assert 1 - tightened.max_degradation == pytest.approx(certifiable_accuracy(300, target=0.95, delta=0.05))
    assert tightened.class_floor == pytest.approx(certifiable_accuracy(50, target=0.8, delta=0.05))
    assert tightened.exit_floor == 0.7
    assert tightened.target is None
    assert tightened_claim(claim, size(300), delta=0.05).class_floor == 0.8


def test_margin_over_groups_certifies_recordings_whatever_shares_of_them_are_wrong():
    tightened = tightened_claim(Claim(target=0.9), size(150, grouped=True), delta=0.05)
    of_samples = tightened_claim(Claim(target=0.9), size(150), delta=0.05)
    # Of samples only whole ones can be wrong.
    assert of_samples.target - 1 / 150 < tightened.target < of_samples.target + 1 / 150
    lost = (1 - tightened.target) * 150
    for n_losing in (int(lost) + 1, 30, 150):
        losses = np.where(np.arange(150) < n_losing, lost / n_losing, 0.0)
        assert sum_p_value(losses, limit=0.1) <= 0.05 < sum_p_value(losses * 1.03, limit=0.1)


def test_margin_at_a_drop_leaves_a_margin():
    tightened = tightened_claim(Claim(max_drop=0.01), size(2500), delta=0.05)
    assert 0 < tightened.max_drop < 0.01


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
    assert target.tightened.target == pytest.approx(certifiable_accuracy(300, target=0.8, delta=0.05))
    assert target.asked.target == 0.8


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
    assert target.tightened.bounds == {
        "worst_class_recall": pytest.approx(certifiable_accuracy(100, target=0.9, delta=0.05))
    }


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
