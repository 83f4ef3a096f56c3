"""Drops against the full network: two tests, which of them is taken, and how often each kind of claim is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.binomial import binomial_p_value, binomial_upper_bound
from policies.certificates.bounds.paired import paired_p_value, paired_upper_bound
from policies.certificates.bounds.sums import sum_p_value, sum_upper_bound
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import Loss
from policies.certificates.parts.base import ClaimPart, MeanTest
from policies.certificates.parts.drop import DropPart
from policies.certificates.parts.ratio import RatioPart
from policies.certificates.testing.chosen_tests import of_more_power, of_size
from policies.tables.multilabel import LabelSets
from tests.policies.outcomes import is_near_level


DELTA = 0.05
N_DRAWS = 600


DROP_TESTS = (MeanTest.NET, MeanTest.LOST, MeanTest.PAIRED)


def drop(losses, limit, *, test=MeanTest.NET, largest=1.0, unit="parent", is_paired=False):
    what = ("drop of exact_match", "main", Loss.DROP, limit, losses, unit, False)
    return DropPart(*what, largest=largest, is_paired=is_paired, test=test)


def changes(n_lost, n_gained, n, size=1.0):
    return size * np.repeat([1.0, -1.0, 0.0], [n_lost, n_gained, n - n_lost - n_gained])


def test_by_what_is_lost_alone_gains_do_not_count():
    part = drop(changes(2, 9, 400), 0.02, test=MeanTest.LOST)
    assert part.p_value(DELTA) == binomial_p_value(2, 400, limit=0.02)
    assert part.bound(DELTA) == binomial_upper_bound(2, 400, delta=DELTA)
    assert part.observed == pytest.approx(-7 / 400)
    assert part.method == "exact binomial on what is lost alone"


def test_by_the_net_gains_count():
    losses = changes(9, 9, 800)
    part = drop(losses, 0.02)
    assert part.p_value(DELTA) == betting_p_value(losses, limit=0.02, delta=DELTA, least=-1)
    assert part.p_value(DELTA) < replace(part, test=MeanTest.LOST).p_value(DELTA)


def test_by_the_paired_test_both_are_counted():
    part = drop(changes(4, 5, 867), 0.01, test=MeanTest.PAIRED, is_paired=True)
    assert part.p_value(DELTA) == paired_p_value(4, 5, 867, limit=0.01, delta=DELTA)
    assert part.bound(DELTA) == paired_upper_bound(4, 5, 867, delta=DELTA) < 0.01
    assert part.p_value(DELTA) < replace(part, test=MeanTest.LOST).p_value(DELTA)
    assert part.method == "exact paired test of what is lost and gained (Tango ordering, Berger and Boos)"


@pytest.mark.parametrize("test", DROP_TESTS)
def test_units_that_are_needed_pass(test):
    part = drop(changes(1, 1, 250), 0.01, test=test, is_paired=True)
    needed = 250 + part.more_needed(DELTA)
    rates = (int(np.ceil(needed / 250)), needed // 250) if test is not MeanTest.LOST else (needed // 250, 0)
    assert replace(part, losses=changes(*rates, needed)).p_value(DELTA) <= 2 * DELTA
    assert replace(part, losses=changes(2, 1, 250), limit=0.004).more_needed(DELTA) is None


@pytest.mark.parametrize("test", DROP_TESTS)
def test_p_values_of_draws_are_those_of_each(test):
    drawn = np.random.default_rng(0).choice([1.0, -1.0, 0.0], (12, 300), p=[0.01, 0.02, 0.97])
    part = drop(drawn[0], 0.02, test=test, is_paired=True)
    expected = [replace(part, losses=one).p_value(DELTA) for one in drawn]
    np.testing.assert_allclose(part.p_values(drawn, DELTA), expected)
    assert min(expected) < max(expected)


@pytest.mark.parametrize("test", [MeanTest.NET, MeanTest.LOST])
def test_fewer_labels_that_can_differ_are_a_surer_drop(test):
    losses = changes(1, 0, 1200, size=0.1)
    of_all, of_four = (drop(losses, 0.002, test=test, largest=largest) for largest in (1.0, 0.4))
    assert of_four.p_value(DELTA) <= DELTA < of_all.p_value(DELTA)
    assert of_four.bound(DELTA) < of_all.bound(DELTA)
    assert of_four.observed == of_all.observed == pytest.approx(0.1 / 1200)
    assert of_all.more_needed(DELTA) > 0
    assert drop(losses, 0.4, test=test, largest=0.4).p_value(DELTA) == 0.0


@pytest.mark.parametrize(
    ("n_lost", "n_gained", "expected"),
    [(0, 0, MeanTest.LOST), (3, 0, MeanTest.LOST), (6, 5, MeanTest.NET), (12, 12, MeanTest.NET)],
)
def test_the_test_of_more_power_is_taken(n_lost, n_gained, expected):
    part = drop(changes(n_lost, n_gained, 1000), 0.01)
    assert of_more_power(part, 867, delta=DELTA) is expected
    # Where units are right or wrong the paired test has at least the power of either.
    drawn = np.random.default_rng(0).choice(part.losses, (N_DRAWS, 867))
    passed = {test: replace(part, test=test).p_values(drawn, DELTA) <= DELTA for test in DROP_TESTS}
    assert passed[MeanTest.PAIRED].mean() >= max(passed[MeanTest.NET].mean(), passed[MeanTest.LOST].mean())


@pytest.mark.parametrize("limit", [0.005, 0.01, 0.05])
@pytest.mark.parametrize("n", [299, 867, 2000])
def test_what_passes_by_what_is_lost_alone_passes_by_pairs(n, limit):
    """So that nothing is to be settled between the two, however few gain."""
    for n_lost in range(30):
        if binomial_p_value(n_lost, n, limit=limit) > DELTA:
            break
        for n_gained in (0, 1, 5, 30):
            assert paired_p_value(n_lost, n_gained, n, limit=limit, delta=DELTA) <= DELTA


def test_the_power_that_was_planned_with():
    """True drop .0025, no gains: lost .83, net .62, paired .83; of nothing, .005 gained: .37, .58 and .83."""
    rng = np.random.default_rng(0)
    power = {}
    for name, rates in (("no gains", [0.0025, 0.0, 0.9975]), ("as many", [0.005, 0.005, 0.99])):
        drawn = rng.choice([1.0, -1.0, 0.0], (N_DRAWS, 867), p=rates)
        for test in DROP_TESTS:
            p_values = drop(drawn[0], 0.01, test=test, is_paired=True).p_values(drawn, DELTA)
            power[name, test] = np.mean(p_values <= DELTA)
    assert power["no gains", MeanTest.LOST] == pytest.approx(0.83, abs=0.05)
    assert power["no gains", MeanTest.NET] == pytest.approx(0.62, abs=0.06)
    assert power["as many", MeanTest.LOST] == pytest.approx(0.37, abs=0.06)
    assert power["as many", MeanTest.NET] == pytest.approx(0.58, abs=0.08)
    assert power["no gains", MeanTest.PAIRED] == pytest.approx(0.83, abs=0.05)
    assert power["as many", MeanTest.PAIRED] == pytest.approx(0.83, abs=0.05)


OF_GROUPS, OF_SAMPLES = (MeanTest.NET, MeanTest.LOST), (MeanTest.PAIRED, MeanTest.LOST)
MEANS = (MeanTest.BETTING, MeanTest.SUM)


@pytest.mark.parametrize(
    ("tests", "n", "limit", "expected"),
    [
        (OF_GROUPS, 304, 0.01, MeanTest.LOST),
        (OF_GROUPS, 867, 0.01, MeanTest.NET),
        (OF_GROUPS, 20, 0.01, MeanTest.NET),
        (OF_GROUPS, 867, 1.0, MeanTest.NET),
        (OF_SAMPLES, 304, 0.01, MeanTest.PAIRED),
        (OF_SAMPLES, 299, 0.01, MeanTest.PAIRED),
        (OF_SAMPLES, 867, 0.01, MeanTest.PAIRED),
        (OF_SAMPLES, 20, 0.01, MeanTest.PAIRED),
        (MEANS, 60, 0.05, MeanTest.SUM),
        (MEANS, 100, 0.05, MeanTest.BETTING),
        (MEANS, 40, 0.05, MeanTest.BETTING),
    ],
)
def test_without_search_the_usual_test_is_taken_where_it_can_pass(tests, n, limit, expected):
    assert of_size(tests, limit, n, delta=DELTA) is expected


@pytest.mark.parametrize(
    ("losses", "n", "expected"),
    [
        (np.repeat([1.0, 0.0], [3, 197]), 60, MeanTest.SUM),
        (np.repeat([1.0, 0.0], [3, 197]), 400, MeanTest.SUM),
        (np.repeat([0.2, 0.0], [20, 180]), 200, MeanTest.BETTING),
        (np.repeat([0.05, 0.0], [100, 100]), 200, MeanTest.BETTING),
    ],
)
def test_of_groups_few_that_lose_much_are_summed_and_many_that_lose_little_are_bet_on(losses, n, expected):
    part = ClaimPart("accuracy", "main", Loss.ERROR, 0.05, losses, "group", False)
    assert of_more_power(part, n, delta=DELTA) is expected


def test_of_groups_the_sum_is_tested_as_it_says():
    losses = np.repeat([0.5, 0.0], [2, 98])
    part = ClaimPart("accuracy", "main", Loss.ERROR, 0.05, losses, "group", False, test=MeanTest.SUM)
    assert part.p_value(DELTA) == sum_p_value(losses, limit=0.05) <= DELTA
    assert part.bound(DELTA) == 1 - sum_upper_bound(losses, delta=DELTA) >= 0.95
    assert part.method == "exact worst case of the sum of losses"
    assert part.more_needed(DELTA) == 0
    few = replace(part, losses=np.repeat([0.5, 0.0], [1, 49]))
    assert few.p_value(DELTA) > DELTA
    assert 0 < few.more_needed(DELTA) < 60


# Draws of units of which a claim just does not hold: the mean loss is the limit.


def lost_alone(rng, n=304):
    return drop((rng.random(n) < 0.01).astype(float), 0.01, test=MeanTest.LOST)


def lost_and_gained(rng, n=304):
    u = rng.random(n)
    return drop((u < 0.03).astype(float) - (u > 0.98), 0.01)


def hamming(rng, n=304):
    return drop(rng.binomial(4, 0.05, n) / 10 - 0.0, 0.02, largest=0.4)


def hamming_at_most(rng, n=304):
    return ClaimPart("hamming", "main", Loss.EXCESS, 0.02, rng.binomial(10, 0.02, n) / 10, "parent", False)


def samples_f1(rng, n=304):
    lacking = np.where(rng.random(n) < 0.2, rng.random(n), 0.0)
    return ClaimPart("samples_f1", "main", Loss.LACK, 0.1, lacking, "parent", False)


def micro_f1(rng, n=304):
    # Each of ten labels is right and on in .12, missed in .01 and wrong in .01: 2 x .12 / (2 x .12 + .02) is reached.
    kind = rng.choice(4, (n, 10), p=[0.12, 0.01, 0.01, 0.86])
    truth = LabelSets(np.isin(kind, (0, 1)).astype(np.uint8), tuple(map(str, range(10))))
    (counts,) = LabelRatio.named("label_micro_f1").counts(np.isin(kind, (0, 2)), truth)
    value = 0.24 / 0.26
    what = ("label_micro_f1", "main", Loss.SHORTFALL, 0.0, counts.shortfall(value), "parent", False)
    return RatioPart(*what, counts=counts, value=value)


def recall(rng, n=304):
    kind = rng.choice(3, (n, 1), p=[0.18, 0.02, 0.8])
    truth = LabelSets((kind < 2).astype(np.uint8), ("dog",))
    (counts,) = LabelRatio.named("label_recall[dog]").counts(kind == 0, truth)
    what = ("label_recall[dog]", "main", Loss.SHORTFALL, 0.0, counts.shortfall(0.9), "parent", False)
    return RatioPart(*what, counts=counts, value=0.9)


def passes_by_normal_approximation(part):
    return part.losses.mean() + 1.645 * part.losses.std(ddof=1) / np.sqrt(part.n) <= part.limit


@pytest.mark.parametrize("draw", [lost_alone, lost_and_gained, hamming, hamming_at_most, samples_f1, micro_f1, recall])
def test_claims_at_the_limit_rarely_pass(draw):
    rng = np.random.default_rng(1)
    n_false = sum(draw(rng).p_value(DELTA) <= DELTA for _ in range(N_DRAWS))
    assert is_near_level(n_false, N_DRAWS, DELTA)


@pytest.mark.parametrize(("n", "rate"), [(304, 0.22), (867, 0.11)])
def test_a_normal_approximation_is_no_certificate(n, rate):
    rng = np.random.default_rng(2)
    n_false = sum(passes_by_normal_approximation(lost_alone(rng, n)) for _ in range(N_DRAWS))
    assert not is_near_level(n_false, N_DRAWS, DELTA)
    assert n_false / N_DRAWS == pytest.approx(rate, abs=0.06)
