"""The words about the plain network: it wins, it loses, or nobody can say."""

import pytest

from policies.metrics.paired import PairedComparison
from search.control.verdict import UNTUNED, Spent, better_of, times, verdict


def compared(first, second, p_value, quality="accuracy", unit="sample", n_units=216):
    return PairedComparison(quality, first, second, p_value, unit, n_units)


POLICY, PLAIN = Spent(0.05, certified=True), Spent(0.047, certified=False)


@pytest.mark.parametrize(
    ("found", "better", "words"),
    [
        (
            compared(0.97, 0.98, 0.01),
            "control",
            "the plain network is better: accuracy 0.9800 against 0.9700 of the policy on test (p = 0.010), "
            "at cost 0.0470 against 0.0500; only the policy is certified; " + UNTUNED,
        ),
        (
            compared(0.98, 0.97, 1e-5),
            "policy",
            "the policy is better: accuracy 0.9800 against 0.9700 of the plain network on test (p < 0.001), "
            "at cost 0.0500 against 0.0470; only the policy is certified; " + UNTUNED,
        ),
        (
            compared(0.97, 0.98, 0.05),
            "neither",
            "no difference that 216 samples of test can show: accuracy 0.9700 of the policy, 0.9800 of the plain "
            "network (p = 0.050), at cost 0.0500 against 0.0470; only the policy is certified; " + UNTUNED,
        ),
    ],
)
def test_who_is_better_and_by_what(found, better, words):
    assert better_of(found) == better
    assert verdict(found, POLICY, PLAIN, split="test") == words


def test_where_less_is_better_the_lower_one_wins():
    assert better_of(compared(0.1, 0.2, 0.001, quality="flip_rate_to_exit")) == "policy"
    assert better_of(compared(0.2, 0.1, 0.001, quality="flip_rate_to_exit")) == "control"


def test_times_are_told_where_both_were_measured():
    both = times(Spent(0.05, 0.0512), Spent(0.047, 1.234))
    assert both == "one sample takes the policy 0.0512 ms on average, and the plain network 1.23 ms"
    assert times(Spent(0.05), Spent(0.047, 1.2)) == ""


@pytest.mark.parametrize(
    ("policy", "plain", "words"),
    [
        (True, True, "; both are certified"),
        (False, False, "; neither is certified"),
        (False, True, "; only the plain network is certified"),
        (None, True, "0.0470"),
    ],
)
def test_certificates_are_told_where_the_same_was_claimed(policy, plain, words):
    text = verdict(compared(0.9, 0.9, 1.0), Spent(0.05, None, policy), Spent(0.047, None, plain), split="test")
    assert text.removesuffix(f"; {UNTUNED}").endswith(words)


@pytest.mark.parametrize(
    ("policy", "plain", "words"),
    [
        (True, True, "; both reach what was asked for"),
        (False, False, "; neither reaches what was asked for"),
        (True, False, "; only the policy reaches what was asked for"),
        (None, None, "at cost 0.0500 against 0.0470"),
    ],
)
def test_who_reaches_the_target_is_told(policy, plain, words):
    spent = Spent(0.05, reaches=policy), Spent(0.047, reaches=plain)
    assert verdict(compared(0.9, 0.9, 1.0), *spent, split="test").removesuffix(f"; {UNTUNED}").endswith(words)


def test_groups_are_counted_as_groups():
    text = verdict(compared(0.9, 0.9, 1.0, unit="group", n_units=1), POLICY, PLAIN, split="test")
    assert "no difference that 1 group of test can show" in text
