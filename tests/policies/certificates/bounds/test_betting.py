import math

from hypothesis import given
from hypothesis import strategies as st
from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value
import numpy as np
import pytest
from scipy.stats import binomtest

from policies.certificates.bounds.betting import betting_order, betting_p_value, betting_p_values, betting_upper_bound
from policies.certificates.bounds.binomial import binomial_p_value, binomial_upper_bound, error_p_value
from policies.certificates.claims import require_delta
from policies.certificates.sample_size import certifiable_accuracy, certifiable_mean, samples_needed, units_needed
from policies.errors import ClaimError
from tests.policies.outcomes import is_near_level


N_DRAWS = 2000
LOSSES = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=30).map(np.array)


def brute_force_capital(losses, limit, delta):
    """The most capital, bet by bet as in the paper, for losses in [0, 1]."""
    n, capital, most = len(losses), 1.0, 1.0
    seen, squares = [], 0.0
    for loss in losses:
        variance = (0.25 + squares) / (len(seen) + 1)
        stake = min(math.sqrt(2 * math.log(1 / delta) / (n * variance)), 0.9 / (1 - limit))
        capital *= 1 + stake * (limit - loss)
        most = max(most, capital)
        seen.append(loss)
        squares += (loss - (0.5 + sum(seen)) / (len(seen) + 1)) ** 2
    return most


@pytest.mark.parametrize(
    ("risk", "n", "loss"),
    [
        (0.01, 1000, 0.0040),
        (0.01, 2500, 0.0064),
        (0.01, 5000, 0.0076),
        (0.01, 10000, 0.0083),
        (0.05, 1000, 0.0380),
        (0.005, 1000, 0.0010),
        (0.005, 5000, 0.0032),
    ],
)
def test_largest_loss_that_certifies(risk, n, loss):
    """What a certificate costs at delta .05, as published for the exact binomial."""
    assert 1 - certifiable_accuracy(n, target=1 - risk, delta=0.05) == pytest.approx(loss, abs=1e-4)


def test_certifiable_accuracy_is_the_edge():
    for n, target in ((60, 0.95), (200, 0.9), (359, 0.95), (1000, 0.95)):
        n_errors = round((1 - certifiable_accuracy(n, target=target, delta=0.05)) * n)
        assert error_p_value(n_errors, n, target) <= 0.05 < error_p_value(n_errors + 1, n, target)
    assert certifiable_accuracy(58, target=0.95, delta=0.05) is None
    assert certifiable_accuracy(1000, target=1.0, delta=0.05) is None


def test_binomial_figures_equal_scipys_exact_test():
    test = binomtest(12, 300, 0.1, alternative="less")
    upper = test.proportion_ci(confidence_level=0.95, method="exact").high
    assert error_p_value(12, 300, 0.9) == pytest.approx(test.pvalue)
    assert binomial_p_value(12, 300, limit=0.1) == pytest.approx(test.pvalue)
    assert binomial_upper_bound(12, 300, delta=0.05) == pytest.approx(upper)
    assert 1 - binomial_upper_bound(12, 300, delta=0.05) == pytest.approx(1 - upper)
    assert 1 - binomial_upper_bound(300, 300, delta=0.05) == 0.0


@pytest.mark.parametrize("limit", [0.01, 0.05, 0.2])
def test_p_values_of_errors_are_those_of_learn_then_test(limit):
    """For losses that are 0 or 1 the smaller of Hoeffding's and Bentkus's bounds is the exact binomial's (MAPIE)."""
    # A power of 2, so that shares of it are exact.
    n, n_errors = 512, np.arange(120)
    expected = compute_hoeffding_bentkus_p_value(n_errors / n, n, limit, binary=True)[:, 0]
    found = [binomial_p_value(int(errors), n, limit=limit) for errors in n_errors]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_samples_needed_is_the_fewest():
    assert samples_needed(0.0, target=0.95, delta=0.05) == 59
    assert samples_needed(0.05, target=0.95, delta=0.05) is None
    assert samples_needed(0.0499999, target=0.95, delta=0.05) is None


@given(LOSSES, st.floats(0.0, 0.95), st.sampled_from([0.01, 0.05, 0.2]))
def test_betting_p_value_is_one_over_the_most_capital(losses, limit, delta):
    ordered = losses[betting_order(len(losses))]
    expected = 1 / brute_force_capital((ordered + 1) / 2, (limit + 1) / 2, delta)
    assert betting_p_value(losses, limit=limit, delta=delta, least=-1) == pytest.approx(expected, rel=1e-6)
    expected = 1 / brute_force_capital(np.abs(ordered), limit, delta)
    assert betting_p_value(np.abs(losses), limit=limit, delta=delta) == pytest.approx(expected, rel=1e-6)


@given(LOSSES, st.floats(-0.9, 0.95))
def test_betting_bound_is_the_smallest_limit_that_holds(losses, limit):
    bound = betting_upper_bound(losses, delta=0.05, least=-1)
    p_value = betting_p_value(losses, limit=limit, delta=0.05, least=-1)
    assert losses.mean() <= bound <= 1
    if limit > bound:
        assert p_value <= 0.05
    if limit < bound - 1e-8:
        assert p_value > 0.05


@given(LOSSES, st.floats(-0.9, 0.95), st.sampled_from([0.01, 0.04]))
def test_a_bound_at_another_level_says_what_bets_with_the_same_stakes_say(losses, limit, settled_for):
    bound = betting_upper_bound(losses, delta=0.05, least=-1, settled_for=settled_for)
    p_value = betting_p_value(losses, limit=limit, delta=settled_for, least=-1)
    if abs(limit - bound) > 1e-8:
        assert (p_value <= 0.05) == (limit > bound)


@pytest.mark.parametrize("least", [0.0, -1.0])
def test_draws_at_once_are_draws_one_by_one(least):
    drawn = np.random.default_rng(0).uniform(least, 1, (20, 37))
    found = betting_p_values(drawn, limit=0.6, delta=0.1, least=least)
    np.testing.assert_allclose(found, [betting_p_value(one, limit=0.6, delta=0.1, least=least) for one in drawn])
    assert found.min() < 1


def test_betting_order_depends_on_nothing_but_the_number():
    np.testing.assert_array_equal(betting_order(50), betting_order(50))
    np.testing.assert_array_equal(np.sort(betting_order(50)), np.arange(50))
    assert (betting_order(50) != np.arange(50)).any()


@pytest.mark.parametrize(
    ("draw", "mean", "least"),
    [
        (lambda rng, n: (rng.random(n) < 0.05).astype(float), 0.05, 0.0),
        (lambda rng, n: rng.beta(0.5, 4.5, n), 0.1, 0.0),
        (lambda rng, n: rng.choice([0.0, 1.0, -1.0], n, p=[0.96, 0.03, 0.01]), 0.02, -1.0),
        (lambda rng, n: rng.choice([0.0, 1.0, -1.0], n, p=[0.4, 0.3, 0.3]), 0.0, -1.0),
    ],
    ids=["rare errors", "means of groups", "drops", "drops that cancel"],
)
def test_betting_is_rarely_wrong(draw, mean, least):
    """At a true mean just at the limit, at most delta of 2,000 draws certify; the bound is below it as rarely."""
    rng = np.random.default_rng(1)
    samples = [draw(rng, 200) for _ in range(N_DRAWS)]
    for delta in (0.05, 0.2):
        n_false = sum(betting_p_value(losses, limit=mean, delta=delta, least=least) <= delta for losses in samples)
        assert is_near_level(n_false, N_DRAWS, delta)
    n_below = sum(betting_upper_bound(losses, delta=0.2, least=least) < mean for losses in samples)
    assert is_near_level(n_below, N_DRAWS, 0.2)


def test_binomial_is_rarely_wrong():
    rng = np.random.default_rng(0)
    errors = rng.binomial(300, 0.05, size=N_DRAWS)
    n_false = sum(error_p_value(n_errors, 300, 0.95) <= 0.05 for n_errors in errors)
    n_above = sum(1 - binomial_upper_bound(n_errors, 300, delta=0.05) > 0.95 for n_errors in errors)
    assert is_near_level(n_false, N_DRAWS, 0.05)
    assert is_near_level(n_above, N_DRAWS, 0.05)


def test_a_drop_is_cheaper_to_certify_than_a_floor():
    """At 2,500 samples: 0.92 points of margin for an error of 8 %, less than half of it for a paired drop."""
    rng = np.random.default_rng(0)
    drops = [rng.choice([0.0, 1.0, -1.0], 2500, p=[0.99, 0.005, 0.005]) for _ in range(50)]
    margin = np.median([betting_upper_bound(drop, delta=0.05, least=-1) - drop.mean() for drop in drops])
    assert binomial_upper_bound(200, 2500, delta=0.05) - 0.08 == pytest.approx(0.0094, abs=5e-4)
    assert margin < 0.0055


def test_units_needed_certify():
    losses = np.repeat([0.0, 0.5, 0.1], [20, 1, 4])
    needed = units_needed(losses, limit=0.1, delta=0.05)
    assert betting_p_value(losses, limit=0.1, delta=0.05) > 0.05
    assert betting_p_value(np.resize(losses, needed), limit=0.1, delta=0.05) <= 0.05
    assert units_needed(losses, limit=0.01, delta=0.05) is None
    assert units_needed(losses, limit=float(losses.mean()) + 1e-7, delta=0.05) is None


@pytest.mark.parametrize(("n", "limit"), [(100, 0.1), (400, 0.05), (2500, 0.01)])
def test_certifiable_mean_certifies_about_half_of_the_time(n, limit):
    mean = certifiable_mean(n, limit=limit, delta=0.05)
    assert 0 < mean < limit
    rng = np.random.default_rng(0)
    losses = np.zeros(n)
    losses[: int(mean * n)] = 1.0
    passed = [betting_p_value(rng.permutation(losses), limit=limit, delta=0.05) <= 0.05 for _ in range(200)]
    assert np.mean(passed) > 0.4


def test_certifiable_mean_is_none_where_no_loss_at_all_would_not_do():
    assert certifiable_mean(20, limit=0.1, delta=0.05) is None
    assert certifiable_mean(1000, limit=0.0, delta=0.05, least=-1.0) is None


def test_wrong_input():
    with pytest.raises(ClaimError, match="losses must lie in \\[0, 1\\] but lie in \\[-1, 1\\]; signed losses need"):
        betting_p_value(np.array([-1.0, 1.0]), limit=0.1, delta=0.05)
    with pytest.raises(ClaimError, match="at least one number"):
        betting_upper_bound(np.array([]), delta=0.05)
    with pytest.raises(ClaimError, match="losses must lie in"):
        betting_upper_bound(np.array([0.0, np.nan]), delta=0.05)
    with pytest.raises(ClaimError, match="losses must be draws of at least one number each but have shape \\(3,\\)"):
        betting_p_values(np.zeros(3), limit=0.1, delta=0.05)
    for delta in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(ClaimError, match="delta must lie strictly between 0 and 1"):
            require_delta(delta)
