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
    assert plot_trials(POINTS[1:2], asked, width=80).plain.count("●") == 2


def test_trials_that_all_lie_at_the_target_are_drawn_in_their_order():
    at_target = [TrialPoint(depth, 0.95, True) for depth in (1.9, 1.5, 1.2)]
    lines = plot_trials(at_target, Request(target=0.95), width=60).plain.splitlines()
    assert lines[0].startswith("depth by trial: ")
    places = [(line.index("●"), row) for row, line in enumerate(lines[1:]) if "●" in line]
    assert len(places) == 3
    # Less deep from trial to trial: downwards, and to the right.
    assert places == sorted(places)


@pytest.mark.parametrize(("depth", "is_drawn"), [(1.5, True), (math.nan, False), (math.inf, False)])
def test_what_is_no_number_has_no_place(depth, is_drawn):
    result = {"accuracy": 0.9, "mean_depth": depth, "violation": 0.0}
    assert (point_of(TrialRecord("a", 0, {}, result=result), Request(target=0.8)) is not None) == is_drawn
