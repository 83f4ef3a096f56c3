"""Drops against the full network: two tests, which of them is taken, and how often each kind of claim is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.binomial import binomial_p_value, binomial_upper_bound
from policies.certificates.drop_tests import of_more_power, of_size
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import Loss
from policies.certificates.parts.base import ClaimPart
from policies.certificates.parts.drop import DropPart, DropTest
from policies.certificates.parts.ratio import RatioPart
from policies.tables.multilabel import LabelSets
from tests.policies.outcomes import is_near_level


DELTA = 0.05
N_DRAWS = 600


def drop(losses, limit, *, test=DropTest.NET, largest=1.0, unit="parent"):
    return DropPart("drop of exact_match", "main", Loss.DROP, limit, losses, unit, False, largest=largest, test=test)


def changes(n_lost, n_gained, n, size=1.0):
    return size * np.repeat([1.0, -1.0, 0.0], [n_lost, n_gained, n - n_lost - n_gained])


def test_by_what_is_lost_alone_gains_do_not_count():
    part = drop(changes(2, 9, 400), 0.02, test=DropTest.LOST)
    assert part.p_value(DELTA) == binomial_p_value(2, 400, limit=0.02)
    assert part.bound(DELTA) == binomial_upper_bound(2, 400, delta=DELTA)
    assert part.observed == pytest.approx(-7 / 400)
    assert part.method == "exact binomial on what is lost alone"


def test_by_the_net_gains_count():
    losses = changes(9, 9, 800)
    part = drop(losses, 0.02)
    assert part.p_value(DELTA) == betting_p_value(losses, limit=0.02, delta=DELTA, least=-1)
    assert part.p_value(DELTA) < replace(part, test=DropTest.LOST).p_value(DELTA)


@pytest.mark.parametrize("test", DropTest)
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
    [(0, 0, DropTest.LOST), (3, 0, DropTest.LOST), (6, 5, DropTest.NET), (12, 12, DropTest.NET)],
)
def test_the_test_of_more_power_is_taken(n_lost, n_gained, expected):
    assert of_more_power(drop(changes(n_lost, n_gained, 1000), 0.01), 867, delta=DELTA) is expected


def test_the_power_that_was_planned_with():
    """True drop .0025 with no gains: by what is lost .83, by the net .62; none, with .005 gained: .37 and .58."""
    rng = np.random.default_rng(0)
    power = {}
    for name, rates in (("no gains", [0.0025, 0.0, 0.9975]), ("as many", [0.005, 0.005, 0.99])):
        drawn = rng.choice([1.0, -1.0, 0.0], (N_DRAWS, 867), p=rates)
        for test in DropTest:
            power[name, test] = np.mean([drop(one, 0.01, test=test).p_value(DELTA) <= DELTA for one in drawn])
    assert power["no gains", DropTest.LOST] == pytest.approx(0.83, abs=0.05)
    assert power["no gains", DropTest.NET] == pytest.approx(0.62, abs=0.06)
    assert power["as many", DropTest.LOST] == pytest.approx(0.37, abs=0.06)
    assert power["as many", DropTest.NET] == pytest.approx(0.58, abs=0.08)


@pytest.mark.parametrize(
    ("n", "limit", "expected"),
    [(304, 0.01, DropTest.LOST), (867, 0.01, DropTest.NET), (20, 0.01, DropTest.NET), (867, 1.0, DropTest.NET)],
)
def test_without_search_the_net_is_taken_where_it_can_pass(n, limit, expected):
    assert of_size(limit, n, delta=DELTA) is expected


# Draws of units of which a claim just does not hold: the mean loss is the limit.


def lost_alone(rng, n=304):
    return drop((rng.random(n) < 0.01).astype(float), 0.01, test=DropTest.LOST)


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
