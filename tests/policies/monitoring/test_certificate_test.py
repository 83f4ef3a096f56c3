from dataclasses import replace
import math

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import numpy as np
import pytest
from scipy.special import logsumexp

from policies.certificates.losses import Loss
from policies.errors import MonitoringError
from policies.monitoring.bets import RATIOS, SHARES, Bets, LimitedMean, leaves_room
from policies.monitoring.certificate_test import CertificateTest
from tests.policies.monitoring.streams import error_rate
from tests.policies.outcomes import is_near_level


MEANS = (
    error_rate(),
    LimitedMean("drop", "main", Loss.DROP, 0.01, is_binary=False),
    LimitedMean("recall of class 0", "class", Loss.ERROR, 0.2, is_binary=False),
)


def alarm_shares(draw, means, *, n, n_streams=400, alpha=0.05):
    """Share of streams with an alarm, and the median number of units until it among those."""
    alarms = []
    for seed in range(n_streams):
        test = CertificateTest(means, alpha=alpha)
        test.update(draw(np.random.default_rng(seed), n))
        alarms.append(test.alarm_at)
    raised = [one for one in alarms if one is not None]
    return len(raised), np.median(raised) if raised else math.inf


def brute_force_wealth(losses, limit):
    """Mean of the likelihood ratios of the alternatives, loss by loss, as products."""
    wealth = []
    for n in range(1, len(losses) + 1):
        ratios = []
        for rate in [ratio * limit for ratio in RATIOS if ratio * limit < 1]:
            product = 1.0
            for loss in losses[:n]:
                product *= (rate / limit) if loss else (1 - rate) / (1 - limit)
            ratios.append(product)
        wealth.append(sum(ratios) / len(ratios))
    return wealth


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.floats(0.01, 0.79))
def test_wealth_is_the_mean_of_likelihood_ratios(losses, limit):
    path = CertificateTest([error_rate(limit)]).update(np.array(losses, dtype=float)[:, None])
    np.testing.assert_allclose(np.exp(path), brute_force_wealth(losses, limit), rtol=1e-9)


@st.composite
def unit_losses(draw):
    """Losses in the range of ``MEANS``, with units that a part is not about."""
    n = draw(st.integers(1, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    losses = np.stack([rng.integers(0, 2, n), rng.integers(-1, 2, n), rng.random(n)], axis=1).astype(float)
    losses[:, 2][rng.random(n) < 0.5] = np.nan
    return losses


@given(unit_losses(), st.data())
def test_in_pieces_as_at_once(losses, data):
    whole, pieces = CertificateTest(MEANS, alpha=0.5), CertificateTest(MEANS, alpha=0.5)
    path = whole.update(losses)
    cut = data.draw(st.integers(0, len(losses)))
    in_pieces = [pieces.update(losses[:cut]), *(pieces.update(row[None]) for row in losses[cut:])]
    np.testing.assert_allclose(np.concatenate(in_pieces), path, atol=1e-9)
    assert (pieces.alarm_at, pieces.n_units) == (whole.alarm_at, whole.n_units)
    assert pieces.most_log_wealth == pytest.approx(whole.most_log_wealth)


@pytest.mark.parametrize(
    ("mean", "losses", "chances"),
    [
        (error_rate(), [0, 1], [0.95, 0.05]),
        (LimitedMean("drop", "main", Loss.DROP, 0.01, is_binary=False), [-1, 0, 1], [0.02, 0.95, 0.03]),
        (LimitedMean("accuracy", "main", Loss.ERROR, 0.1, is_binary=False), [0, 0.5, 1], [0.85, 0.1, 0.05]),
    ],
)
def test_no_bet_gains_on_average_at_the_limit(mean, losses, chances):
    """The property that everything rests on: at the limit each bet's expected factor is 1."""
    factors = np.exp(Bets.on([mean]).log_factors(np.array(losses, dtype=float)[:, None]))[:, 0]
    np.testing.assert_allclose(np.array(chances) @ factors, 1.0)


def test_false_alarms_at_the_limit_are_within_the_level():
    n_alarms, _ = alarm_shares(lambda rng, n: (rng.random((n, 1)) < 0.05) * 1.0, [error_rate()], n=1500)
    assert is_near_level(n_alarms, 400, 0.05)
    assert n_alarms > 0


@pytest.mark.parametrize(("rate", "most"), [(0.08, 550), (0.1, 190), (0.15, 60), (0.3, 16)])
def test_labels_until_an_alarm(rate, most):
    n_alarms, median = alarm_shares(
        lambda rng, n: (rng.random((n, 1)) < rate) * 1.0, [error_rate()], n=3000, n_streams=150
    )
    assert n_alarms >= 148
    assert median <= most


def test_several_parts_share_one_level():
    """Ten recalls at their limit, each label of one class: none may make the whole raise more false alarms."""
    means = [LimitedMean(f"recall of class {c}", "class", Loss.ERROR, 0.1, is_binary=True) for c in range(10)]

    def draw(rng, n):
        losses = np.full((n, 10), np.nan)
        losses[np.arange(n), rng.integers(0, 10, n)] = rng.random(n) < 0.1
        return losses

    n_alarms, _ = alarm_shares(draw, means, n=1000, n_streams=200, alpha=0.1)
    assert is_near_level(n_alarms, 200, 0.1)


def test_the_part_that_fails_is_named():
    means = [error_rate(), LimitedMean("recall of class 3", "class", Loss.ERROR, 0.1, is_binary=True)]
    losses = np.zeros((400, 2))
    losses[:, 1] = np.where(np.arange(400) % 10 == 0, np.arange(400) % 20 == 0, np.nan)
    test = CertificateTest(means)
    test.update(losses)
    assert test.alarm_for is means[1]


def test_group_means_are_bet_on_as_one_loss_each():
    """Samples of a group are all alike: betting on each of them would cry wolf, on the groups' means it does not."""
    mean = LimitedMean("accuracy", "main", Loss.ERROR, 0.1, is_binary=False)

    def groups(rng, n):
        return (rng.random((n, 1)) < 0.1) * 1.0

    n_alarms, _ = alarm_shares(groups, [mean], n=500)
    assert is_near_level(n_alarms, 400, 0.05)
    n_wolf, _ = alarm_shares(lambda rng, n: np.repeat(groups(rng, n), 10, axis=0), [error_rate(0.1)], n=500)
    assert n_wolf > 200
    steady = CertificateTest([mean])
    steady.update(np.full((200, 1), 0.2))
    assert steady.alarm_at < 20


def test_signed_drops():
    mean = LimitedMean("drop", "main", Loss.DROP, 0.01, is_binary=False)

    def draw(gain, loss):
        return lambda rng, n: rng.choice([-1.0, 0.0, 1.0], (n, 1), p=[gain, 1 - gain - loss, loss])

    n_alarms, _ = alarm_shares(draw(0.02, 0.03), [mean], n=2000)
    assert is_near_level(n_alarms, 400, 0.05)
    n_alarms, median = alarm_shares(draw(0.01, 0.09), [mean], n=2000, n_streams=100)
    assert n_alarms >= 99
    assert median < 250


def test_high_limits_have_bets_too():
    assert error_rate(0.9).stakes() == pytest.approx(SHARES / 0.9)
    assert len(error_rate(0.3).stakes()) == 4


def test_an_overwhelming_stream_stays_finite():
    test = CertificateTest([error_rate()])
    path = test.update(np.ones((3000, 1)))
    assert np.isfinite(path).all()
    assert test.alarm_at == 3


def test_nothing_is_nothing():
    test = CertificateTest([error_rate()])
    assert test.update(np.empty((0, 1))).shape == (0,)
    assert (test.n_units, test.alarm_at, test.log_wealth) == (0, None, 0.0)


def test_refusals():
    with pytest.raises(MonitoringError, match="alpha must lie strictly between 0 and 1 but is 1"):
        CertificateTest([error_rate()], alpha=1.0)
    with pytest.raises(MonitoringError, match="losses must lie in"):
        CertificateTest([error_rate()]).update(np.array([[1.5]]))
    with pytest.raises(MonitoringError, match=r"losses must have shape \(units, 1\)"):
        CertificateTest([error_rate()]).update(np.zeros((3, 2)))
    with pytest.raises(MonitoringError, match="must leave room on both sides"):
        error_rate(0.0)


@pytest.mark.parametrize(("loss", "limit"), [(Loss.ERROR, 0.0), (Loss.ERROR, 1.0), (Loss.DROP, -1.0)])
def test_limits_without_room_cannot_be_bet_on(loss, limit):
    assert not leaves_room(loss, limit)
    assert leaves_room(loss, 0.5 * (limit + 0.1))
    with pytest.raises(MonitoringError, match="must leave room on both sides but the .* of the part 'accuracy'"):
        LimitedMean("accuracy", "main", loss, limit, is_binary=False)


@given(hnp.arrays(float, (3, 2, 4), elements=st.one_of(st.floats(-700, 700), st.just(-np.inf))))
def test_capital_together_is_scipys_sum_of_exponentials(log_capital):
    bets = Bets.on([error_rate(0.1), replace(error_rate(0.2), name="other")])
    given_now = np.pad(log_capital, ((0, 0), (0, 0), (0, bets.stakes.shape[1] - 4)), constant_values=-np.inf)
    np.testing.assert_allclose(
        bets.log_total(given_now), logsumexp(given_now + bets.log_shares, axis=(-2, -1)), rtol=1e-12, atol=1e-12
    )
