from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.certificates.losses import Loss
from policies.errors import MonitoringError
from policies.monitoring.bets import RATIOS, LimitedMean
from policies.monitoring.certificate_test import CertificateTest
from policies.monitoring.e_detector import EDetector
from tests.policies.monitoring.streams import error_rate


CLASSES = [LimitedMean(f"recall of class {c}", "class", Loss.ERROR, 0.1, is_binary=True) for c in range(2)]


def brute_force_sums(losses, limit, threshold):
    """M = (M + 1) factor for each alternative, one loss after the other, set back at an alarm."""
    rates = [ratio * limit for ratio in RATIOS]
    sums, path, alarms = [0.0] * len(rates), [], []
    for turn, loss in enumerate(losses, start=1):
        factors = [rate / limit if loss else (1 - rate) / (1 - limit) for rate in rates]
        sums = [(one + 1) * factor for one, factor in zip(sums, factors, strict=True)]
        path.append(sum(sums) / len(sums))
        if path[-1] >= threshold:
            alarms.append(turn)
            sums = [0.0] * len(rates)
    return path, alarms


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_sums_are_those_of_the_recursion(losses):
    detector = EDetector([error_rate()], average_run_length=30.0)
    path = detector.update(np.array(losses, dtype=float)[:, None])
    expected, alarms = brute_force_sums(losses, 0.05, 30.0)
    np.testing.assert_allclose(np.exp(path), expected, rtol=1e-9)
    assert detector.alarms == alarms


@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_in_pieces_as_at_once(seed, cut):
    rng = np.random.default_rng(seed)
    losses = (rng.random((40, 2)) < 0.3) * 1.0
    losses[rng.random((40, 2)) < 0.4] = np.nan
    whole, pieces = EDetector(CLASSES, average_run_length=20.0), EDetector(CLASSES, average_run_length=20.0)
    path = whole.update(losses)
    in_pieces = [pieces.update(losses[:cut]), *(pieces.update(row[None]) for row in losses[cut:])]
    np.testing.assert_allclose(np.concatenate(in_pieces), path, atol=1e-9)
    assert pieces.alarms == whole.alarms


def test_longer_than_a_block():
    losses = (np.random.default_rng(0).random((5000, 1)) < 0.05) * 1.0
    detector = EDetector([error_rate()], average_run_length=200.0)
    path = detector.update(losses)
    expected, alarms = brute_force_sums(losses[:, 0], 0.05, 200.0)
    np.testing.assert_allclose(np.exp(path), expected, rtol=1e-7)
    assert detector.alarms == alarms
    assert detector.n_units == 5000


def test_false_alarms_are_as_rare_as_promised():
    """Mean distance of the alarms of a long stream at the limit, the worst case of the claim."""
    losses = (np.random.default_rng(3).random((60_000, 1)) < 0.05) * 1.0
    detector = EDetector([error_rate()], average_run_length=300.0)
    detector.update(losses)
    distances = np.diff([0, *detector.alarms])
    assert len(distances) > 20
    assert distances.mean() > 300 - 3 * distances.std() / np.sqrt(len(distances))


def test_a_good_time_before_does_not_delay_the_alarm():
    rng = np.random.default_rng(5)
    delays, plain = [], []
    for _ in range(60):
        losses = np.concatenate([rng.random(500) < 0.02, rng.random(1500) < 0.15])[:, None] * 1.0
        detector, test = EDetector([error_rate()]), CertificateTest([error_rate()])
        detector.update(losses)
        test.update(losses)
        delays.append(next(alarm for alarm in detector.alarms if alarm > 500) - 500)
        plain.append(test.alarm_at - 500)
    assert np.median(delays) < 80
    assert np.median(plain) > 3 * np.median(delays)


def test_what_is_not_seen_raises_no_alarm():
    """A part that is about none of the units has no process that could have begun."""
    losses = np.full((3000, 2), np.nan)
    losses[::50, 0] = 0.0
    detector = EDetector(CLASSES, average_run_length=100.0)
    path = detector.update(losses)
    assert detector.alarms == []
    assert path[0] < np.inf
    assert (EDetector(CLASSES).update(np.full((3, 2), np.nan)) == -np.inf).all()


def test_refusals():
    with pytest.raises(MonitoringError, match="average_run_length must be above 1 and finite but is 1"):
        EDetector([error_rate()], average_run_length=1.0)
