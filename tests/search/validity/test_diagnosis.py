"""Reasons by synthetic curves: each failure is told by its own figures, and a good training has none."""

import math

import pytest

from search.validity.diagnosis import doubts_of_curve, doubts_of_fit
from search.validity.message import failed, reached, reason
from search.validity.verdict import Loss, Verdict
from trainables.tasks.doubts import Certainty, Doubt, most_certain_first
from trainables.trials.full_network import EpochFigures


def curve(losses, qualities=None):
    qualities = [0.1] * len(losses) if qualities is None else qualities
    pairs = zip(losses, qualities, strict=True)
    return tuple(EpochFigures(epoch, loss, quality) for epoch, (loss, quality) in enumerate(pairs, start=1))


def doubts(losses, qualities=None, *, learning_rate=0.01, least=0.4):
    found = doubts_of_curve(curve(losses, qualities), learning_rate=learning_rate, quality="map_50", least=least)
    return list(found)


def test_a_learning_rate_of_zero_is_the_one_reason():
    (found,) = doubts([12.31, 12.307, 12.312], learning_rate=0.0)
    assert found.reason == "the loss went from 12.31 to 12.31: the learning rate is 0"
    assert found.certainty is Certainty.CERTAIN
    (found,) = doubts([math.nan], [math.nan], learning_rate=0.0)
    assert found.reason == "the learning rate is 0"


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_told_with_its_epoch(loss):
    (found,) = doubts([2.5, 1.75, loss], [0.1, 0.2, math.nan])
    assert (
        found.reason
        == f"the loss became {loss:g} in epoch 3, after 1.75 in the epoch before, at a learning rate of 0.01"
    )
    assert found.certainty is Certainty.CERTAIN
    (found,) = doubts([loss], [math.nan])
    assert found.reason == f"the loss became {loss:g} in epoch 1, at a learning rate of 0.01"


def test_a_loss_that_does_not_move():
    (found,) = doubts([3.0, 2.99, 2.985, 2.99])
    assert found.reason == (
        "the loss went from 3 to 2.99 in 4 epochs (least 2.985): it did not move, at a learning rate of 0.01"
    )
    assert "larger learning rate" in found.advice


def test_a_loss_that_only_rises():
    (found,) = doubts([3.0, 5.0, 9.0])
    assert found.reason.endswith("it never fell, at a learning rate of 0.01")
    assert "smaller learning rate" in found.advice


def test_a_training_that_is_not_over_is_told_by_how_much_a_epoch():
    qualities = [0.02 * epoch for epoch in range(1, 13)]
    (found,) = doubts([3 / epoch for epoch in range(1, 13)], qualities)
    assert found.reason == "map 50 was still rising at the end of 12 epochs, by 0.0200 an epoch"
    assert "about 8 more epochs" in found.advice
    slow = [0.0] * 2 + [0.005 * epoch for epoch in range(2)]
    (found,) = doubts([3.0, 2.0, 1.0, 0.5], slow)
    assert "about 79 more epochs" in found.advice


@pytest.mark.parametrize(
    "qualities",
    [
        [0.1, 0.2, 0.3, 0.31, 0.312, 0.31, 0.311, 0.311],
        [0.1, 0.2, 0.35, 0.3, 0.2, 0.1, 0.12, 0.14],
        [0.3] * 8,
        [0.3],
    ],
)
def test_a_quality_that_rises_no_more_is_not_told(qualities):
    losses = [3 / epoch for epoch in range(1, len(qualities) + 1)]
    assert doubts(losses, qualities) == []


def test_what_is_learnt_by_heart():
    (found,) = doubts_of_fit(0.83, 0.31, quality="map_50", least=0.4)
    assert found.reason == "map 50 is 0.8300 on train and 0.3100 on search: samples of train are learnt by heart"
    assert list(doubts_of_fit(0.45, 0.39, quality="map_50", least=0.4)) == []
    (found,) = doubts_of_fit(0.3, 0.29, quality="map_50", least=0.4)
    assert "does not even fit" in found.reason
    assert found.certainty is Certainty.POSSIBLE


def test_the_most_certain_comes_first_and_equal_ones_stay():
    given = [Doubt(name, "", certainty) for name, certainty in zip("abcd", (1, 3, 2, 3), strict=True)]
    assert [one.reason for one in most_certain_first(given)] == ["b", "d", "c", "a"]


def verdict(losses, qualities, *found, least=0.4):
    own = curve(losses, qualities)
    known = [one for one in own if math.isfinite(one.quality)]
    best = max(known, key=lambda one: one.quality, default=None)
    epoch, value = (0, math.nan) if best is None else (best.epoch, best.quality)
    return Verdict("map_50", least, value, epoch, 9, own, tuple(found), "hash")


DOUBT = Doubt("it snowed", "wait for spring", Certainty.CERTAIN, ends=True)


@pytest.mark.parametrize(
    "given",
    [
        verdict([2.0, 1.0], [0.2, 0.5]),
        verdict([2.0, math.nan], [0.2, math.nan], DOUBT),
        verdict([math.inf], [math.nan], DOUBT, Doubt("a", "b")),
        verdict([], [], DOUBT),
    ],
)
def test_a_verdict_comes_back_as_it_was_stored(given):
    stored = given.to_dict()
    again = Verdict.from_dict(stored)
    assert again.to_dict() == stored
    assert (again.passed, again.doubts, again.loss) == (given.passed, given.doubts, given.loss)
    assert "NaN" not in str(stored)


def test_only_what_reaches_the_least_passes():
    assert verdict([1.0], [0.4]).passed
    assert not verdict([1.0], [0.3999]).passed
    assert not verdict([], []).passed


def test_loss_is_told_as_first_least_and_last():
    assert Loss.of(curve([3.0, 1.0, 2.0])) == Loss(3.0, 1.0, 2.0)
    assert Loss.of(curve([3.0, 1.0, math.nan])) == Loss(3.0, 1.0, 1.0)
    assert Loss.of(curve([math.nan])) is None
    assert Loss(3.0, 2.9, 3.1).moved
    assert not Loss(3.0, 2.98, 2.99).moved
    # Of losses that are likelihoods there are negative ones.
    assert Loss(-1.0, -3.0, -3.0).moved


def test_lines_for_a_person():
    own = verdict([2.0, 2.0], [0.1, 0.2], DOUBT)
    assert failed(own) == [
        "Full network: map 50 0.2000 on search in epoch 2 of 2; the validity gate asks for 0.4000",
        "The training loss was 2 first, 2 at least and 2 last, it did not move",
        "1. it snowed. To try: wait for spring.",
    ]
    assert reason(own) == (
        "the full network must reach map 50 0.4000 on search before anything else is done but reaches 0.2000: it snowed"
    )
    untrained = verdict([], [], DOUBT)
    assert reached(untrained) == "not trained"
    assert failed(untrained)[1] == "There is no training loss"
    assert "but was not trained: it snowed" in reason(untrained)
    assert "nothing conspicuous" in reason(verdict([1.0], [0.3]))
