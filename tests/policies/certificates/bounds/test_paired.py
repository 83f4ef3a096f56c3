"""The paired test against a count of all outcomes, its power, and its bounds."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.stats import beta, binom, multinomial

from policies.certificates.bounds.betting import betting_p_values
from policies.certificates.bounds.binomial import binomial_p_value
from policies.certificates.bounds.paired import (
    NUISANCE_SHARE,
    paired_p_value,
    paired_passes,
    paired_upper_bound,
)
from policies.certificates.bounds.paired_kernel import (
    largest_probability,
    least_gained,
    log_factorials,
    region_probability,
    score,
)
from policies.certificates.sample_size import paired_units_needed
from policies.errors import ClaimError


DELTA = 0.05


def outcomes(n):
    return [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]


def likelihoods(seen, n, limit, gained):
    """Probability of each outcome for each probability of a gain, shape (gained, outcomes)."""
    counts = np.array([[b, c, n - b - c] for b, c in seen])
    rates = np.stack([np.maximum(limit + gained, 0), gained, np.maximum(1 - limit - 2 * gained, 0)], axis=-1)
    return multinomial.pmf(counts[None], n, rates[:, None])


def nuisances(limit, number=400):
    return np.linspace(max(-limit, 0.0) + 1e-9, (1 - limit) / 2, number)


@pytest.mark.parametrize("n", [5, 14, 30])
@pytest.mark.parametrize("limit", [-0.1, 0.0, 0.02, 0.1, 0.4])
@pytest.mark.parametrize("delta", [0.05, 0.2])
def test_the_size_is_never_above_delta(n, limit, delta):
    seen = outcomes(n)
    passes = np.array([paired_p_value(b, c, n, limit=limit, delta=delta) <= delta for b, c in seen])
    sizes = likelihoods(seen, n, limit, nuisances(limit)) @ passes
    assert sizes.max() <= delta * (1 + 1e-9)
    if n == 30:
        assert sizes.max() > 0.6 * delta


def test_where_nobody_loses_and_few_gain_a_gain_of_many_is_not_shown():
    assert paired_p_value(0, 0, 1000, limit=-0.5, delta=DELTA) > 0.99
    n, limit = 14, -0.4
    seen = outcomes(n)
    passes = np.array([paired_p_value(b, c, n, limit=limit, delta=0.2) <= 0.2 for b, c in seen])
    counts = np.array([[b, c, n - b - c] for b, c in seen])
    for gained in np.linspace(0, -limit, 50):
        assert multinomial.pmf(counts, n, [0, gained, 1 - gained]) @ passes <= 0.2


@given(st.integers(1, 25), st.floats(-0.5, 0.6), st.data())
@settings(max_examples=40, deadline=None)
def test_the_p_value_is_the_largest_probability_of_what_is_at_least_as_good(n, limit, data):
    b = data.draw(st.integers(0, n))
    c = data.draw(st.integers(0, n - b))
    level = score(b, c, n, limit)
    if not np.isfinite(level):
        return
    better = [one for one in outcomes(n) if score(*one, n, limit) <= level + 1e-9 * (1 + abs(level))]
    tail = NUISANCE_SHARE * DELTA / 2
    low = beta.ppf(tail, c, n - c + 1) if c else 0.0
    high = beta.ppf(1 - tail, c + 1, n - c) if c < n else 1.0
    low, high = max(low, -limit, 0), max(min(high, (1 - limit) / 2), -limit)
    found = paired_p_value(b, c, n, limit=limit, delta=DELTA)
    if low > high:
        assert found == pytest.approx(NUISANCE_SHARE * DELTA, abs=1e-6)
        return
    largest = likelihoods(better, n, limit, np.linspace(low, high, 500)).sum(axis=1).max() + 2 * tail
    assert min(largest, 1) * (1 - 1e-9) <= found <= min(largest * 1.003 + 1e-6, 1.0)


@given(st.integers(1, 40), st.floats(-0.5, 0.9), st.data())
@settings(max_examples=60, deadline=None)
def test_regions_hold_what_was_seen_and_all_that_is_no_worse(n, limit, data):
    b = data.draw(st.integers(0, n))
    c = data.draw(st.integers(0, n - b))
    fewest = least_gained(b, c, n, limit)
    assert fewest[b] <= c
    assert (np.diff(fewest) >= 0).all()
    larger = least_gained(b + 1, c, n, limit) if b + c < n else fewest
    assert (larger <= fewest).all()


@given(st.integers(1, 60), st.floats(0.01, 0.98), st.floats(0.01, 0.98), st.data())
@settings(max_examples=60, deadline=None)
def test_the_probability_of_a_region_is_that_of_its_outcomes(n, first, second, data):
    b = data.draw(st.integers(0, n))
    c = data.draw(st.integers(0, n - b))
    p_lost, p_gained = first, second * (1 - first)
    fewest = least_gained(b, c, n, 0.05)
    inside = [(x, y) for x, y in outcomes(n) if y >= fewest[x]]
    counts = np.array([[x, y, n - x - y] for x, y in inside])
    expected = multinomial.pmf(counts, n, [p_lost, p_gained, 1 - p_lost - p_gained]).sum()
    found = region_probability(fewest, p_lost, p_gained, 1 - p_lost - p_gained, log_factorials(n))
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-12)
    assert found >= expected * (1 - 1e-9) - 1e-15


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.495), (0.4, 0.495), (0.0, 0.001), (0.2, 0.21)])
def test_the_bound_over_the_nuisance_is_above_a_fine_grid_and_near_it(low, high):
    n, limit = 200, 0.01
    logs, fewest = log_factorials(n), least_gained(4, 12, n, limit)
    grid = np.linspace(low, high, 3000)[1:-1]
    values = [region_probability(fewest, limit + q, q, 1 - limit - 2 * q, logs) for q in grid]
    found = largest_probability(fewest, limit, low, high, logs, 1e-3, np.nan)
    assert max(values) <= found <= max(values) * 1.003
    for decided_at in (found / 2, found * 0.99, found * 1.001, 2 * found):
        decided = largest_probability(fewest, limit, low, high, logs, 1e-3, decided_at)
        assert (decided <= decided_at) == (found <= decided_at)


@given(st.integers(2, 300), st.floats(0.0, 0.3), st.data())
@settings(max_examples=40, deadline=None)
def test_losing_more_is_never_better(n, limit, data):
    b = data.draw(st.integers(0, n - 1))
    c = data.draw(st.integers(0, n - 1 - b))
    less, more = (paired_p_value(lost, c, n, limit=limit, delta=DELTA) for lost in (b, b + 1))
    # A maximum may be too large by a thousandth of it.
    assert less <= more * 1.0011 + 1e-9


def test_gaining_more_is_better():
    p_values = [paired_p_value(6, c, 500, limit=0.01, delta=DELTA) for c in range(25)]
    assert (np.diff(p_values) <= 1e-3 * np.array(p_values[:-1])).all()
    assert p_values[-1] < 0.001 < 0.5 < p_values[0]


@st.composite
def differences(draw):
    """Units, how many lose, and how many, at most as many, gain."""
    n = draw(st.integers(2, 200))
    n_lost = draw(st.integers(0, n // 2))
    return n, n_lost, draw(st.integers(0, n_lost))


@given(differences(), st.sampled_from([0.02, 0.05, 0.2]))
@example((87, 6, 6), 0.2)  # .001 below the bound a limit passes, though others in between fail
@example((34, 8, 7), 0.05)  # .001 above it a limit fails
@settings(max_examples=20, deadline=None)
def test_the_bound_is_the_smallest_limit_from_which_on_limits_pass(counts, delta):
    n, b, c = counts
    bound = paired_upper_bound(b, c, n, delta=delta)
    assert (b - c) / n <= bound <= 1
    p_values = {}
    for away in (-0.1, -0.02, -1e-3, -1e-6, -1e-8, -5e-9, 0, 1e-6, 1e-3, 0.02, 0.1):
        limit = bound + away
        if (b - c) / n < limit < 1:
            p_values[away] = paired_p_value(b, c, n, limit=limit, delta=delta)
            assert paired_passes(b, c, n, limit=limit, delta=delta) == (p_values[away] <= delta)
    assert max(p_values[-1e-8], p_values[-5e-9]) > delta
    assert p_values.get(0, 0) <= delta
    # Between the limits that were tried some may fail, hardly.
    assert max((p for away, p in p_values.items() if away > 0), default=0) <= 1.01 * delta


@pytest.mark.parametrize(("delta", "settled_for"), [(0.05, 0.01), (0.04, 0.05), (0.002, 0.2)])
def test_a_bound_at_another_level_says_what_the_p_value_that_was_settled_says(delta, settled_for):
    bound = paired_upper_bound(9, 6, 150, delta=delta, settled_for=settled_for)
    for limit in (bound - 0.01, bound - 1e-5, bound + 1e-5, bound + 0.01):
        assert (paired_p_value(9, 6, 150, limit=limit, delta=settled_for) <= delta) == (limit > bound)


def test_bounds_hold_whatever_is_true():
    n, delta = 10, 0.1
    seen = outcomes(n)
    bounds = np.array([paired_upper_bound(b, c, n, delta=delta) for b, c in seen])
    for limit in np.linspace(-0.9, 0.9, 25):
        missed = likelihoods(seen, n, limit, nuisances(limit, 60)) @ (bounds < limit)
        assert missed.max() <= delta * (1 + 1e-9)


def test_a_limit_that_fails_above_one_that_passes_is_seen():
    """Of many gains the order of outcomes makes p-values rise with the limit here and there."""
    bound = paired_upper_bound(3, 20, 32, delta=0.02)
    limits = np.linspace(bound, bound + 0.1, 12)[1:]
    assert all(paired_passes(3, 20, 32, limit=float(one), delta=0.02) for one in limits)
    assert any(paired_passes(3, 20, 32, limit=float(one), delta=0.02) for one in np.linspace(bound - 0.1, bound, 12))


def test_nothing_lost_or_gained_is_nearly_as_sure_as_by_what_is_lost_alone():
    assert binomial_p_value(0, 304, limit=0.01) == pytest.approx(0.04711, abs=1e-5)
    assert paired_p_value(0, 0, 304, limit=0.01, delta=DELTA) == pytest.approx(0.04716, abs=2e-5)
    assert paired_p_value(3, 0, 867, limit=0.01, delta=DELTA) == pytest.approx(
        binomial_p_value(3, 867, limit=0.01), abs=1e-4
    )


@pytest.mark.parametrize(
    ("n", "rates", "paired", "net", "lost"),
    [
        (304, (0.005, 0.005), 0.38, 0.20, 0.22),
        (867, (0.005, 0.005), 0.83, 0.58, 0.37),
        (867, (0.0025, 0.0), 0.83, 0.62, 0.83),
        (2000, (0.010, 0.010), 0.92, 0.75, 0.03),
    ],
)
def test_power(n, rates, paired, net, lost):
    """Of a limit of .01; what is gained counts as much as by bets on the net, and what is lost as much as alone."""
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(n, [*rates, 1 - sum(rates)], 2000)
    passed = [paired_passes(b, c, n, limit=0.01, delta=DELTA) for b, c, _ in drawn]
    assert np.mean(passed) == pytest.approx(paired, abs=0.03)
    assert np.mean(binom.cdf(drawn[:, 0], n, 0.01) <= DELTA) == pytest.approx(lost, abs=0.03)
    rows = np.array([rng.permutation(np.repeat([1.0, -1.0, 0.0], row)) for row in drawn[:400]])
    passed = betting_p_values(rows, limit=0.01, delta=DELTA, least=-1.0) <= DELTA
    assert passed.mean() == pytest.approx(net, abs=0.08)


def test_units_needed_pass():
    needed = paired_units_needed(4, 4, 400, limit=0.01, delta=DELTA)
    assert needed > 400
    assert not paired_passes(4, 4, 400, limit=0.01, delta=DELTA)
    counts = (int(np.ceil(0.01 * needed)), int(0.01 * needed))
    assert paired_passes(*counts, needed, limit=0.01, delta=DELTA)
    assert paired_units_needed(8, 4, 400, limit=0.01, delta=DELTA) is None


@pytest.mark.parametrize(
    ("given_counts", "message"),
    [((3, 3, 5), "but are 3 and 3 of 5"), ((-1, 0, 5), "but are -1 and 0 of 5"), ((0, 0, 0), "at least 1")],
)
def test_counts_that_are_none(given_counts, message):
    with pytest.raises(ClaimError, match=message):
        paired_p_value(*given_counts, limit=0.1, delta=DELTA)


def test_limits_that_are_none():
    with pytest.raises(ClaimError, match="must lie between -1 and 1 but is 1"):
        paired_p_value(0, 0, 5, limit=1.0, delta=DELTA)
    with pytest.raises(ClaimError, match="delta must lie strictly between"):
        paired_upper_bound(0, 0, 5, delta=0.0)
