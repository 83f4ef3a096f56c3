"""How many units may lose in each of some orders, against trying every number."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.certificates.bounds.betting import BETTING_SEED, betting_p_value
from policies.certificates.orders import N_ORDERS, CountedLabels, most_lost, most_missed


DELTA = 0.05


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(1, 120),
    limit=st.floats(0.01, 0.6),
    least=st.sampled_from([0.0, -1.0]),
    size=st.sampled_from([1.0, 0.25]),
)
def test_the_most_that_may_lose_is_the_last_number_that_passes(n, limit, least, size):
    found = most_lost(n, limit, DELTA, least, size)
    rng = np.random.default_rng(BETTING_SEED)
    assert len(found) == N_ORDERS
    for most in found:
        place = rng.permutation(n)
        passes = [
            betting_p_value(np.where(place < k, size, 0.0), limit=limit, delta=DELTA, least=least) <= DELTA
            for k in range(n + 1)
        ]
        assert most == -1 or passes[most]
        assert most == n or not passes[most + 1]


def test_none_may_lose_where_there_are_no_units():
    assert set(most_lost(0, 0.1, DELTA, 0.0, 1.0)) == {-1}
    assert set(most_missed(CountedLabels(0, 2, 0.5, 1), 0.8, DELTA)) == {-1}


@pytest.mark.parametrize(
    ("weight", "positives", "at_once"), [(2, 1.5, 1), (2, 0.3, 1), (1, 0.3, 1), (1, 1.0, 1), (2, 3.0, 2), (1, 2.5, 2.5)]
)
def test_a_ratio_is_that_of_the_counts(weight, positives, at_once):
    labels = CountedLabels(1000, weight, positives, 1, at_once)
    missed = 40
    ratio = labels.counts(np.random.default_rng(0).permutation(1000), missed).ratio
    assert labels.ratio_at(missed / labels.n_with_label) == pytest.approx(ratio)
    assert labels.missed_at(ratio) == pytest.approx(missed / labels.n_with_label)


@pytest.mark.parametrize(("weight", "positives"), [(2, 3.0), (2, 2.88), (1, 3.0), (2, 0.4), (1, 1.5)])
@pytest.mark.parametrize("value", [0.2, 0.5, 0.6, 0.8, 0.95])
def test_as_few_labels_are_missed_as_could_break_a_value(weight, positives, value):
    labels = CountedLabels(100, weight, positives, 5)
    at_once = labels.breaking(value).at_once
    assert CountedLabels(100, weight, positives, 5, at_once).ratio_at(1) < value
    assert at_once == 1 or CountedLabels(100, weight, positives, 5, math.ceil(at_once) - 1).ratio_at(1) >= value
    assert at_once <= max(positives, 1)
