"""Shares of the splits that suit a claim."""

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from rich.console import Console
from scipy.stats import binom

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.binomial import error_p_value
from policies.certificates.bounds.sums import sum_p_value
from policies.certificates.claims import Claim
from policies.estimates.estimate import estimated_target
from search.sharing.proposal import proposed_splits
from search.sharing.shares import fractions_with, usual_steps
from search.sharing.table import divisions_table
from search.sharing.units import SplitUnits, units_of
from trainables.data import Samples, SplitFractions, split_samples


DELTA = 0.05


def chance(n, limit, share=0.5):
    """By brute force: how probably a policy is certified that loses a share of what may be lost."""
    return sum(binom.pmf(k, n, share * limit) for k in range(n) if binom.cdf(k, n, limit) <= DELTA)


def proposed(units, claim, power=0.8):
    return proposed_splits(units, claim, delta=DELTA, power=power)


@pytest.mark.parametrize(
    ("n", "target", "power"), [(1797, 0.95, 0.8), (1797, 0.9, 0.8), (900, 0.85, 0.6), (9000, 0.97, 0.9)]
)
def test_certify_gets_the_smallest_share_that_has_the_power(n, target, power):
    units = SplitUnits(n, n // 10)
    found = proposed(units, Claim(target=target), power)
    by_share = {
        step: chance(units_of("certify", fractions_with(step, units), units), 1 - target) for step in range(5, 26)
    }
    least = next(step for step, own in by_share.items() if own >= power)
    assert found.fractions.certify == pytest.approx(least / 100)
    (own,) = [one for one in found.divisions if one.fractions == found.fractions]
    assert own.chance == pytest.approx(by_share[least])
    assert f"certified with probability {own.chance:.2f}" in found.sentence
    assert "less than" not in found.sentence
    assert found.shortage == ""


@given(n=st.integers(60, 100_000), target=st.floats(0.5, 0.999), official=st.booleans(), power=st.floats(0.1, 0.95))
@example(n=60, target=0.8125, official=True, power=0.5)
@settings(max_examples=20, deadline=None)
def test_train_keeps_half_and_certify_has_at_most_half_of_the_rest(n, target, official, power):
    units = SplitUnits(n, n // 3, has_official_test=official)
    found = proposed(units, Claim(target=target), power)
    shares = found.fractions
    test = shares.test if official else 0
    usual = [fractions_with(step, units) for step in usual_steps(units)]
    assert shares.train >= 0.4 - 1e-9
    assert min(shares.search, shares.certify, shares.test) >= 0.05 - 1e-9
    if any(error_p_value(0, units_of("certify", one, units), target) <= DELTA for one in usual):
        # Where a usual share certifies anything, the others need not spare more.
        assert shares in usual
        assert shares.train >= 0.5 - 1e-9
        assert shares.certify <= (shares.search + shares.certify + shares.test - test) / 2 + 0.0051
    else:
        assert shares not in usual or shares == SplitFractions()
    assert shares.train + shares.search + shares.certify + shares.test == pytest.approx(1)
    assert 3 <= len(found.divisions) <= 5
    assert shares in [one.fractions for one in found.divisions]
    assert [one.n_certify for one in found.divisions] == sorted(one.n_certify for one in found.divisions)


def test_where_the_power_is_out_of_reach_it_says_what_would_do():
    found = proposed(SplitUnits(1797, 174), Claim(max_drop=0.01))
    assert "less than the 0.8 that is asked for; about " in found.sentence
    likeliest = max(found.divisions, key=lambda one: one.chance)
    assert likeliest.fractions == found.fractions
    needed = int(found.sentence.partition("; about ")[2].split()[0].replace(",", ""))
    assert chance(needed, 0.01) >= 0.8 > chance(int(needed / 1.03), 0.01)


def test_small_data_get_a_certificate_only_from_what_the_others_can_spare():
    units = SplitUnits(142, 60, "recording", n_samples=142)
    found = proposed(units, Claim(target=0.94))
    assert found.fractions == SplitFractions(train=0.45, search=0.1, certify=0.35, test=0.1)
    n_certify = units_of("certify", found.fractions, units)
    n_usual = max(one.n_certify for one in found.divisions if one.fractions != found.fractions)
    assert error_p_value(0, n_usual, 0.94) > DELTA >= error_p_value(0, n_certify, 0.94)
    assert found.sentence.startswith(
        "splits {train: 0.45, search: 0.1, certify: 0.35, test: 0.1}: certify has about 49 of 142 recordings, with "
        f"which a policy that loses half of what may be lost is certified with probability {chance(49, 0.06):.2f}, less"
    )
    sizes = shared_out(142, 2, found.fractions)
    assert error_p_value(0, sizes["certify"], 0.94) <= DELTA
    assert sizes["train"] >= 0.4 * 142


def shared_out(n, n_classes, fractions):
    """The sizes of the splits of so many samples."""
    samples = Samples(
        inputs=np.zeros((n, 1, 1, 1), dtype=np.uint8),
        labels=np.arange(n) % n_classes,
        ids=np.array([f"s{i}" for i in range(n)]),
        class_names=tuple(str(label) for label in range(n_classes)),
    )
    splits = split_samples(samples, fractions, seed=0)
    return {name: len(splits[name].ids) for name in ("train", "search", "certify", "test")}


def test_recordings_of_several_segments_need_as_many_where_nothing_is_lost():
    found = proposed(SplitUnits(142, 60, "recording", hold_several=True, n_samples=300), Claim(target=0.94))
    (own,) = [one for one in found.divisions if one.fractions == found.fractions]
    assert own.n_certify == 49
    assert sum_p_value(np.zeros(49), limit=0.06) <= DELTA < betting_p_value(np.zeros(49), limit=0.06, delta=DELTA)


def test_an_official_test_is_left_alone_where_the_others_spare():
    units = SplitUnits(150, 60, has_official_test=True, n_samples=150)
    found = proposed(units, Claim(target=0.93))
    assert found.fractions.test == SplitFractions().test
    assert error_p_value(0, units_of("certify", found.fractions, units), 0.93) <= DELTA


@given(n=st.integers(20, 400), smallest=st.floats(0.05, 0.5), target=st.floats(0.7, 0.99), official=st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_is_proposed_for_small_data_holds(n, smallest, target, official):
    units = SplitUnits(n, max(int(smallest * n), 4), has_official_test=official, n_samples=n)
    found = proposed(units, Claim(target=target))
    shares = found.fractions
    assert shares.train >= 0.4 - 1e-9
    (own,) = [one for one in found.divisions if one.fractions == shares]
    assert (own.chance > 0) == (error_p_value(0, own.n_certify, target) <= DELTA)
    if own.chance == 0:
        has_margin = estimated_target(target, units_of("search", shares, units), grouped=False) is not None
        assert ("an estimate takes about" in found.sentence) == has_margin
        assert ("for an estimate there are too few too" in found.sentence) != has_margin


def test_where_nothing_would_do_it_is_said():
    found = proposed(SplitUnits(40, 10), Claim(target=0.94))
    assert found.fractions == SplitFractions()
    assert found.sentence == (
        "splits {train: 0.5, search: 0.2, certify: 0.15, test: 0.15}: certify can have at most 16 of the 40 samples, "
        "but to certify that accuracy is at least 0.94 takes about 49 even without an error, of 123 in all; for an "
        "estimate there are too few too; ask for less, or collect more"
    )
    assert found.sentence.endswith(f": {found.shortage}")
    certain = proposed(SplitUnits(1797, 174), Claim(target=1))
    assert certain.shortage == "no number of samples certifies that accuracy is at least 1; ask for less"
    assert {one.aims for one in certain.divisions} == {()}


def test_a_rare_class_is_told_to_be_too_small():
    claim = Claim(target=0.9, class_floor=0.8)
    assert proposed(SplitUnits(500, 250), claim).divisions[-1].chance > 0
    told = "takes about 234 even without an error (14 of the smallest class), of 585 in all"
    assert told in proposed(SplitUnits(500, 30), claim).sentence


def test_no_less_is_taken_than_a_class_needs():
    shares = proposed(SplitUnits(200, 6), Claim(target=0.95)).fractions
    assert min(shares.search, shares.test) >= min(1 / 6, 0.15)


def test_few_groups_are_told_to_count():
    units = SplitUnits(200, 100, "group", hold_several=True, n_samples=4000)
    found = proposed(units, Claim(target=0.8))
    assert "groups count, not samples: there are 200 of them with 4,000 samples" in found.sentence
    assert found.fractions.certify > proposed(SplitUnits(4000, 2000), Claim(target=0.8)).fractions.certify


@pytest.mark.parametrize(
    "claim",
    [
        Claim(target=0.9, class_floor=0.8),
        Claim(max_relative_drop=0.1),
        Claim(max_drop={"exact_match": 0.05, "hamming": 0.03}),
        Claim(target=0.7, quality="label_micro_f1", bounds={"worst_label_recall": 0.5}),
    ],
)
def test_every_kind_of_claim_has_a_table_of_numbers(claim):
    names = tuple(map(str, range(5)))
    units = SplitUnits(3000, 300, n_samples=3000, positives=(0.3,) * 5, label_names=names)
    found = proposed(units, claim)
    own = found.divisions[-1]
    assert len(own.provable) == len(own.aims) == len(found.parts) == 1 + (claim != Claim(max_relative_drop=0.1))
    assert 0 < own.chance <= 1
    console = Console(width=120)
    with console.capture() as printed:
        divisions_table(found).print_on(console)
    assert printed.get().count("(chosen)") == 1
    assert all(f"{one.n_certify:,}" in printed.get() for one in found.divisions)


def test_more_units_of_certify_prove_more():
    found = proposed(SplitUnits(5000, 500), Claim(target=0.95)).divisions
    for fewer, more in pairwise(found):
        assert fewer.provable[0] < more.provable[0]
        assert fewer.aims[0] > more.aims[0]
