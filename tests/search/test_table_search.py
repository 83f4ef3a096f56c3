"""What is searched for on the tables of one network."""

import numpy as np
import pytest
from scipy.stats import binom

from policies.certificates.sample_size import certifiable_accuracy
from policies.estimates.estimated_bounds import LEVEL
from policies.goals.request import Request
from policies.selection.references import goal_on
from policies.selection.search_target import table_target
from tests.tables import make_table


SEARCH, CERTIFY = make_table(400, prefix="s"), make_table(300, seed=1, prefix="c")
FULL = float((SEARCH.logits[:, -1].argmax(axis=1) == SEARCH.labels).mean())


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_search_target_has_the_margin_of_a_certificate(power):
    target = table_target(Request(target=0.8, power=power), SEARCH, CERTIFY)
    most = round(300 * (1 - certifiable_accuracy(300, target=0.8, delta=0.05)))
    assert binom.cdf(most, 300, 1 - target.tightened.target) == pytest.approx(power)


def test_without_a_table_that_certifies_it_has_that_of_a_lower_bound_on_search():
    target = table_target(Request(target=0.8), SEARCH, None)
    assert target.claim is None
    assert target.tightened.target == pytest.approx(certifiable_accuracy(400, target=0.8, delta=LEVEL))


def test_a_drop_is_searched_for_more_tightly_than_allowed():
    target = table_target(Request(max_drop=0.05), SEARCH, CERTIFY)
    assert goal_on(target.asked, SEARCH).target < goal_on(target.tightened, SEARCH).target < FULL


def test_groups_need_a_larger_margin():
    grouped = make_table(300, seed=1, prefix="c", groups=np.array([f"g{i // 3}" for i in range(300)]))
    asked = Request(target=0.7)
    by_group, by_sample = (table_target(asked, SEARCH, table).tightened.target for table in (grouped, CERTIFY))
    assert by_group > by_sample


def test_a_floor_of_the_classes_is_claimed():
    target = table_target(Request(target=0.8, bounds={"worst_class_recall": 0.6}), SEARCH, CERTIFY)
    assert target.claim.class_floor == 0.6
    assert target.tightened.bounds["worst_class_recall"] > 0.6
