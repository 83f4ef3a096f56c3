"""The sum test against the binomial, against all policies of a cunning opponent, and its bounds."""

from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.stats import binom

from policies.certificates.bounds.betting import betting_p_values
from policies.certificates.bounds.binomial import binomial_p_value, binomial_upper_bound
from policies.certificates.bounds.sums import is_quick, sum_p_value, sum_p_values, sum_upper_bound
from policies.certificates.bounds.sums_kernel import worst_case
from policies.certificates.sample_size import sum_units_needed
from policies.errors import ClaimError


DELTA = 0.05


def brute_force(n, n_steps, mean, most):
    """V over pairs of values around the mean, which is where an opponent of one mean must play."""

    @cache
    def best(k, r):
        if r < 0:
            return 0.0
        if k == 0:
            return 1.0
        found = 0.0
        for low, high in combinations_with_replacement(range(n_steps + 1), 2):
            if low <= mean <= high:
                weight = 1.0 if low == high else (mean - low) / (high - low)
                found = max(found, (1 - weight) * best(k - 1, r - low) + weight * best(k - 1, r - high))
        return found

    return np.array([best(n, r) for r in range(most + 1)])


@given(st.integers(1, 7), st.integers(1, 6), st.floats(0.02, 0.95))
@settings(max_examples=25, deadline=None)
def test_the_worst_case_is_that_of_all_pairs(n, n_steps, share):
    found = worst_case(n, n_steps, share * n_steps, n * n_steps)
    np.testing.assert_allclose(found, brute_force(n, n_steps, share * n_steps, n * n_steps), atol=1e-9)


@given(st.integers(2, 6), st.integers(1, 5), st.integers(2, 5))
@settings(max_examples=20, deadline=None)
def test_a_finer_grid_does_no_worse(n, a, finer):
    """Losses in [0, 1] do their worst on the multiples of a common part of the limit and of 1."""
    n_steps = 6
    coarse = worst_case(n, n_steps, float(a), n * a)
    fine = worst_case(n, n_steps * finer, float(a * finer), n * a * finer)
    np.testing.assert_allclose(fine[::finer], coarse, atol=1e-9)
    between = np.interp(np.arange(fine.size) / finer, np.arange(coarse.size), coarse)
    assert (fine <= between + 1e-9).all()


@given(st.integers(1, 300), st.floats(0.001, 0.9), st.data())
@settings(max_examples=30, deadline=None)
def test_of_zeros_and_ones_it_is_the_binomial(n, limit, data):
    n_lost = data.draw(st.integers(0, n))
    losses = np.repeat([1.0, 0.0], [n_lost, n - n_lost])
    expected = binomial_p_value(n_lost, n, limit=limit) if n_lost < n * limit else 1.0
    found = sum_p_value(losses, limit=limit, parts=1)
    if n_lost < n * limit:
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-12)
    if 0 < n_lost < n // 4:
        bound = binomial_upper_bound(n_lost, n, delta=DELTA)
        assert sum_upper_bound(losses, delta=DELTA, parts=1) == pytest.approx(bound, abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.01, 0.9))
@settings(max_examples=25, deadline=None)
def test_losses_of_any_size_are_no_surer_than_of_known_parts(found, limit):
    losses = np.round(np.array(found) * 4) / 4
    anything, quarters = (sum_p_value(losses, limit=limit, parts=parts) for parts in (None, 4))
    assert anything >= quarters * (1 - 1e-6) or quarters == 1.0
    assert sum_p_value(np.zeros(losses.size), limit=limit) >= (1 - limit) ** losses.size * (1 - 1e-6)


TWO_POINTS = [
    (lambda rng, n: 0.1 * (rng.random(n) < 0.5) + 0.0, 0.05),
    (lambda rng, n: (rng.random(n) < 0.05).astype(float), 0.05),
    (lambda rng, n: np.where(rng.random(n) < 0.04 / 0.99, 1.0, 0.01) + 0.0, 0.05),
    (lambda rng, n: rng.beta(0.1, 1.9, n), 0.05),
    (lambda rng, n: rng.binomial(7, 0.05, n) / 7, 0.05),
]


@pytest.mark.parametrize(("draw", "limit"), TWO_POINTS)
@pytest.mark.parametrize("n", [60, 110])
def test_at_the_limit_it_is_rarely_wrong(draw, limit, n):
    rng = np.random.default_rng(3)
    drawn = np.array([draw(rng, n) for _ in range(4000)])
    for delta in (0.05, 0.2):
        rate = (sum_p_values(drawn.sum(axis=1), n, limit=limit) <= delta).mean()
        assert rate <= delta + 3 * np.sqrt(delta * (1 - delta) / 4000)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.01, 0.95))
@example([0.0, 0.0, 0.0, 0.0, 0.828125], 0.5)  # between the sums of losses of 0, 1/2 and 1
@settings(max_examples=25, deadline=None)
def test_a_bound_is_at_most_a_limit_just_where_the_p_value_is_at_most_delta(found, limit):
    losses = np.array(found) ** 6
    bound = sum_upper_bound(losses, delta=DELTA)
    assert losses.mean() <= bound <= 1
    assert (bound <= limit) == (sum_p_value(losses, limit=limit) <= DELTA)


@given(st.integers(2, 100), st.floats(0.01, 0.9))
@settings(max_examples=30, deadline=None)
def test_p_values_grow_with_the_sum_and_fall_with_the_limit(n, limit):
    sums = np.linspace(0, n, 40)
    p_values = sum_p_values(sums, n, limit=limit)
    assert (np.diff(p_values) >= -1e-12).all()
    assert (sum_p_values(sums, n, limit=min(1.2 * limit, 0.95)) <= p_values + 1e-9).all()


@given(
    st.integers(1, 12),
    st.fractions(Fraction(1, 70), Fraction(66, 70), max_denominator=70),
    st.fractions(Fraction(1, 70), Fraction(66, 70), max_denominator=70),
)
@example(12, Fraction(1, 2), Fraction(34, 69))
@settings(max_examples=50, deadline=None)
def test_p_values_fall_with_limits_of_many_and_of_few_parts(n, first, second):
    sums = np.linspace(0, 0.5 * n, 60)
    low, high = (sum_p_values(sums, n, limit=float(one)) for one in sorted((first, second)))
    assert (high <= low * (1 + 1e-9)).all()


@pytest.mark.parametrize(
    ("n", "limit", "sums", "bets"), [(60, 0.05, 0.39, 0.0), (100, 0.05, 0.58, 0.41), (400, 0.05, 0.97, 0.89)]
)
def test_power_where_few_lose_all(n, limit, sums, bets):
    """Units that lose all or nothing at three tenths of the limit."""
    drawn = (np.random.default_rng(0).random((1000, n)) < 0.3 * limit).astype(float)
    assert (sum_p_values(drawn.sum(axis=1), n, limit=limit) <= DELTA).mean() == pytest.approx(sums, abs=0.04)
    assert (betting_p_values(drawn, limit=limit, delta=DELTA) <= DELTA).mean() == pytest.approx(bets, abs=0.05)


def test_its_largest_sum_is_about_that_of_the_binomial():
    for n, limit in ((150, 0.05), (300, 0.05), (867, 0.01)):
        of_ones = binom.ppf(DELTA, n, limit) - 1
        sums = np.arange(0, n * limit, limit)
        largest = sums[sum_p_values(sums, n, limit=limit) <= DELTA].max()
        assert of_ones - 1 < largest < of_ones + 1


def test_what_is_quick():
    assert is_quick(300, limit=0.05)
    assert is_quick(2000, limit=0.05)
    assert not is_quick(5000, limit=0.01)


def test_units_needed_pass():
    losses = np.repeat([0.0, 0.5, 0.1], [40, 1, 4])
    needed = sum_units_needed(losses, limit=0.1, delta=DELTA)
    assert sum_p_values(np.array([losses.mean() * needed]), needed, limit=0.1)[0] <= DELTA
    assert sum_p_values(np.array([losses.mean() * (needed - 1)]), needed - 1, limit=0.1)[0] > DELTA
    assert sum_units_needed(losses, limit=0.01, delta=DELTA) is None


def test_wrong_input():
    with pytest.raises(ClaimError, match="losses must lie in \\[0, 1\\] but lie in \\[-1, 1\\]"):
        sum_p_value(np.array([-1.0, 1.0]), limit=0.1)
    with pytest.raises(ClaimError, match="at least one number"):
        sum_upper_bound(np.array([]), delta=DELTA)
    with pytest.raises(ClaimError, match="losses must be multiples of 1/4 but"):
        sum_p_value(np.array([0.3]), limit=0.1, parts=4)
