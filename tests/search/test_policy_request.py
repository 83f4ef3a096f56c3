from pathlib import Path

import numpy as np
import pytest

from policies.certificates.sample_size import certifiable_accuracy
from policies.errors import ExitSearchError
from policies.estimates.estimated_bounds import LEVEL
from policies.goals.request import Request
from policies.selection.references import goal_on
from search.policy_request import PolicyRequest
from tests.tables import make_table


SEARCH, CERTIFY = make_table(400, prefix="s"), make_table(300, seed=1, prefix="c")
FULL = float((SEARCH.logits[:, -1].argmax(axis=1) == SEARCH.labels).mean())


def request(**asked):
    return PolicyRequest(Path("search.npz"), Request(**asked), certify=Path("certify.npz"))


def test_the_search_target_has_the_margin_of_a_certificate():
    target = request(target=0.8).search_target(SEARCH, CERTIFY)
    assert target.tightened.target == pytest.approx(certifiable_accuracy(300, target=0.8, delta=0.05))


def test_without_a_table_that_certifies_it_has_that_of_a_lower_bound_on_search():
    alone = PolicyRequest(Path("search.npz"), Request(target=0.8))
    target = alone.search_target(SEARCH, None)
    assert target.claim is None
    assert target.tightened.target == pytest.approx(certifiable_accuracy(400, target=0.8, delta=LEVEL))


def test_a_drop_is_searched_for_more_tightly_than_allowed():
    target = request(max_drop=0.05).search_target(SEARCH, CERTIFY)
    assert goal_on(target.asked, SEARCH).target < goal_on(target.tightened, SEARCH).target < FULL


def test_groups_need_a_larger_margin():
    grouped = make_table(300, seed=1, prefix="c", groups=np.array([f"g{i // 3}" for i in range(300)]))
    asked = request(target=0.7)
    by_group, by_sample = (asked.search_target(SEARCH, table).tightened.target for table in (grouped, CERTIFY))
    assert by_group > by_sample


def test_a_floor_of_the_classes_is_claimed():
    target = request(target=0.8, bounds={"worst_class_recall": 0.6}).search_target(SEARCH, CERTIFY)
    assert target.claim.class_floor == 0.6
    assert target.tightened.bounds["worst_class_recall"] > 0.6


@pytest.mark.parametrize("asked", [{"target": 0.8, "quality": "macro_f1"}, {"budget": 1.5}, {"max_drop_greedy": 0.1}])
def test_a_table_that_could_certify_nothing_is_refused(asked):
    with pytest.raises(ExitSearchError, match="--certify needs something that can be certified"):
        request(**asked)
