"""Two policies on the same samples: exact where it can be, and never surer than the samples allow."""

from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import PolicyError
from policies.goals.figures import quality_of
from policies.metrics.paired import RESAMPLES, compare_paired
from policies.policy import Decision, Policy
from policies.pooling.answering import Answering
from policies.qualities import get_quality
from policies.views.view import RuleView
from tests.recorded_tables import recordings_table
from tests.tables import make_table


def decision(answers):
    answers = np.asarray(answers)
    return Decision(np.zeros(len(answers), dtype=np.int64), answers[:, None])


def table_of(labels, groups=None):
    table = make_table(len(labels), n_classes=3)
    return replace(table, labels=np.asarray(labels), groups=groups)


def swapped(quality, table, first, second):
    """The difference of every way to swap the answers of some samples, by brute force."""
    answers = np.stack([first, second], axis=1)
    view = RuleView(np.zeros((*answers.shape, 1)), np.ones(answers.shape, dtype=bool), answers)
    taken = np.array(list(product((0, 1), repeat=len(answers))))
    judge = get_quality(quality)
    return judge.values(view, table.truth, taken) - judge.values(view, table.truth, 1 - taken)


answers = st.integers(1, 8).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 2), min_size=n, max_size=n)] * 3))


@given(answers)
def test_accuracy_is_tested_as_all_swaps_would(given_answers):
    labels, first, second = map(np.array, given_answers)
    table = table_of(labels)
    found = compare_paired("accuracy", table, decision(first), decision(second))
    differences = swapped("accuracy", table, first, second)
    observed = abs((first == labels).mean() - (second == labels).mean())
    assert found.p_value == pytest.approx((np.abs(differences) >= observed - 1e-12).mean())
    assert (found.first, found.second) == ((first == labels).mean(), (second == labels).mean())
    assert (found.unit, found.n_units) == ("sample", len(labels))


def test_other_qualities_are_tested_by_some_of_the_swaps():
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    first, second = labels, np.array([0, 1, 2, 1, 2, 0, 1, 1])
    table = table_of(labels)
    found = compare_paired("macro_f1", table, decision(first), decision(second), seed=3)
    expected = (np.abs(swapped("macro_f1", table, first, second)) >= found.first - found.second - 1e-12).mean()
    assert found.p_value == pytest.approx(expected, abs=4 * np.sqrt(expected / RESAMPLES))
    assert found.first == 1.0
    again = compare_paired("macro_f1", table, decision(first), decision(second), seed=3)
    assert again.p_value == found.p_value


def test_groups_are_swapped_as_a_whole():
    """A hundred samples of five recordings are five cases: a difference in all of them has p = 2 / 2**5 at least."""
    labels, groups = np.zeros(100, dtype=int), np.repeat([f"r{i}" for i in range(5)], 20)
    right, wrong = decision(labels), decision(labels + 1)
    alone = compare_paired("accuracy", table_of(labels), right, wrong)
    grouped = compare_paired("accuracy", table_of(labels, groups), right, wrong)
    assert alone.p_value < 1e-20
    assert grouped.p_value == pytest.approx(2 / 32, abs=0.02)
    assert (grouped.unit, grouped.n_units) == ("group", 5)


@pytest.mark.parametrize("quality", ["accuracy", "macro_f1"])
def test_equal_answers_do_not_differ(quality):
    labels = np.arange(30) % 3
    one = decision(labels)
    assert compare_paired(quality, table_of(labels), one, one).p_value == 1.0


def test_qualities_of_distributions_can_be_compared():
    from policies.baselines.full_network import full_network

    table = make_table(80, n_classes=8)
    policy = full_network(table, np.ones(3))
    found = compare_paired("top5_accuracy", table, policy.decide(table), policy.decide(table))
    assert found.first == found.second


@pytest.mark.parametrize("level", ["sample", "parent", "reading"])
def test_answers_about_parents_are_compared_where_they_are_pooled(level):
    table = recordings_table([3, 1, 4, 2] * 6, seed=4)
    own = {"read_until": 0.6} if level == "reading" else {}
    answering = Answering(level=level, pooling="mean", **own)
    first, second = (
        Policy("confidence", (limit, limit), (1.0, 1.0, 1.0), answering=answering).decide(table) for limit in (0.4, 0.9)
    )
    found = compare_paired("accuracy", table, first, second)
    assert (found.unit, found.n_units) == ("parent", 24)
    assert (found.first, found.second) == tuple(quality_of("accuracy", table, one) for one in (first, second))
    assert 0 < found.p_value <= 1
    alone = Policy("confidence", (0.9, 0.9), (1.0, 1.0, 1.0)).decide(table)
    with pytest.raises(PolicyError, match="one pools answers over parents and the other does not"):
        compare_paired("accuracy", table, first, alone)
