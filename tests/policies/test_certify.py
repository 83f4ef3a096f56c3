import json

import numpy as np
import pytest
from scipy.stats import binomtest

from policies.certify import (
    accuracy_lower_bound,
    certifiable_accuracy,
    certificate_of,
    error_p_value,
    fixed_sequence,
    samples_needed,
)
from policies.exit_table import ExitTable
from policies.policy import Policy


FULL = Policy("confidence", (float("inf"),), (1.0, 1.0))
FIRST = Policy("confidence", (0.0,), (1.0, 1.0))


def certify_front(candidates, *, target, delta):
    """Index of the last that passed, or None, and the certificate of that one, or of the first."""
    steps = fixed_sequence(candidates, target=target, delta=delta)
    n_passed = sum(step.passed for step in steps)
    policy, table = candidates[max(n_passed - 1, 0)]
    certificate = certificate_of(policy, table, steps, target=target, delta=delta)
    return (n_passed - 1 if n_passed else None), certificate


def table_with_errors(n, *, first, last, groups=None):
    """Two exits and two classes, label 0; the exits err on the first so many samples."""
    logits = np.zeros((n, 2, 2), dtype=np.float32)
    for k, n_errors in enumerate((first, last)):
        logits[:n_errors, k, 1] = 1.0
        logits[n_errors:, k, 0] = 1.0
    ids = np.array([f"c{i}" for i in range(n)])
    return ExitTable(logits, np.zeros(n, dtype=np.int64), np.array([0.5, 1.0]), ids, groups=groups)


@pytest.mark.parametrize(("n", "loss"), [(1000, 0.0040), (2500, 0.0064), (5000, 0.0076), (10000, 0.0083)])
def test_largest_loss_that_certifies_one_percent(n, loss):
    """The table in the design notes: risk <= 1 %, delta .05."""
    assert 1 - certifiable_accuracy(n, target=0.99, delta=0.05) == pytest.approx(loss, abs=1e-4)


def test_certifiable_accuracy_is_the_edge():
    for n, target in ((60, 0.95), (200, 0.9), (359, 0.95), (1000, 0.95)):
        n_errors = round((1 - certifiable_accuracy(n, target=target, delta=0.05)) * n)
        assert error_p_value(n_errors, n, target) <= 0.05 < error_p_value(n_errors + 1, n, target)
    assert certifiable_accuracy(58, target=0.95, delta=0.05) is None
    assert certifiable_accuracy(1000, target=1.0, delta=0.05) is None


def test_figures_equal_scipys_exact_binomial_test():
    test = binomtest(12, 300, 0.1, alternative="less")
    assert error_p_value(12, 300, 0.9) == pytest.approx(test.pvalue)
    upper = test.proportion_ci(confidence_level=0.95, method="exact").high
    assert accuracy_lower_bound(12, 300, delta=0.05) == pytest.approx(1 - upper)
    assert accuracy_lower_bound(300, 300, delta=0.05) == 0.0


def test_stops_at_the_first_failure_and_takes_the_one_before():
    good, bad = table_with_errors(400, first=10, last=2), table_with_errors(400, first=60, last=2)
    index, certificate = certify_front([(FULL, good), (FIRST, good)], target=0.95, delta=0.05)
    assert index == 1
    assert certificate.certified
    assert certificate.observed == pytest.approx(0.975)
    assert certificate.policy_hash == FIRST.policy_hash
    index, certificate = certify_front([(FULL, bad), (FIRST, bad), (FULL, good)], target=0.95, delta=0.05)
    assert index == 0
    assert certificate.policy_hash == FULL.policy_hash
    assert [step.passed for step in certificate.sequence] == [True, False]


def test_nothing_certified_says_why_and_how_many_samples_are_missing():
    small = table_with_errors(50, first=1, last=1)
    index, certificate = certify_front([(FULL, small)], target=0.95, delta=0.05)
    assert index is None
    assert not certificate.certified
    assert "50 samples are too few" in certificate.reason
    needed = 50 + certificate.more_samples_needed
    assert error_p_value(int(np.ceil(0.02 * needed)), needed, 0.95) <= 0.05
    below = table_with_errors(500, first=100, last=100)
    _, certificate = certify_front([(FULL, below)], target=0.95, delta=0.05)
    assert "below the target" in certificate.reason
    assert certificate.more_samples_needed is None


def test_certificate_of_an_uncertified_policy_states_that_policys_own_figures():
    steps = fixed_sequence([(FULL, table_with_errors(50, first=9, last=1))], target=0.95, delta=0.05)
    bold = certificate_of(FIRST, table_with_errors(50, first=9, last=1), steps, target=0.95, delta=0.05)
    assert not bold.certified
    assert bold.policy_hash == FIRST.policy_hash
    assert bold.observed == pytest.approx(0.82)


def test_grouped_samples_are_not_certified_as_if_they_were_independent():
    grouped = table_with_errors(1000, first=0, last=0, groups=np.repeat([f"g{i}" for i in range(10)], 100))
    index, certificate = certify_front([(FULL, grouped)], target=0.95, delta=0.05)
    assert index is None
    assert "groups" in certificate.reason


def test_samples_needed_is_the_fewest():
    assert samples_needed(0.0, target=0.95, delta=0.05) == 59
    assert samples_needed(0.05, target=0.95, delta=0.05) is None


def test_violation_rate_stays_below_delta():
    """2,000 draws at the edge: an accuracy just below the target is certified at most 5 % of the time."""
    rng = np.random.default_rng(0)
    n, delta, target = 300, 0.05, 0.95
    errors = rng.binomial(n, 1 - (target - 1e-9), size=2000)
    wrong = np.mean([error_p_value(k, n, target) <= delta for k in errors])
    assert wrong <= delta + 3 * np.sqrt(delta * (1 - delta) / 2000)


def test_written_as_json(tmp_path):
    table = table_with_errors(400, first=10, last=2)
    _, certificate = certify_front([(FULL, table)], target=0.95, delta=0.05)
    certificate.save(tmp_path / "certificate.json")
    data = json.loads((tmp_path / "certificate.json").read_text())
    expected = {"method", "delta", "n", "unit", "loss", "observed", "bound", "p_value", "sequence", "certified"}
    assert expected <= data.keys()
    assert data["table_hash"] == table.split_hash
