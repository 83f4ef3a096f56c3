from dataclasses import replace
import json
import re

import numpy as np
import pandas as pd
from PIL import Image
import pytest

from policies.goals.front import Front, FrontPoint
from policies.policy import Policy
from search.figures.front import FrontFigure, draw_html, draw_png
from tests.chromium import open_page


def front_of(points, *, names=("accuracy", "mean_depth"), policies):
    """All but the first are certified, and the second is selected."""
    return Front(
        tuple(
            FrontPoint(policy, dict(zip(names, own, strict=True)), 0.0, "t1", row > 0, row == 1)
            for row, (own, policy) in enumerate(zip(points, policies, strict=True))
        )
    )


@pytest.fixture
def figure():
    policies = [Policy("confidence", (tau, np.inf), (1.0, 1.0, 1.0)) for tau in (0.6, 0.8, 0.9)]
    figures = [(0.86, 1.2), (0.88, 1.5), (0.9, 2.0)]
    front = front_of(figures, policies=policies)
    return FrontFigure(
        title="made up",
        target=0.85,
        objectives=(1.0, 3.0),
        front=front,
        trials=pd.DataFrame({"trial_id": ["t1", "t2"], "accuracy": [0.86, 0.3], "mean_depth": [1.3, 1.0]}),
        shared=pd.DataFrame(
            {"threshold": [0.4, 0.8, np.inf], "accuracy": [0.7, 0.85, 0.9], "mean_depth": [1.0, 1.4, 3.0]}
        ),
        selected=(1.5, 0.88),
        greedy=(1.4, 0.85),
        full=(3.0, 0.9),
        oracle=1.1,
        baselines=pd.DataFrame({"name": ["study: full network"], "mean_depth": [3.0], "accuracy": [0.87]}),
    )


def trials(accuracies, depths):
    names = [f"t{number}" for number in range(len(depths))]
    return pd.DataFrame({"trial_id": names, "accuracy": accuracies, "mean_depth": depths})


def test_trials_far_from_the_target_do_not_squeeze_the_picture(figure):
    low, high = figure.quality_range
    assert 0.75 < low < 0.85
    assert 0.9 < high <= 1.01


def test_picture_shows_the_selected_star_where_it_belongs(figure, tmp_path):
    draw_png(figure, tmp_path / "front.png")
    picture = np.asarray(Image.open(tmp_path / "front.png").convert("RGB")).astype(int)
    assert picture.shape[:2] == (990, 1500)
    red = np.argwhere(np.abs(picture - [0xD1, 0x49, 0x5B]).sum(axis=2) < 20)
    in_plot = red[red[:, 0] < 800]
    share = (in_plot[:, 1].mean() - 90) / (1490 - 90)
    assert share == pytest.approx((1.5 - 0.95) / 2.1, abs=0.05)


def test_where_nothing_is_feasible_the_curve_below_the_target_is_shown(figure, tmp_path):
    missed = replace(
        figure, target=0.98, is_feasible=False, front=Front(figure.front.points[-1:]), selected=(2.0, 0.9), oracle=None
    )
    low, high = missed.quality_range
    assert low < 0.9 - 4 * 0.08 + 0.001
    assert high > 0.98
    assert missed.objective_range == pytest.approx((0.95, 3.05))
    assert missed.target_name == "target 0.98, missed by 0.0800"
    assert missed.landmarks[-1].name == "nearest policy"
    draw_png(missed, tmp_path / "front.png")
    picture = np.asarray(Image.open(tmp_path / "front.png").convert("RGB")).astype(int)[:800]
    ladder = np.argwhere(np.abs(picture - [0xED, 0xAE, 0x49]).sum(axis=2) < 20)
    assert np.ptp(ladder[:, 1]) > 0.9 * (1490 - 90) * 2.0 / 2.1


@pytest.mark.parametrize(
    ("accuracies", "depths", "name", "symbol"),
    [
        ([0.86, 0.87, 0.3], [1.3, 1.5, 1.0], "trials, quick policy (1 below)", "o"),
        ([0.86, 0.86, 0.8602], [1.2, 1.5, 1.9], "trials: depth 1.20 to 1.90 at accuracy 0.860", "|"),
        ([0.86, 0.87, 0.89], [1.5, 1.5, 1.5], "trials: accuracy 0.860 to 0.890 at depth 1.50", "_"),
        ([0.86, 0.86, 0.3], [1.5, 1.5, 1.5], "trials: depth 1.50 at accuracy 0.860 (1 below)", "|"),
        ([0.86], [1.5], "trials, quick policy", "o"),
        ([], [], "trials, quick policy", "o"),
    ],
)
def test_trials_in_a_row_are_ticks_and_their_name_says_what_differs(figure, accuracies, depths, name, symbol):
    shown = replace(figure, trials=trials(accuracies, depths))
    assert (shown.trials_name, shown.trials_symbol[0]) == (name, symbol)


def test_points_in_a_heap_have_an_axis_of_their_own_and_the_full_network_is_named(figure):
    heap = [(0.86, 1.0), (0.88, 1.05), (0.9, 1.1)]
    near = replace(
        figure,
        front=front_of(heap, policies=figure.front.policies),
        trials=trials([0.86, 0.87], [1.0, 1.0]),
        selected=(1.05, 0.88),
        greedy=(1.08, 0.85),
        oracle=1.0,
    )
    low, high = near.objective_range
    assert 0.9 < low < 1.0
    assert 1.1 < high < 1.3
    assert "full network (at depth 3: 0.9000)" in [point.name for point in near.landmarks]
    assert replace(near, trials=trials([0.86], [2.5])).objective_range == pytest.approx((0.95, 3.05))


def test_axes_are_named_after_the_goal(figure, tmp_path):
    names = {"accuracy": "macro_f1", "mean_depth": "mean_cost"}
    frames = {name: getattr(figure, name).rename(columns=names) for name in ("trials", "shared", "baselines")}
    points = [(point.figures["accuracy"], point.figures["mean_depth"]) for point in figure.front]
    front = front_of(points, names=("macro_f1", "mean_cost"), policies=figure.front.policies)
    axes = {"objective_axis": "mean cost (1 = full network)", "short_objective_name": "cost"}
    other = replace(figure, quality="macro_f1", objective="mean_cost", oracle=None, front=front, **axes, **frames)
    assert other.quality_name == "macro-F1"
    draw_png(other, tmp_path / "front.png")
    draw_html(other, tmp_path / "front.html")
    page = (tmp_path / "front.html").read_text()
    assert "macro-F1 %{y:.4f}" in page
    assert '"text":"mean cost (1 = full network)"' in page
    assert "mean depth" not in page


def test_page_holds_every_series_and_needs_no_network(figure, tmp_path):
    draw_html(figure, tmp_path / "front.html")
    page = (tmp_path / "front.html").read_text()
    names = set(re.findall(r'"name":"([^"]+)"', page))
    assert names >= {
        "front of all policies",
        "trials, quick policy (1 below)",
        "one shared threshold, all values",
        "best shared threshold",
        "full network",
        "oracle at target",
        "selected policy",
        "baseline trials",
    }
    assert "study: full network" in page
    assert not re.search(r"<script[^>]+src=", page)
    assert json.dumps("made up") in page
    assert "closed" in page


def test_a_control_has_its_own_marker_and_is_named_where_it_lies_below(figure, tmp_path):
    shown = replace(figure, control=(1.45, 0.87))
    assert (shown.landmarks[-1].name, shown.landmarks[-1].objective) == ("static control, at its cost", 1.45)
    draw_png(shown, tmp_path / "front.png")
    picture = np.asarray(Image.open(tmp_path / "front.png").convert("RGB")).astype(int)[:800]
    teal = np.argwhere(np.abs(picture - [0x0B, 0x7A, 0x75]).sum(axis=2) < 20)
    assert (teal[:, 1].mean() - 90) / (1490 - 90) == pytest.approx((1.45 - 0.95) / 2.1, abs=0.05)
    draw_html(shown, tmp_path / "front.html")
    assert '"name":"static control, at its cost"' in (tmp_path / "front.html").read_text()
    below = replace(figure, control=(1.45, 0.5))
    assert below.landmarks[-1].name == "static control, at its cost (below: 0.5000)"
    assert below.quality_range == figure.quality_range
    assert replace(figure, control=(1.45, 0.99)).quality_range[1] > 0.99


def test_figures_without_oracle_and_baselines_can_be_drawn(figure, tmp_path):
    without = replace(figure, oracle=None, baselines=figure.baselines.head(0))
    draw_png(without, tmp_path / "front.png")
    draw_html(without, tmp_path / "front.html")
    page = (tmp_path / "front.html").read_text()
    assert "oracle at target" not in page
    assert "baseline trials" not in page


@pytest.mark.server
def test_page_draws_itself_in_a_browser(figure, tmp_path):
    draw_html(figure, tmp_path / "front.html")
    with open_page(tmp_path / "front.html") as page:
        page.locator(".trace.scatter").nth(7).wait_for(state="attached")
        assert page.locator(".trace.scatter").count() == 8
