from itertools import combinations
import math

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from search.analysis.significance import compare
from search.errors import StatisticsError


# Macro-F1 of three seeds each, as published with the figures that the first test asks for.
PAIRWISE = (0.7187765, 0.7161279, 0.7158000)
FOUR_WAY = (0.7226347, 0.7210732, 0.7196643)

groups = st.lists(st.integers(0, 20).map(lambda value: value / 20), min_size=2, max_size=4)


def permutation_p(first, second):
    """Both tails of all splits, the smaller one doubled."""
    pool = [*first, *second]
    observed = np.mean(second) - np.mean(first)
    differences = []
    for chosen in combinations(range(len(pool)), len(first)):
        one = [pool[i] for i in chosen]
        two = [pool[i] for i in range(len(pool)) if i not in chosen]
        differences.append(np.mean(two) - np.mean(one))
    upper = sum(d >= observed - 1e-12 for d in differences) / len(differences)
    lower = sum(d <= observed + 1e-12 for d in differences) / len(differences)
    return min(1.0, 2 * min(upper, lower))


def test_published_comparison_is_reproduced():
    """The published p is one random sample of splits of the exact 2 / 20; its d has rounded deviations."""
    found = compare(PAIRWISE, FOUR_WAY)
    assert found.difference == pytest.approx(0.00423, abs=1e-5)
    assert found.interval == pytest.approx((0.00227, 0.00620), abs=4e-5)
    assert found.p_value == pytest.approx(0.1, abs=1e-12)
    assert found.p_is_exact
    assert found.cohens_d == pytest.approx(3.33, abs=0.02)
    assert found.cohens_d_sample == pytest.approx(found.cohens_d * math.sqrt(2 / 3))
    assert (found.first_mean, found.second_mean) == pytest.approx((0.7169, 0.7211), abs=5e-5)
    assert found.first_sd == pytest.approx(np.std(PAIRWISE, ddof=1))
    assert found.second_sd == pytest.approx(np.std(FOUR_WAY, ddof=1))


@settings(max_examples=25, deadline=None)
@given(groups, groups)
@example([0.65, 0.75, 0.05], [0.3, 0.45, 0.55, 0.65])  # two splits whose differences are equal but for rounding
def test_p_equals_counting_all_splits(first, second):
    found = compare(first, second)
    assert found.p_is_exact
    assert found.p_value == pytest.approx(permutation_p(first, second))


@settings(max_examples=15, deadline=None)
@given(groups, groups)
def test_swapping_the_groups_changes_signs_only(first, second):
    one, two = compare(first, second), compare(second, first)
    assert two.difference == pytest.approx(-one.difference)
    assert two.p_value == pytest.approx(one.p_value)
    if one.cohens_d is not None:
        assert two.cohens_d == pytest.approx(-one.cohens_d)
        assert two.cohens_d_sample == pytest.approx(-one.cohens_d_sample)


def test_effect_of_unequal_groups_by_hand():
    """Sums of squares 2 and 0 about the means 1 and 4, of 3 and 2 values."""
    found = compare([0.0, 1.0, 2.0], [4.0, 4.0])
    assert found.cohens_d == pytest.approx(3 / math.sqrt((2 / 3 + 0) / 2))
    assert found.cohens_d_sample == pytest.approx(3 / math.sqrt(2 / 3))


def test_interval_is_that_of_resampled_means():
    """By enumeration of all 4 x 4 resamples of two values each: the tails beyond 2.5 % are the extremes."""
    assert compare([0.0, 2.0], [10.0, 14.0]).interval == pytest.approx((8.0, 14.0))


def test_bootstrap_agrees_with_the_normal_theory_of_large_groups():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, 400), rng.normal(0.5, 2, 300)
    found = compare(first, second)
    half_width = 1.96 * math.sqrt(first.var() / 400 + second.var() / 300)
    expected = (found.difference - half_width, found.difference + half_width)
    assert found.interval == pytest.approx(expected, abs=0.015)
    assert not found.p_is_exact
    assert found.p_value < 0.01


def test_runs_that_never_vary_have_no_effect_size():
    """Equal values, the mean of which is not exactly themselves."""
    found = compare([0.7, 0.7, 0.7], [0.8, 0.8, 0.8])
    assert found.cohens_d is found.cohens_d_sample is None
    assert found.interval == pytest.approx((0.1, 0.1))
    assert found.p_value == pytest.approx(0.1)


def test_the_same_seed_gives_the_same_result_and_another_may_not():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=12), rng.normal(size=12)
    assert compare(first, second, seed=3) == compare(first, second, seed=3)
    assert compare(first, second, seed=3).interval != compare(first, second, seed=4).interval


def test_global_randomness_is_left_alone():
    state = np.random.get_state()[1].copy()
    compare(PAIRWISE, FOUR_WAY)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([0.7], [0.7, 0.8], r"the first group must have at least 2 values but has shape \(1,\); run it with more"),
        ([0.7, 0.8], [], r"the second group must have at least 2 values but has shape \(0,\)"),
        ([[0.7, 0.8]], [0.7, 0.8], r"the first group .* shape \(1, 2\)"),
        ([0.7, 0.8], [0.7, math.nan], "the second group must be finite numbers but value 1 is nan; leave failed"),
        ([math.inf, 0.8], [0.7, 0.8], "the first group must be finite numbers but value 0 is inf"),
        (["good", 0.8], [0.7, 0.8], "the first group must be numbers"),
        ([0.7, 0.8], [[0.7], [0.8, 0.9]], "the second group must be numbers"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(first, second, message):
    with pytest.raises(StatisticsError, match=message) as error:
        compare(first, second)
    assert "\n" not in str(error.value)
