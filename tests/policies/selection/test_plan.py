import math

import numpy as np
import pytest
from scipy.stats import binom

from policies.certificates.claims import Claim
from policies.selection.plan import passing_chance, plan_of
from policies.selection.split_size import SplitSize, SubgroupSize
from policies.tables.units import Units


def size(n, n_labels=0):
    units = Units("parent", np.arange(n), n)
    if not n_labels:
        return SplitSize(units, None)
    return SplitSize(units, None, np.full(n_labels, 0.2), tuple(map(str, range(n_labels))))


@pytest.mark.parametrize(("n", "tightest"), [(304, 0.0098), (867, 0.0035), (2000, 0.0015)])
def test_the_tightest_drop_is_that_of_the_better_test(n, tightest):
    (found,) = plan_of(Claim(max_drop={"exact_match": 0.01}), size(n, 10), delta=0.05).statements
    assert found.tightest == pytest.approx(tightest, abs=6e-5)
    assert found.needed == 299


def test_power_of_a_drop_is_at_least_that_of_counting_what_is_lost():
    (found,) = plan_of(Claim(max_drop=0.01), size(867), delta=0.05).statements
    assert [loss for loss, _ in found.powers] == pytest.approx([0, 0.0025, 0.005])
    # 3 lost of 867 are the most that pass for .010.
    assert [chance for _, chance in found.powers] == pytest.approx(
        [1, binom.cdf(3, 867, 0.0025), binom.cdf(3, 867, 0.005)], abs=0.12
    )
    assert found.powers[1][1] >= binom.cdf(3, 867, 0.0025) - 1e-9


def test_a_hamming_limit_that_so_few_parents_cannot_prove_is_told():
    plan = plan_of(Claim(max_drop={"hamming": 0.002}), size(867, 10), delta=0.05)
    (found,) = plan.statements
    assert found.tightest > 0.002
    assert found.needed > 867
    assert plan.lines[0].startswith("867 parents of certify prove at best, at confidence 95%, where nothing is lost:")
    assert "a drop of hamming of 0.003" in plan.lines[0]
    assert "a drop of hamming of 0.002 at least 1,497 parents" in plan.lines[2]


def test_several_statements_are_told_in_three_lines():
    claim = Claim(max_drop={"exact_match": 0.01, "hamming": 0.005}, bounds={"label_micro_f1": 0.9})
    plan = plan_of(claim, size(600, 10), delta=0.05)
    assert len(plan.lines) == 3
    assert all("label_micro_f1" in line for line in (plan.lines[0], plan.lines[2]))
    assert all(line.count(";") == 2 for line in (plan.lines[0], plan.lines[2]))


def test_a_target_has_a_least_value():
    (found,) = plan_of(Claim(target=0.95), size(100), delta=0.05).statements
    assert found.tightest == pytest.approx(0.05 ** (1 / 100), abs=1e-4)
    assert found.needed == 59
    assert (found.comfortable, found.is_exact) == (361, True)


@pytest.mark.parametrize(("limit", "first"), [(0.01, 1941), (0.02, None), (0.05, 361), (0.2, None), (0.37, None)])
def test_the_first_number_of_a_power_is_the_first_by_brute_force(limit, first):
    """Of all numbers from 1 on, though a few more may pass less often."""

    def power(n):
        lost = np.arange(n + 1)
        passes = binom.cdf(lost, n, limit) <= 0.05
        return binom.pmf(lost[passes], n, limit / 2).sum()

    (found,) = plan_of(Claim(max_degradation=limit), size(100), delta=0.05).statements
    assert found.comfortable == next(n for n in range(1, 3000) if power(n) >= 0.8)
    assert first in (None, found.comfortable)
    assert "4 times of 5" in (line := plan_of(Claim(max_degradation=limit), size(100), delta=0.05).lines[2])
    assert f", {found.comfortable:,} to pass" in line


def test_the_number_for_bets_is_told_as_about_so_many():
    """One fewer has less power; groups of several are tested by betting or by their sum."""
    units = Units("group", np.repeat(np.arange(100), 2), 100)
    plan = plan_of(Claim(target=0.9), SplitSize(units, None), delta=0.05)
    (found,) = plan.statements
    assert not found.is_exact
    assert f", about {found.comfortable:,} to pass 4 times of 5" in plan.lines[2]


def test_nothing_is_proved_by_no_unit():
    plan = plan_of(Claim(target=0.95), size(0), delta=0.05)
    assert "nothing of accuracy 0.95" in plan.lines[0]


def by_site(*counts):
    """A split with so many samples of each of several values of a column."""
    whole = Units("sample", np.arange(sum(counts)), sum(counts))
    values = tuple(SubgroupSize(f"site = {n}", Units("sample", np.arange(n), n), f"{n}") for n in counts)
    return SplitSize(whole, None, subgroups=values)


@pytest.mark.parametrize("counts", [(300, 300), (200, 400, 900), (250,) * 6])
def test_all_values_of_a_column_pass_as_often_as_independent_draws_of_each_do(counts):
    """Half of what may be lost is lost at every value, and each is tested by itself."""
    claim, rate = Claim(target=0.9, by="site"), 0.05
    expected = math.prod(binom.cdf(most_lost_of(n, 0.1), n, rate) for n in counts)
    assert passing_chance(claim, by_site(*counts), delta=0.05) == pytest.approx(expected)
    assert passing_chance(claim.overall, by_site(*counts), delta=0.05) > expected


def most_lost_of(n, limit):
    """The most of n that may be lost, by the p-value of the exact binomial test."""
    return max(k for k in range(n) if binom.cdf(k, n, limit) <= 0.05)
