from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.stats import chi2_contingency, ks_2samp

from policies.monitoring.reference import LEVELS
from policies.monitoring.two_samples import (
    Deviation,
    deviation_p_value,
    holm,
    homogeneity_p_value,
    largest_deviation,
)


SMALL_NUMBERS = st.lists(st.integers(0, 6), min_size=1, max_size=40).map(np.array)


def quantiles_of(values):
    return np.sort(values)[[max(-(-percent * len(values) // 100), 1) - 1 for percent in range(101)]]


def deviation_of(first, second):
    quantiles = quantiles_of(first)
    below, at_most = (second[:, None] < quantiles).mean(axis=0), (second[:, None] <= quantiles).mean(axis=0)
    return largest_deviation(LEVELS, quantiles, below, at_most)


@given(SMALL_NUMBERS, SMALL_NUMBERS)
def test_a_difference_that_is_certain_is_never_too_large(first, second):
    everywhere = np.concatenate([first, second])
    shares = [(values[:, None] <= everywhere).mean(axis=0) for values in (first, second)]
    assert deviation_of(first, second).size <= np.abs(shares[0] - shares[1]).max() + 1e-9


def test_of_large_samples_little_is_lost():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=1000), rng.normal(0.2, size=800)
    found, whole = deviation_of(first, second), ks_2samp(first, second, method="asymp")
    assert found.size == pytest.approx(whole.statistic, abs=0.01)
    assert deviation_p_value(found, 1000, 800) < 10 * whole.pvalue


@pytest.mark.parametrize(("n_first", "n_second"), [(20, 20), (50, 50), (30, 90), (200, 40)])
def test_small_p_values_are_on_the_safe_side_of_the_exact_ones(n_first, n_second):
    for shift in range(1, n_first):
        first = np.arange(n_first) / n_first
        second = np.linspace(0, 1, n_second, endpoint=False) + (shift - 0.5) / n_first
        exact = ks_2samp(first, second, method="exact")
        if exact.pvalue <= 0.06:
            found = deviation_p_value(Deviation(exact.statistic, 0.0, True, 0.0, 0.0), n_first, n_second)
            assert found >= exact.pvalue * (1 - 1e-6) or found == 0


def test_the_place_of_the_difference_is_told():
    rng = np.random.default_rng(2)
    first = rng.random(2000)
    higher, lower = deviation_of(first, np.ones(50)), deviation_of(first, np.zeros(50))
    assert (higher.is_at_most, higher.second) == (True, 0.0)
    assert (lower.is_at_most, lower.second) == (False, 1.0)
    saturated = np.where(np.arange(200) < 100, 0.5, 1.0)
    assert deviation_of(saturated, saturated).size == pytest.approx(0.0, abs=0.011)


def test_frequent_kinds_are_pearsons_test():
    first, second = np.array([50.0, 30, 20]), np.array([40.0, 45, 35])
    expected = chi2_contingency([first, second], correction=False).pvalue
    assert homogeneity_p_value(first, second) == pytest.approx(expected)


def test_rare_kinds_are_counted_as_one():
    first, second = np.array([50.0, 48, 1, 1, 0, 0]), np.array([40.0, 48, 0, 3, 9, 0])
    together = chi2_contingency([[50, 48, 2], [40, 48, 12]], correction=False).pvalue
    assert homogeneity_p_value(first, second) == pytest.approx(together)
    # Two rare kinds are not enough by themselves: the next rarest joins them.
    first, second = np.array([80.0, 18, 1, 1]), np.array([90.0, 10, 0, 0])
    together = chi2_contingency([[80, 20], [90, 10]], correction=False).pvalue
    assert homogeneity_p_value(first, second) == pytest.approx(together)


def test_one_kind_alone_tells_nothing():
    assert homogeneity_p_value(np.array([30.0, 0]), np.array([50.0, 0])) == 1.0
    assert homogeneity_p_value(np.array([30.0, 1]), np.array([50.0, 0])) == 1.0


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=6),
    st.lists(st.integers(0, 40), min_size=6, max_size=6),
    st.randoms(use_true_random=False),
)
def test_kinds_have_no_order(first, second, random):
    first, second = np.array(first, dtype=float), np.array(second[: len(first)], dtype=float)
    if not first.sum() or not second.sum():
        return
    order = list(range(len(first)))
    random.shuffle(order)
    p_value = homogeneity_p_value(first, second)
    assert 0 <= p_value <= 1
    assert homogeneity_p_value(second, first) == pytest.approx(p_value)


def closed_test(p_values):
    """Holm's procedure as the closure of Bonferroni's: the largest adjusted p-value of all sets with a hypothesis."""
    n = len(p_values)
    adjusted = np.zeros(n)
    for members in range(1, 2**n):
        chosen = [i for i in range(n) if members >> i & 1]
        bonferroni = min(1.0, len(chosen) * min(p_values[i] for i in chosen))
        for i in chosen:
            adjusted[i] = max(adjusted[i], bonferroni)
    return adjusted


@given(st.lists(st.sampled_from([0.0, 0.001, 0.01, 0.02, 0.02, 0.04, 0.3, 1.0]), min_size=1, max_size=6))
def test_holm_is_the_closure_of_bonferroni(p_values):
    np.testing.assert_allclose(holm(np.array(p_values)), closed_test(p_values))
