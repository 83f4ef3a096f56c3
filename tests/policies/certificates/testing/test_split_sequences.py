"""Several sequences of policies at shares of delta, and what the certificate of one of them says."""

import numpy as np
import pytest

from policies.certificates.bounds.betting import betting_upper_bound
from policies.certificates.bounds.binomial import binomial_p_value, binomial_upper_bound
from policies.certificates.certifying import certificate_of, certify_policy
from policies.certificates.claims import Claim
from policies.certificates.testing.fixed_sequence import WeightedSequence, fixed_sequence, split_sequences
from policies.certificates.testing.fixed_sequence import tested_parts as parts_of
from policies.errors import ClaimError
from policies.policy import Policy
from tests.policies.outcomes import FULL, GATE, outcome_table, table_with_errors


CLAIM, N, DELTA = Claim(target=0.95), 400, 0.05


def wrong(n_errors):
    """A policy of its own on a table of which it gets so many wrong."""
    return GATE, table_with_errors(N, first=n_errors, last=0)


def p_value(n_errors):
    return binomial_p_value(n_errors, N, limit=0.05)


def most_errors(level):
    return max(errors for errors in range(30) if p_value(errors) <= level)


START, SURE = wrong(0), wrong(1)
AT_ALL, AT_MOST, AT_SHARE = (most_errors(level * DELTA) for level in (1.0, 0.8, 0.2))


def split(first, second):
    sequences = [WeightedSequence([START, *first], 0.8), WeightedSequence([START, *second], 0.2)]
    return split_sequences(sequences, CLAIM, delta=DELTA)


def test_the_levels_differ_in_what_they_allow():
    assert AT_SHARE < AT_MOST <= AT_ALL


def test_each_sequence_is_tested_at_its_share_from_what_they_share_on():
    found = split([wrong(AT_MOST), wrong(20)], [wrong(AT_SHARE + 1), SURE])
    assert [step.level for step in found.steps] == pytest.approx([DELTA, 0.04, 0.04, 0.01])
    assert [step.passed for step in found.steps] == [True, True, False, False]
    assert found.places == ((0, 0), (0, 1), (0, 2), (1, 1))
    assert "too few to be sure at level 0.01 (p = " in found.steps[-1].reason
    assert found.steps[-1].more_needed > 0


def test_what_a_sequence_that_passed_had_goes_to_the_other():
    found = split([SURE], [wrong(AT_ALL), wrong(AT_ALL + 1)])
    assert [step.passed for step in found.steps] == [True, True, True, False]
    assert [step.level for step in found.steps] == pytest.approx([DELTA, 0.04, DELTA, DELTA])
    back = split([SURE, wrong(AT_ALL), wrong(30)], [wrong(AT_SHARE)])
    assert [step.passed for step in back.steps].count(False) == 1
    assert back.steps[-1].level == pytest.approx(0.01)


def test_a_policy_that_failed_is_tested_again_with_more():
    bold = wrong(AT_SHARE + 1)
    sequences = [WeightedSequence([bold], 0.2), WeightedSequence([START, SURE], 0.8)]
    found = split_sequences(sequences, CLAIM, delta=DELTA)
    assert [step.passed for step in found.steps] == [True, True, True]
    assert [step.level for step in found.steps] == pytest.approx([DELTA, 0.04, 0.04])
    assert found.places[0] == (0, 0)


def test_one_sequence_with_all_of_delta_is_fixed_sequence_testing():
    candidates = [START, wrong(5), wrong(25), wrong(2)]
    found = split_sequences([WeightedSequence(candidates)], CLAIM, delta=DELTA)
    assert found.steps == fixed_sequence(candidates, CLAIM, delta=DELTA)


def test_the_certificate_is_at_the_level_at_which_its_policy_was_tested():
    other = Policy("confidence", (0.9,), (1.0, 1.5))
    table = table_with_errors(N, first=AT_MOST, last=0)
    sequences = [
        WeightedSequence([(FULL, table), (GATE, table), wrong(30)], 0.8),
        WeightedSequence([(FULL, table), (other, table)], 0.2),
    ]
    steps = split_sequences(sequences, CLAIM, delta=DELTA).steps
    certificate = certificate_of(GATE, table, steps, CLAIM, delta=DELTA)
    assert (certificate.certified, certificate.delta) == (True, DELTA)
    assert certificate.level == pytest.approx(0.04)
    assert certificate.bound == pytest.approx(1 - binomial_upper_bound(AT_MOST, N, delta=0.04))
    assert certificate.p_value == pytest.approx(p_value(AT_MOST))
    assert certificate.notes[-1].startswith("tested at level 0.04")
    refused = certificate_of(other, table, steps, CLAIM, delta=DELTA)
    assert not refused.certified
    assert refused.level == pytest.approx(0.01)
    assert refused.reason.startswith("the policy's accuracy")
    assert refused.more_needed == steps[-1].more_needed > 0
    assert certify_policy(GATE, table, CLAIM, delta=DELTA).level == DELTA


@pytest.mark.parametrize("n_lost", range(0, 12, 2))
def test_a_bound_by_bets_never_says_other_than_the_test_did(n_lost):
    """The stakes are those of the share, also of the bound where the level has grown."""
    n, claim = 300, Claim(max_drop=0.06)
    pair = np.arange(2 * n) // 2
    table = outcome_table(pair >= n_lost, pair < n - 5, groups=np.char.add("g", pair.astype(str)))
    sequences = [WeightedSequence([(FULL, table)], 0.9), WeightedSequence([(GATE, table)], 0.1)]
    steps = split_sequences(sequences, claim, delta=DELTA).steps
    certificate = certificate_of(GATE, table, steps, claim, delta=DELTA)
    assert certificate.parts[0].method.startswith("betting")
    assert certificate.level == DELTA
    assert certificate.certified == (certificate.bound <= 0.06)
    (part,) = parts_of(GATE, table, claim, search=None, delta=0.005)[1]
    assert certificate.bound == betting_upper_bound(part.losses, delta=DELTA, least=-1, settled_for=0.005)
    if not certificate.certified and "too few" in certificate.reason:
        assert f"p = {part.p_value(0.005):.3g}" in certificate.reason


def test_delta_must_be_a_level():
    with pytest.raises(ClaimError, match="delta must lie strictly between 0 and 1"):
        split_sequences([WeightedSequence([START])], CLAIM, delta=1.0)
