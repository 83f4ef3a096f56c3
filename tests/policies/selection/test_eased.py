import math

import numpy as np
import pytest

from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from policies.selection.eased import N_STEPS, eased
from policies.tables.classification import ClassificationTable


def table(n=200, size=1, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.integers(3, size=n), size)
    logits = rng.normal(size=(n * size, 3, 3)).astype(np.float32)
    for k in range(3):
        logits[np.arange(n * size), k, labels] += 1 + k
    ids = np.array([f"{g}#{m}" for g in range(n) for m in range(size)])
    return ClassificationTable(logits=logits, labels=labels, cost=np.array([0.3, 0.6, 1.0]), ids=ids)


def test_fewer_and_fewer_leave_where_they_left():
    policy, own = Policy("confidence", (0.7, 0.8), (1.0,) * 3), table()
    view = policy.view(own)
    before = policy.decide_on(view).exits
    left = (before == 0).sum()
    found = eased(policy, view)
    assert len(found) == N_STEPS - 1
    at_first = [one.decide_on(view).exits == 0 for one in found]
    for step, now in enumerate(at_first, start=1):
        assert (now <= (before == 0)).all()
        assert now.sum() == pytest.approx(step / N_STEPS * left, abs=1)


def test_a_closed_gate_stays_closed_and_the_full_network_has_no_milder_form():
    policy, own = Policy("confidence", (math.inf, 0.8), (1.0,) * 3), table()
    assert all(one.thresholds[0] == (math.inf,) for one in eased(policy, policy.view(own)))
    full = Policy("confidence", (math.inf, math.inf), (1.0,) * 3)
    assert eased(full, full.view(own)) == []


@pytest.mark.parametrize(
    ("level", "thresholds"), [(Level.READING, (math.inf, math.inf)), (Level.PROGRESSIVE, (0.7, math.inf))]
)
def test_more_is_read(level, thresholds):
    answering = Answering(level=level, pooling="mean", read_until=0.6)
    policy, own = Policy("confidence", thresholds, (1.0,) * 3, answering=answering), table(size=4)
    view = policy.view(own)
    depth = [int((one.decide_on(view).exits + 1).sum()) for one in (*eased(policy, view), policy)]
    assert depth == sorted(depth, reverse=True)
    assert depth[0] > depth[-1]
