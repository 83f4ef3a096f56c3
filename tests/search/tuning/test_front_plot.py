import math

import pytest

from policies.goals.request import Request
from search.trials.records import TrialRecord
from search.tuning.front_plot import MOST_COLUMNS, MOST_LINES, TrialPoint, plot_trials, point_of


POINTS = [TrialPoint(1.2, 0.93, False), TrialPoint(1.5, 0.96, True), TrialPoint(1.9, 0.97, True)]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_each_trial_has_its_place_in_a_picture_that_fits(width):
    lines = plot_trials(POINTS, Request(target=0.95), width=width).plain.splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines[1:])) <= min(width, MOST_COLUMNS)
    assert lines[0] == "accuracy by depth: ● feasible  · infeasible"
    drawn = "\n".join(lines[1:])
    assert (drawn.count("●"), drawn.count("·")) == (2, 1)
    rows = {marker: [n for n, line in enumerate(lines[1:]) if marker in line] for marker in "●·"}
    assert max(rows["●"]) < min(rows["·"])


def test_pictures_are_drawn_anew():
    asked = Request(target=0.95)
    plot_trials(POINTS, asked, width=80)
    drawn = plot_trials(POINTS[1:], asked, width=80).plain
    # Each marker once in the key, and the first picture's infeasible point no more.
    assert (drawn.count("●"), drawn.count("·")) == (3, 1)


def test_trials_that_all_lie_at_the_target_are_drawn_among_the_best_exits():
    """So what more depth buys is seen though every trial reports what it does just there."""
    exits = ((0.91, 0.97, 0.97), (0.92, 0.94, 0.99), (0.90, 0.93, 0.98))
    depths = (1.9, 1.5, 1.2)
    at_target = [TrialPoint(depth, 0.95, True, own) for depth, own in zip(depths, exits, strict=True)]
    lines = plot_trials(at_target, Request(target=0.95), width=60).plain.splitlines()
    assert lines[0] == "accuracy by depth: ● feasible  · infeasible  + best exit alone"
    (row,) = [line for line in lines[1:] if "●" in line]
    assert row.count("●") == 3
    best = [(line.index("+"), row) for row, line in enumerate(lines[1:]) if line.count("+") == 1]
    assert len(best) == 3
    # Deeper exits to the right are better, so further up.
    assert sorted(best) == sorted(best, key=lambda place: -place[1])
    (first, below), (_, above), _ = sorted(best)
    assert first < row.index("●") and above < lines[1:].index(row) < below


def test_the_best_exit_of_a_quality_of_which_less_is_better_is_the_least():
    points = [TrialPoint(1.5, 0.2, True, (0.4, 0.2)), TrialPoint(1.5, 0.2, True, (0.3, 0.1))]
    drawn = plot_trials(points, Request(target=0.2, quality="hamming"), width=60).plain
    assert "0.40" not in drawn and "0.10" in drawn and "0.30" in drawn


@pytest.mark.parametrize("places", [(), ((1.5, 0.95),), ((1.5, 0.95), (1.5, 0.96)), ((1.5, 0.95), (1.6, 0.95))])
def test_one_depth_or_one_quality_has_no_picture(places):
    points = [TrialPoint(depth, quality, True) for depth, quality in places]
    assert plot_trials(points, Request(target=0.95), width=60) is None


def test_a_trial_knows_its_policy_and_its_exits():
    result = {"accuracy": 0.96, "mean_depth": 1.5, "violation": 0.0, "accuracy_exit_1": 0.9, "accuracy_exit_2": 0.97}
    trial = TrialRecord("trial-0001", 0, {}, result={**result, "accuracy_exit_2_seed_1": 0.5})
    assert point_of(trial, Request(target=0.95)) == TrialPoint(1.5, 0.96, True, (0.9, 0.97))
    assert point_of(trial, Request(target=0.95, quality="macro_f1")) is None
    assert point_of(TrialRecord("trial-0002", 1, {}), Request(target=0.95)) is None
    failed = TrialRecord("trial-0003", 2, {}, result=result, failure="the loss is nan in epoch 2")
    assert point_of(failed, Request(target=0.95)) is None


@pytest.mark.parametrize(("depth", "is_drawn"), [(1.5, True), (math.nan, False), (math.inf, False)])
def test_what_is_no_number_has_no_place(depth, is_drawn):
    result = {"accuracy": 0.9, "mean_depth": depth, "violation": 0.0}
    assert (point_of(TrialRecord("a", 0, {}, result=result), Request(target=0.8)) is not None) == is_drawn
