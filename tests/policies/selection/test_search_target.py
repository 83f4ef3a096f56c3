"""The one margin: of a certificate, else of a lower bound on the search split."""

from dataclasses import replace

import numpy as np
import pytest

from policies.certificates.claims import Claim
from policies.certificates.sample_size import certifiable_accuracy
from policies.estimates.estimate import estimated_target
from policies.goals.request import Request
from policies.selection.margins.tightened_claim import tightened_claim
from policies.selection.plan import plan_for
from policies.selection.search_target import search_target
from policies.selection.split_size import SplitSize
from tests.multilabel_tables import make_label_table
from tests.policies.selection.sizes import passing, size
from tests.tables import classes, make_table


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
