import numpy as np
import pytest

from policies.certificates.bounds.betting import betting_p_value, betting_upper_bound
from policies.certificates.bounds.binomial import binomial_p_value, binomial_upper_bound
from policies.certificates.claim_parts import measure, unused_exits
from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from tests.policies.outcomes import FULL, GATE, outcome_table


FIRST = np.array([1, 1, 0, 0, 1, 0, 1, 1, 1, 1], dtype=bool)
LAST = np.array([1, 0, 1, 1, 1, 0, 1, 1, 1, 1], dtype=bool)
LEAVES = np.array([1, 1, 1, 0, 1, 1, 1, 1, 0, 0], dtype=bool)
LABELS = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
GROUPS = np.array(list("aaabbbbccc"))
CLAIM = Claim(target=0.9, max_drop=0.1, max_degradation=0.2, class_floor=0.5, exit_floor=0.6)


def measured(**options):
    table = outcome_table(FIRST, LAST, leaves=LEAVES, labels=LABELS, **options)
    return {part.name: part for part in measure(CLAIM, table, GATE.decide(table))}


def test_losses_on_samples():
    parts = measured()
    assert list(parts)[:3] == ["accuracy", "drop", "degradation"]
    assert parts["accuracy"].observed == pytest.approx(0.8)
    assert parts["drop"].observed == pytest.approx(0.0)
    assert sorted(parts["drop"].losses) == [-1, *[0] * 8, 1]
    assert parts["degradation"].observed == pytest.approx(0.1)
    assert parts["recall of class 0"].n == 7
    assert parts["recall of class 0"].observed == pytest.approx(5 / 7)
    assert parts["recall of class 1"].observed == 1.0
    assert parts["accuracy at depth 1"].observed == pytest.approx(5 / 7)
    assert parts["accuracy at depth 2"].n == 3


def test_losses_on_groups_are_means_within_groups():
    parts = measured(groups=GROUPS)
    np.testing.assert_allclose(parts["accuracy"].losses, [1 / 3, 1 / 4, 0])
    np.testing.assert_allclose(parts["drop"].losses, [0, 0, 0])
    np.testing.assert_allclose(parts["degradation"].losses, [1 / 3, 0, 0])
    np.testing.assert_allclose(parts["recall of class 1"].losses, [0])
    np.testing.assert_allclose(parts["accuracy at depth 2"].losses, [0, 0])
    assert {part.unit for part in parts.values()} == {"group"}
    assert {part.method.split()[0] for part in parts.values()} == {"betting"}


def test_tests_and_bounds_fit_the_losses():
    parts = measured()
    drop, degradation, accuracy = parts["drop"], parts["degradation"], parts["accuracy"]
    assert accuracy.p_value(0.05) == pytest.approx(binomial_p_value(2, 10, limit=0.1))
    assert accuracy.bound(0.05) == pytest.approx(1 - binomial_upper_bound(2, 10, delta=0.05))
    assert degradation.bound(0.05) == pytest.approx(binomial_upper_bound(1, 10, delta=0.05))
    assert drop.p_value(0.05) == betting_p_value(drop.losses, limit=0.1, delta=0.05, least=-1)
    assert drop.bound(0.05) == betting_upper_bound(drop.losses, delta=0.05, least=-1)


def test_order_of_rows_does_not_matter():
    table = outcome_table(FIRST, LAST, leaves=LEAVES, labels=LABELS, groups=GROUPS)
    turned = table.take(np.random.default_rng(0).permutation(10))
    for left, right in zip(
        measure(CLAIM, table, GATE.decide(table)), measure(CLAIM, turned, GATE.decide(turned)), strict=True
    ):
        np.testing.assert_array_equal(left.losses, right.losses)


def test_an_exit_that_nobody_took_is_not_claimed_and_an_absent_class_cannot_pass():
    table = outcome_table(FIRST, LAST, leaves=LEAVES)
    decision = FULL.decide(table)
    parts = {part.name: part for part in measure(CLAIM, table, decision)}
    assert "accuracy at depth 1" not in parts
    assert unused_exits(CLAIM, table, decision) == (1,)
    assert unused_exits(Claim(target=0.9), table, decision) == ()
    absent = parts["recall of class 1"]
    assert (absent.n, absent.observed, absent.p_value(0.05), absent.bound(0.05)) == (0, None, 1.0, 0.0)
    assert absent.more_needed(0.05) is None
    assert "cannot be tested" in absent.shortfall(0.05)


def test_shortfall_in_words():
    parts = measured()
    assert parts["accuracy"].shortfall(0.05) == "accuracy on certify is 0.8000 but must be above 0.9"
    text = parts["drop"].shortfall(0.05)
    assert text.startswith("drop on certify is 0.0000, below 0.1, but 10 samples are too few to be sure at level 0.05")
    assert parts["drop"].loss is Loss.DROP
