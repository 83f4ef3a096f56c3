"""A claim that no labels can prove is refused before they are given, and no other is."""

from dataclasses import replace

import numpy as np
import pytest

from policies.certificates.bounds.betting import betting_order, betting_p_value
from policies.certificates.claims import Claim
from policies.certificates.labelling.few_labels import certify_with_few_labels
from policies.certificates.labelling.order import labelling_order
from policies.certificates.labelling.within_reach import require_within_reach
from policies.errors import ClaimError
from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from tests.policies.outcomes import GATE


DELTA = 0.05


def in_groups(n_groups, differing):
    """Three classes, one sample a group but two of the last; the exits answer otherwise for some groups."""
    of_row = np.append(np.arange(n_groups), n_groups - 1)
    logits = np.zeros((len(of_row), 2, 3), dtype=np.float32)
    logits[:, :, 0] = 5.0
    logits[np.isin(of_row, differing), 1] = (0.0, 5.0, 0.0)
    return ClassificationTable(
        logits,
        np.full(len(of_row), -1),
        cost=np.array([0.5, 1.0]),
        ids=np.char.add("s", np.arange(len(of_row)).astype(str)),
        groups=np.char.add("g", np.char.zfill(of_row.astype(str), 5)),
        is_labelled=False,
    )


def require(policy: Policy, table, claim, *, sequential=False):
    order = labelling_order(policy, table, claim, delta=DELTA, sequential=sequential)
    require_within_reach(policy, order, claim, delta=DELTA, sequential=sequential)
    return order


def test_what_passes_only_if_less_is_gained_is_not_refused():
    """Gains of the units that are bet on first make later stakes small: that all are gains is not the best there is."""
    n, limit = 1744, 0.002
    differing = betting_order(n)[:8]
    gained = np.zeros(n)
    gained[differing] = -1.0
    assert betting_p_value(gained, limit=limit, delta=DELTA, least=-1.0) > DELTA
    table, claim = in_groups(n, differing), Claim(max_drop=limit)
    order = require(GATE, table, claim)
    labels = dict.fromkeys(order.asked, 2)
    assert certify_with_few_labels(GATE, table, claim, labels, delta=DELTA).certified


@pytest.mark.parametrize("sequential", [False, True])
def test_too_few_units_are_refused(sequential):
    table = in_groups(100, np.array([3]))
    with pytest.raises(ClaimError, match="whatever they are 100 groups are too few; nothing was written"):
        require(GATE, table, Claim(max_drop=0.001), sequential=sequential)
    require(GATE, table, Claim(max_drop=0.05), sequential=sequential)


def test_too_many_that_differ_are_refused_though_what_is_lost_may_be_little():
    table = in_groups(400, np.arange(100))
    with pytest.raises(ClaimError, match="too few"):
        require(GATE, table, Claim(max_drop=0.05, max_disagreement=0.1))


def test_single_samples_are_refused_just_where_a_policy_that_is_right_everywhere_fails():
    """A degradation of nothing is certified from 59 samples on, at a limit of .05."""
    for n in (58, 59):
        whole = in_groups(n, np.array([1]))
        table = replace(whole.take(np.arange(n)), groups=None)
        if n == 59:
            require(GATE, table, Claim(max_degradation=0.05))
            continue
        with pytest.raises(ClaimError, match="too few"):
            require(GATE, table, Claim(max_degradation=0.05))
