"""True losses at which tests pass as often as is stated, against draws."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.stats import binom

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.label_ratios import RatioCounts
from policies.certificates.power import loss_rate_at_power, mean_loss_at_power, ratio_at_power
from policies.certificates.sample_size import certifiable_mean


DELTA = 0.05
N_DRAWS = 500


def share_passing(draws, **options):
    return np.mean([betting_p_value(one, delta=DELTA, **options) <= DELTA for one in draws])


@settings(deadline=None)
@given(n=st.integers(1, 3000), limit=st.floats(0.001, 0.5), power=st.floats(0.06, 0.99))
def test_a_rate_of_losses_has_its_power_by_the_exact_test(n, limit, power):
    found = loss_rate_at_power(n, limit=limit, delta=DELTA, power=power)
    n_passing = int((binom.cdf(np.arange(n + 1), n, limit) <= DELTA).sum())
    assert (found is None) == (n_passing == 0)
    if n_passing:
        assert binom.cdf(n_passing - 1, n, found) == pytest.approx(power, abs=1e-6)
        assert found <= limit


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(
    ("n", "limit", "least", "size"), [(150, 0.1, 0.0, 1.0), (600, 0.02, -1.0, 1.0), (500, 0.01, -1.0, 0.1)]
)
def test_a_mean_loss_has_its_power_by_bets(n, limit, least, size, power):
    mean = mean_loss_at_power(n, limit=limit, delta=DELTA, power=power, least=least, size=size)
    drawn = size * (np.random.default_rng(1).random((N_DRAWS, n)) < mean / size)
    assert share_passing(drawn, limit=limit, least=least) == pytest.approx(power, abs=0.06)


@pytest.mark.parametrize(("weight", "positives"), [(2, 0.3), (1, 0.3), (1, 1.0)])
def test_a_ratio_of_counts_has_its_power_by_bets(weight, positives):
    n, value = 600, 0.8
    options = {"weight": weight, "positives": positives, "n_labels": 1}
    ratio = ratio_at_power(n, value=value, delta=DELTA, power=0.8, **options)
    # Of F1 with no label too many the rate of misses is that of the recall.
    rate = 1 - (ratio if weight == 1 else ratio / (2 - ratio))
    rng = np.random.default_rng(1)
    passed = []
    for _ in range(N_DRAWS):
        has = rng.permutation(np.arange(n) < round(n * positives)).astype(float)
        misses = has * (rng.random(n) < rate)
        one = RatioCounts("", weight * (has - misses), weight * has - (weight - 1) * misses, 1, weight)
        p_value = betting_p_value(one.shortfall(value), limit=0.0, delta=DELTA, least=one.least(value))
        passed.append(p_value <= DELTA)
    assert np.mean(passed) == pytest.approx(0.8, abs=0.06)


def test_a_ratio_that_one_miss_of_every_unit_would_not_break_has_its_power_by_bets():
    n, value = 600, 0.6
    ratio = ratio_at_power(n, value=value, delta=DELTA, power=0.8, weight=2, positives=3.0, n_labels=5)
    # Of three labels of each two are missed at once; a miss of one by all would leave 0.8.
    assert value < ratio < 0.7
    rate = 3 * (1 - ratio) / (2 - ratio)
    rng = np.random.default_rng(1)
    passed = []
    for _ in range(N_DRAWS):
        misses = 2.0 * (rng.random(n) < rate)
        one = RatioCounts("", 2 * (3 - misses), 6 - misses, 5, 2)
        p_value = betting_p_value(one.shortfall(value), limit=0.0, delta=DELTA, least=one.least(value))
        passed.append(p_value <= DELTA)
    assert np.mean(passed) == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize(("n", "limit"), [(150, 0.1), (1000, 0.05)])
def test_a_power_of_one_half_is_about_what_passes_in_half_of_all_orders(n, limit):
    at_half = mean_loss_at_power(n, limit=limit, delta=DELTA, power=0.5)
    assert at_half == pytest.approx(certifiable_mean(n, limit=limit, delta=DELTA), abs=1.5 / n)


def test_nothing_is_looked_for_where_not_even_no_loss_passes():
    options = {"delta": DELTA, "power": 0.8}
    assert loss_rate_at_power(58, limit=0.05, **options) is None
    assert loss_rate_at_power(0, limit=0.05, **options) is None
    assert mean_loss_at_power(20, limit=0.1, **options) is None
    assert mean_loss_at_power(0, limit=0.1, **options) is None
    assert ratio_at_power(5, value=0.9, weight=2, positives=0.3, n_labels=1, **options) is None
    assert ratio_at_power(400, value=0.9, weight=2, positives=0.0, n_labels=1, **options) is None
