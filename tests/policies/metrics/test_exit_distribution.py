"""Equations (12) to (14), (9), (16) and (22) against loops, and against drawing stop or go at each exit."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.metrics.exit_distribution import blended_logits, exit_distribution, expected_costs, stop_exits


@st.composite
def stop_probabilities(draw, *, max_samples=6):
    """Stop probabilities of up to six exits, saturated ones among them."""
    n_samples, n_exits = draw(st.integers(1, max_samples)), draw(st.integers(1, 6))
    one = st.one_of(st.sampled_from([0.0, 1.0, 1e-7, 1 - 1e-6]), st.floats(0, 1, width=32))
    rows = st.lists(st.lists(one, min_size=n_exits, max_size=n_exits), min_size=n_samples, max_size=n_samples)
    return np.array(draw(rows), dtype=np.float32)


def by_hand(row):
    """q of one sample, exit by exit."""
    going_on, found = 1.0, []
    for stop in row[:-1].tolist():
        found.append(stop * going_on)
        going_on *= 1 - stop
    return [*found, going_on]


@given(stop_probabilities())
def test_distributions_sum_to_one_and_follow_the_equations(stop_prob):
    given_before = stop_prob.copy()
    found = exit_distribution(stop_prob)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found, [by_hand(row) for row in stop_prob], rtol=1e-12, atol=1e-300)
    np.testing.assert_array_equal(stop_prob, given_before)


def test_saturated_stops_take_everybody_or_nobody():
    stop_prob = np.array([[1, 0.3, 1], [0, 1, 1], [0, 0, 0]], dtype=np.float32)
    np.testing.assert_array_equal(exit_distribution(stop_prob), np.eye(3))
    np.testing.assert_array_equal(exit_distribution(np.zeros((2, 1), dtype=np.float32)), np.ones((2, 1)))


@settings(max_examples=25, deadline=None)
@given(stop_probabilities(max_samples=3), st.integers(0, 1000))
def test_expected_cost_is_that_of_stopping_at_random(stop_prob, seed):
    n_draws, n_exits = 20_000, stop_prob.shape[1]
    cost = np.linspace(1 / n_exits, 1, n_exits)
    rng = np.random.default_rng(seed)
    for row, expected in zip(stop_prob, expected_costs(exit_distribution(stop_prob), cost), strict=True):
        stops = rng.random((n_draws, n_exits)) < row
        stops[:, -1] = True
        drawn = cost[stops.argmax(axis=1)]
        # Five standard errors: one example in two million; and rare stops that were never drawn.
        assert abs(drawn.mean() - expected) <= 5 * drawn.std() / np.sqrt(n_draws) + 10 / n_draws


@given(stop_probabilities(), st.integers(0, 1000))
def test_outputs_are_blended_by_the_distribution(stop_prob, seed):
    logits = np.random.default_rng(seed).normal(size=(*stop_prob.shape, 3)).astype(np.float16)
    distribution = exit_distribution(stop_prob)
    found = blended_logits(distribution, logits)
    for i, row in enumerate(logits.astype(float)):
        wanted = sum(distribution[i, k] * row[k] for k in range(len(row)))
        np.testing.assert_allclose(found[i], wanted, rtol=1e-12, atol=1e-12)


@given(stop_probabilities(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_hard_exits_are_the_first_that_reach_the_threshold(stop_prob, threshold):
    given_before = stop_prob.copy()
    for row, found in zip(stop_prob, stop_exits(stop_prob, threshold=threshold), strict=True):
        reached = [k for k, stop in enumerate(row.tolist()) if stop >= threshold]
        assert found == next(iter(reached), len(row) - 1)
    np.testing.assert_array_equal(stop_prob, given_before)


def test_a_half_is_where_stopping_becomes_likelier():
    assert stop_exits(np.array([[0.5, 1.0], [0.49, 1.0]], dtype=np.float32)).tolist() == [0, 1]
    assert exit_distribution(np.array([[0.5, 1.0]])).tolist() == [[0.5, 0.5]]
    assert expected_costs(np.array([[0.5, 0.5]]), np.array([0.2, 1.0])) == pytest.approx(0.6)
