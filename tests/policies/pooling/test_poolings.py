"""What is said of a parent, against a loop over parents in plain numpy."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.pooling.poolings import get_pooling


def evidence(values):
    summed = np.exp(np.log(np.maximum(values, 1e-12)).sum(axis=0))
    return summed / summed.sum()


PLAIN = {
    "mean": lambda values: values.mean(axis=0),
    "max": lambda values: values.max(axis=0),
    "top-1": lambda values: values.max(axis=0),
    "top-2": lambda values: np.sort(values, axis=0)[-2:].mean(axis=0),
    "top-99": lambda values: values.mean(axis=0),
    "p0": lambda values: values.min(axis=0),
    "p75": lambda values: np.quantile(values, 0.75, axis=0),
    "p100": lambda values: values.max(axis=0),
    "noisy-or": lambda values: 1 - np.prod(1 - values, axis=0),
    "evidence": evidence,
}


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6), seed=st.integers(0, 1000))
def test_parents_of_any_size_are_pooled_and_what_is_said_after_each_sample(name, sizes, seed):
    values = np.random.default_rng(seed).random((sum(sizes), 3))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    pooling = get_pooling(name)
    pooled, running = pooling.pooled(values, starts), pooling.running(values, starts)
    for g, (start, end) in enumerate(pairwise(starts)):
        np.testing.assert_allclose(pooled[g], PLAIN[name](values[start:end]))
        for row in range(start, end):
            np.testing.assert_allclose(running[row], PLAIN[name](values[start : row + 1]))
        np.testing.assert_array_equal(running[end - 1], pooled[g])
