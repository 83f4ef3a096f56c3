"""What numbers of units can and cannot show, by the figures of the table that the claims were planned with."""

import numpy as np
import pytest
from scipy.optimize import brentq

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.binomial import binomial_p_value
from policies.certificates.sample_size import (
    certifiable_accuracy,
    certifiable_mean,
    certifiable_ratio,
    samples_needed,
    units_needed,
)


DELTA = 0.05
RISE = 0.002
"""The largest rise of the Hamming loss that was wanted."""


@pytest.mark.parametrize(("n", "lost", "net"), [(304, 0.0098, 0.0114), (867, 0.0035, 0.0040), (2000, 0.0015, 0.0017)])
def test_smallest_limits_that_can_be_shown_where_nothing_changes(n, lost, net):
    by_lost = brentq(lambda limit: binomial_p_value(0, n, limit=limit) - DELTA, 1e-4, 0.1)
    by_net = brentq(lambda limit: betting_p_value(np.zeros(n), limit=limit, delta=DELTA, least=-1) - DELTA, 1e-4, 0.1)
    assert by_lost == pytest.approx(lost, abs=6e-5)
    assert by_net == pytest.approx(net, abs=6e-5)


@pytest.mark.parametrize(("n", "most_lost"), [(304, 0), (867, 3), (2000, 12)])
def test_most_that_may_be_lost_for_one_point(n, most_lost):
    assert round(n * (1 - certifiable_accuracy(n, target=0.99, delta=DELTA))) == most_lost


def test_units_that_a_small_rise_of_the_hamming_loss_needs():
    assert samples_needed(0.0, target=1 - RISE, delta=DELTA) == 1497
    needed = [units_needed(np.zeros(1), limit=RISE * 10 / n_open, delta=DELTA, least=-1) for n_open in (10, 6, 4)]
    assert needed == pytest.approx([1750, 1050, 700], rel=0.01)


def test_losses_of_one_label_leave_more_room_than_losses_of_all():
    of_all, of_one = (certifiable_mean(867, limit=0.01, delta=DELTA, least=-1, size=size) for size in (1.0, 0.1))
    assert 0 < of_all < of_one < 0.01
    assert certifiable_mean(100, limit=0.01, delta=DELTA, least=-1, size=0.1) is None


@pytest.mark.parametrize(("weight", "positives", "n_labels"), [(2, 1.5, 10), (2, 0.3, 1), (1, 0.3, 1), (1, 1.0, 1)])
def test_a_ratio_to_look_for_is_above_the_one_to_show_and_grows_near_with_units(weight, positives, n_labels):
    options = {"value": 0.9, "delta": DELTA, "weight": weight, "positives": positives, "n_labels": n_labels}
    few, many = (certifiable_ratio(n, **options) for n in (400, 4000))
    assert 0.9 < many < few <= 1.0
    assert certifiable_ratio(5, **options) is None
    assert certifiable_ratio(400, **{**options, "positives": 0.0}) is None
