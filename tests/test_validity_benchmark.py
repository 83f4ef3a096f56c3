"""That the benchmark of tests at the limit draws what it says, counts as it says, and finds a test that is invalid."""

from pathlib import Path
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.stats import binom, norm

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.binomial import binomial_p_value
from policies.certificates.bounds.paired import paired_p_value
from policies.certificates.bounds.sums import sum_p_value
from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.label_ratios import LabelRatio
from policies.tables.multilabel import LabelSets


# Benchmarks are scripts that import each other from their own folder.
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import boundary_losses as losses
import boundary_procedures as procedures
import certificate_validity as validity
from certificate_validity import CHECKS, Case, Check, above_chance, by_counts, cases, largest_of_each, measure, verdict


DELTA = 0.05
FAMILIES = list(
    {
        family.name: family
        for family in (
            *losses.BINARY,
            *losses.GROUPS,
            *losses.SHARES,
            *losses.CONTINUOUS,
            *losses.SIGNED,
            *losses.SIGNED_SHARES,
            *losses.RELATIVE,
            *losses.RATIOS,
        )
    }.values()
)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_means_are_exactly_the_limit(family):
    for limit in family.limits:
        own = family.at(limit)
        assert own.mean == pytest.approx(own.limit, abs=1e-15)
        drawn = own.draw(np.random.default_rng(0), 40, 1000)
        assert drawn.shape == (40, 1000)
        assert own.least <= drawn.min() and drawn.max() <= 1
        assert abs(drawn.mean() - own.limit) <= 5 * drawn.std() / np.sqrt(drawn.size) + 1e-12
        if isinstance(own, losses.Losses):
            assert own.probabilities.sum() == pytest.approx(1, abs=1e-12)
            assert (own.probabilities >= 0).all()
            assert (own.counts(np.random.default_rng(0), 5, 30).sum(axis=1) == 30).all()


@given(limit=st.floats(0.001, 0.4), alike=st.floats(0, 1), size=st.integers(1, 12))
def test_groups_have_the_mean_whatever_their_size_and_likeness(limit, alike, size):
    own = losses.groups({size: 0.25, 1: 0.75} if size > 1 else {1: 1.0}, alike)(limit)
    assert own.mean == pytest.approx(limit)
    assert own.probabilities.sum() == pytest.approx(1)


def test_values_are_drawn_as_often_as_they_should_be():
    own = losses.signed_shares(0.05)
    drawn = own.draw(np.random.default_rng(1), 1, 200_000)[0]
    shares = [(drawn == value).mean() for value in own.values]
    np.testing.assert_allclose(shares, own.probabilities, atol=0.004)
    counts = own.counts(np.random.default_rng(1), 1, 200_000)[0]
    np.testing.assert_allclose(counts / 200_000, own.probabilities, atol=0.004)


def test_shortfalls_are_those_of_labels():
    """The micro-F1 of answers in the drawn shares is the value that is tested, as the certificate counts it."""
    own = losses.micro_f1(0.2)
    hits_and_errors = {-0.15: (3, 0), 0.1: (2, 2), 0.8: (0, 8)}
    n = np.round(own.probabilities * 1000).astype(int)
    answers, truth = [], []
    for value, times in zip(own.values, n, strict=True):
        hits, errors = hits_and_errors[round(value, 3)]
        answers += [[1] * (hits + errors) + [0] * (10 - hits - errors)] * times
        truth += [[1] * hits + [0] * (10 - hits)] * times
    names = tuple(map(str, range(10)))
    (counts,) = LabelRatio.named("label_micro_f1").counts(
        np.array(answers, dtype=bool), LabelSets(np.array(truth, dtype=np.uint8), names)
    )
    assert counts.ratio == pytest.approx(0.8)
    np.testing.assert_allclose(np.unique(counts.shortfall(0.8)), own.values, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    family=st.sampled_from(FAMILIES),
    n=st.integers(1, 300),
    delta=st.sampled_from([0.01, 0.05, 0.2]),
    seed=st.integers(0, 1000),
)
def test_all_draws_at_once_have_the_p_values_of_one_at_a_time(family, n, delta, seed):
    own = family.at(family.limits[-1])
    drawn = own.draw(np.random.default_rng(seed), 4, n)
    expected = [betting_p_value(one, limit=own.limit, delta=delta, least=own.least) for one in drawn]
    found = validity.betting_p_values(drawn, limit=own.limit, delta=delta, least=own.least)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def normal_approximation(counts, own, delta):
    """A z-test, which is too bold where few losses are seen."""
    n = counts.sum()
    mean = (counts @ own.values) / n
    spread = np.sqrt(max(counts @ own.values**2 / n - mean**2, 1e-12) / n)
    return norm.cdf((mean - own.limit) / spread) <= delta


def test_an_invalid_test_is_found(capsys, monkeypatch):
    invalid = Check("normal approximation", losses.BINARY, by_counts(normal_approximation), (100, 300))
    monkeypatch.setattr(validity, "CHECKS", (CHECKS[0], invalid))
    monkeypatch.setattr(sys, "argv", ["certificate_validity.py", "--samples", "2000"])
    assert validity.main() == 1
    printed = capsys.readouterr().out
    assert "normal approximation" in printed and "Bonferroni over 27" in printed
    monkeypatch.setattr(sys, "argv", ["certificate_validity.py", "--samples", "2000", "--tests", "exact binomial"])
    assert validity.main() == 0
    assert "21 shares, none above delta 0.05 beyond chance" in capsys.readouterr().out


def test_counts_alone_pass_as_often_as_theory_says():
    (family,) = losses.BINARY
    found = measure(CHECKS[0], family, 0.05, 100, n_draws=20_000, delta=DELTA)
    largest = max(k for k in range(100) if binom.cdf(k, 100, 0.05) <= DELTA)
    expected = binom.cdf(largest, 100, 0.05)
    assert abs(found.share - expected) <= 4 * np.sqrt(expected * (1 - expected) / 20_000)
    assert found == measure(CHECKS[0], family, 0.05, 100, n_draws=20_000, delta=DELTA)


class Drawn:
    """Losses that were drawn before."""

    def __init__(self, own, rng, n_draws, n):
        self.values, self.limit, self.parts = getattr(own, "values", None), own.limit, own.parts
        self.losses = own.draw(rng, n_draws, n)

    def counts(self, rng, n_draws, n):
        return (self.losses[:, :, None] == self.values).sum(axis=1)

    def sums(self, rng, n_draws, n):
        return self.losses.sum(axis=1)


def paired_of(drawn, limit):
    return paired_p_value(int((drawn > 0).sum()), int((drawn < 0).sum()), drawn.size, limit=limit, delta=0.3)


@pytest.mark.parametrize(
    ("name", "family", "p_value"),
    [
        ("lost alone", losses.SIGNED[0], lambda x, limit: binomial_p_value((x > 0).sum(), x.size, limit=limit)),
        ("paired", losses.SIGNED[2], paired_of),
        ("sum", losses.CONTINUOUS[0], lambda x, limit: sum_p_value(x, limit=limit)),
        ("sum, parts known", losses.GROUPS[4], lambda x, limit: sum_p_value(x, limit=limit, parts=24)),
    ],
)
def test_draws_pass_that_pass_by_the_public_function(name, family, p_value):
    """The same draws, as counts and as losses, pass equally often."""
    (check,) = [one for one in CHECKS if one.name == name]
    own = Drawn(family.at(0.2), np.random.default_rng(3), 60, 40)
    expected = sum(p_value(one, 0.2) <= 0.3 for one in own.losses)
    assert 0 < expected < 60
    assert check.n_passed(own, 40, 60, 0.3, None) == expected


def test_blocks_make_up_all_draws():
    everything = Check("never fails", losses.BINARY, validity.by_losses, (20_000,))
    found = measure(everything, losses.BINARY[0], 0.2, 20_000, n_draws=13, delta=1 - 1e-9)
    assert found.n_passed == found.n_draws == 13


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_can_be_run(check):
    family = check.families[-1]
    found = measure(check, family, family.limits[-1], check.sizes[0], n_draws=8, delta=DELTA)
    assert found.n_draws == 8 and 0 <= found.n_passed <= 8


def test_every_share_is_measured_once():
    every = [(check.name, family.name, limit, n) for check, family, limit, n in cases(CHECKS)]
    assert len(every) == len(set(every))


def case(n_passed, n_draws=1000, name="a"):
    return Case(name, "0 or 1", 0.05, 100, n_passed, n_draws)


def test_the_largest_share_of_each_test_is_told():
    found = [case(40), case(60), case(50, name="b"), case(20, 500, name="b")]
    assert [largest for largest, _ in largest_of_each(found)] == [case(60), case(50, name="b")]
    assert [n_shares for _, n_shares in largest_of_each(found)] == [2, 2]


def test_chance_is_shared_by_all_shares():
    found = [case(70)] + [case(40)] * 9
    assert case(70).p_value(DELTA) == pytest.approx(binom.sf(69, 1000, DELTA))
    assert above_chance(found, DELTA) == [case(70)]
    assert above_chance([*found, *[case(40)] * 90], DELTA) == []
    assert "10 shares, 1 above delta 0.05 beyond chance" in verdict(found, DELTA)
    assert "the largest 7.00 (5.50-8.76) % (a, 0 or 1, limit 0.05, 100 units)" in verdict(found, DELTA)


@pytest.mark.parametrize("family", procedures.WORLDS, ids=lambda family: family.name)
def test_worlds_have_policies_that_are_wrong_by_nothing(family):
    (limit,) = family.limits
    world = family.at(limit)
    table = world.draw(np.random.default_rng(0), 40_000, "t")
    for policy in procedures.BY_DEPTH:
        decision = policy.decide(table)
        wrong = decision.answers != table.labels
        full = table.logits[:, -1].argmax(axis=1) != table.labels
        claim = world.claim
        seen = {
            "target": wrong.mean(),
            "max_drop": wrong.mean() - full.mean(),
            "class_floor": max(wrong[table.labels == label].mean() for label in np.unique(table.labels)),
        }
        required = {"target": limit, "max_drop": claim.max_drop, "class_floor": limit}
        margins = [seen[name] - required[name] for name in required if getattr(claim, name) is not None]
        if policy in world.wrong:
            assert max(margins) == pytest.approx(0, abs=0.006)
        else:
            assert max(margins) < -0.03
            assert certify_policy(policy, table, claim).certified


def test_a_procedure_errs_where_it_certifies_what_is_wrong():
    world = procedures.target(0.05)
    rng = np.random.default_rng(0)
    assert not any(procedures.fixed_sequence_errs(world, 20, DELTA, rng) for _ in range(5))
    assert all(procedures.fixed_sequence_errs(world, 300, 1 - 1e-9, rng) for _ in range(5))
    easy = procedures.World(**{**vars(world), "claim": Claim(target=0.5)})
    assert procedures.fixed_sequence_errs(easy, 300, DELTA, rng)
