"""Fractions of small data that would allow a certificate."""

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.binomial import error_p_value
from policies.certificates.bounds.sums import sum_p_value
from policies.certificates.claims import Claim
from policies.estimates.estimate import estimated_target
from search.preflight.certifiable import SplitUnits, proposed_fractions
from trainables.data import Samples, SplitFractions, split_samples


GIVEN = SplitFractions()


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


def test_enough_data_need_no_change():
    proposal = proposed_fractions(SplitUnits(2000, 500), Claim(target=0.94), GIVEN)
    assert proposal.fractions == GIVEN
    assert (proposal.certifies, proposal.sentence) == (True, "")


def test_recordings_of_the_issue_get_a_certificate_only_from_a_larger_certify():
    units = SplitUnits(142, 60, "recording")
    proposal = proposed_fractions(units, Claim(target=0.94), GIVEN)
    assert proposal.certifies
    assert error_p_value(0, 22, 0.94) > 0.05 >= error_p_value(0, proposal.n_certify, 0.94)
    sizes = shared_out(142, 2, proposal.fractions)
    assert error_p_value(0, sizes["certify"], 0.94) <= 0.05
    assert sizes["train"] >= 0.4 * 142
    assert proposal.sentence == (
        "with splits {train: 0.45, search: 0.1, certify: 0.35, test: 0.1} certify would have about 49 of 142 "
        "recordings, enough to certify that accuracy is at least 0.94, but only of a policy that loses nothing there"
    )


def test_recordings_of_several_segments_need_as_many_where_nothing_is_lost():
    units = SplitUnits(142, 60, "recording", hold_several=True)
    proposal = proposed_fractions(units, Claim(target=0.94), GIVEN)
    assert proposal.n_certify == 49
    assert sum_p_value(np.zeros(49), limit=0.06) <= 0.05 < betting_p_value(np.zeros(49), limit=0.06, delta=0.05)


def test_test_and_search_give_before_train_does():
    proposal = proposed_fractions(SplitUnits(300, 60), Claim(target=0.94), GIVEN)
    assert proposal.fractions == SplitFractions(train=0.5, search=0.2, certify=0.17, test=0.13)


def test_official_test_is_left_alone():
    units = SplitUnits(150, 60, has_official_test=True)
    proposal = proposed_fractions(units, Claim(target=0.93), GIVEN)
    assert proposal.certifies
    assert proposal.fractions.test == GIVEN.test
    assert proposal.n_certify == int(150 * proposal.fractions.certify / 0.85)


def test_where_no_fractions_would_do_it_is_said():
    proposal = proposed_fractions(SplitUnits(40, 10), Claim(target=0.94), GIVEN)
    assert proposal.fractions is None
    assert proposal.sentence == (
        "40 samples are too few for a certificate whatever the splits are: certify needs about 49 to certify that "
        "accuracy is at least 0.94, even without an error; they are too few for an estimate too; ask for less or "
        "collect more"
    )
    certainty = proposed_fractions(SplitUnits(4000, 10), Claim(target=1.0), GIVEN)
    assert certainty.fractions is None
    assert certainty.sentence == ""


def test_class_floor_counts_the_smallest_class():
    claim = Claim(target=0.9, class_floor=0.8)
    assert proposed_fractions(SplitUnits(500, 250), claim, GIVEN).certifies
    rare = proposed_fractions(SplitUnits(500, 30), claim, GIVEN)
    assert not rare.certifies
    assert "certify needs about 234" in rare.sentence


def test_drop_against_the_full_network_can_be_proposed_for():
    proposal = proposed_fractions(SplitUnits(600, 60), Claim(max_drop=0.03), GIVEN)
    assert proposal.certifies
    assert proposal.n_certify > 90


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(20, 2000),
    smallest=st.floats(0.05, 0.5),
    target=st.floats(0.7, 0.99),
    shares=st.tuples(*[st.integers(2, 8)] * 4),
    official=st.booleans(),
)
@example(n=142, smallest=0.5, target=0.94, shares=(10, 4, 3, 3), official=False)
def test_what_is_proposed_holds(n, smallest, target, shares, official):
    total = sum(shares)
    own = dict(zip(("train", "search", "certify", "test"), (share / total for share in shares), strict=True))
    fractions = SplitFractions(**own)
    units = SplitUnits(n, max(int(smallest * n), 4), has_official_test=official)
    proposal = proposed_fractions(units, Claim(target=target), fractions)
    if proposal.fractions is None:
        assert not proposal.certifies
        assert proposal.sentence
        return
    if proposal.certifies:
        assert error_p_value(0, proposal.n_certify, target) <= 0.05
    else:
        whole = 1 - proposal.fractions.test if official else 1.0
        assert estimated_target(target, int(n * proposal.fractions.search / whole + 1e-6), grouped=False) is not None
    assert proposal.fractions.train >= min(0.4, own["train"]) - 1e-3
    assert (proposal.sentence == "") == (proposal.certifies and proposal.fractions == fractions)


def test_no_less_is_taken_than_a_class_needs():
    proposal = proposed_fractions(SplitUnits(200, 6), Claim(target=0.9), replace(GIVEN, train=0.4, search=0.3))
    assert min(proposal.fractions.search, proposal.fractions.test) >= min(1 / 6, 0.15)


@pytest.mark.parametrize("room", ["half", "quarter", "nothing"])
def test_sentence_says_how_good_the_policy_must_be(room):
    n = {"half": 800, "quarter": 450, "nothing": 142}[room]
    assert room in proposed_fractions(SplitUnits(n, 60), Claim(target=0.94), GIVEN).sentence
