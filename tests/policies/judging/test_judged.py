"""What is judged, of samples and of parents, against one parent after the other."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import PolicyError
from policies.judging.judged import Judged, judged_units
from policies.parents.membership import Parents
from policies.parents.parent_answers import UNREAD
from policies.policy import Decision
from policies.qualities import PooledQuality, get_quality
from policies.tables.multilabel import LabelSets
from policies.tables.units import Units
from policies.views.view import required
from tests.parent_views import parent_views


class SumOfAnswers(PooledQuality):
    """A figure of answers, of what they were taken from and of the truth, that hangs on all three."""

    name, task = "sum_of_answers", None

    def judge(self, view, truth):
        weights = 1 + (truth.labels if truth.labels.ndim == 1 else truth.labels.sum(axis=1))
        said = None if view.distributions is None else view.distributions.whole()[:, :, 0]

        def judge(exits):
            rows = np.arange(exits.shape[1])
            answers = np.stack([view.answers[rows, own] for own in exits]).reshape(*exits.shape, -1).sum(axis=2)
            told = 0 if said is None else np.stack([said[rows, own] for own in exits])
            return ((answers + told) * weights).mean(axis=1)

        return judge


def exits_of(view, seed, *, whole):
    """Exits of three policies; of each parent at least one sample is read, and where it leaves as a whole all are."""
    rng, n_exits = np.random.default_rng(seed), view.answers.shape[1]
    parents = view.parents.parents
    if whole:
        return rng.integers(0, n_exits, (3, parents.n))[:, parents.of_sample]
    exits = rng.integers(UNREAD, n_exits, (3, len(view.answers)))
    exits[:, parents.first_rows] = rng.integers(0, n_exits, (3, parents.n))
    return exits


@pytest.mark.parametrize("whole", [False, True], ids=["by sample", "whole"])
@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_all_ways_to_judge_parents_agree(whole, data, seed):
    view, truth = data.draw(parent_views(whole=whole))
    judged, exits = Judged(view, truth), exits_of(view, seed, whole=whole)
    everyone, own = np.arange(judged.truth.n_samples), SumOfAnswers()
    np.testing.assert_allclose(judged.values(own, exits), judged.judge(own)(exits))
    np.testing.assert_allclose(judged.judge_drawn(own)(exits, everyone), judged.judge(own)(exits))
    counted = get_quality("hamming" if isinstance(truth, LabelSets) else "macro_f1")
    strata = np.bincount(judged.truth.strata, minlength=judged.truth.n_strata)
    for one, value in zip(exits, judged.values(counted, exits), strict=True):
        marks = judged.marks(counted, one)
        tallies = np.bincount(marks[marks >= 0], minlength=counted.n_tallies(judged.truth))
        assert counted.value(tallies[None], strata)[0] == pytest.approx(value)


@settings(max_examples=60, deadline=None)
@given(case=parent_views(), seed=st.integers(0, 1000))
def test_answers_about_parents_come_from_the_samples_that_are_read(case, seed):
    view, truth = case
    judged, parents = Judged(view, truth), view.parents.parents
    for exits in exits_of(view, seed, whole=False):
        answers, said = judged.answers(exits), required(judged.answered(exits).distributions).whole()[:, 0]
        for g in range(parents.n):
            rows = [i for i in parents.rows if parents.of_sample[i] == g and exits[i] != UNREAD]
            values = np.stack([view.distributions.whole()[i, exits[i]] for i in rows])
            pooled = view.parents.pooling.of(values)
            np.testing.assert_array_equal(said[g], pooled)
            thresholds = view.parents.thresholds
            np.testing.assert_array_equal(
                answers[g], pooled.argmax() if thresholds is None else pooled >= thresholds[g]
            )
            assert judged.deepest(exits)[g] == max(exits[rows])


def test_some_parents_are_taken_with_all_of_their_samples():
    names = np.array(list("bacabbc"))
    parents = Parents.named(names, order=np.array([3, 1, 2, 0, 1, 2, 1]))
    rows = np.array([5, 6, 0, 2, 4])
    taken, numbers = parents.take(rows)
    assert taken.names.tolist() == ["b", "c"] and numbers.tolist() == [1, 2]
    assert rows[taken.rows].tolist() == [4, 5, 0, 6, 2]
    assert taken.sizes.tolist() == [3, 2]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(None, ("parent", [0, 1, 2])), (list("xxyyx"), ("group", [0, 1, 0])), (list("zzyyx"), ("parent", [2, 1, 0]))],
)
def test_parents_are_the_units_unless_several_share_a_group(groups, expected):
    parents = Parents.named(np.array(list("aabbc")))
    if groups is None:
        units = Units("sample", np.arange(5), 5)
    else:
        names, codes = np.unique(groups, return_inverse=True)
        units = Units("group", codes, len(names))
    found = judged_units(units, parents)
    assert (found.kind, found.of_sample.tolist()) == expected
    assert judged_units(units, None) is units


def test_a_sample_that_is_not_read_has_no_answer():
    decision = Decision(np.array([0, UNREAD, 1]), np.array([[0, 1], [1, 1], [0, 0]]))
    with pytest.raises(PolicyError, match="1 of 3 were not; take the answers about their parents"):
        _ = decision.answers
