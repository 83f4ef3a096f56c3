import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
from PIL import Image
import pytest

from policies.ladder import shared_threshold_ladder
from policies.policy import Policy
from policies.rules import get_rule
from search.figures import FrontFigure, draw_html, draw_png
from tests.tables import make_table


@pytest.fixture
def figure():
    table = make_table(300)
    view = get_rule("confidence").view(table, np.ones(3))
    policies = [Policy("confidence", (tau, np.inf), (1.0, 1.0, 1.0)) for tau in (0.6, 0.8, 0.9)]
    front = pd.DataFrame(
        {
            "accuracy": [0.86, 0.88, 0.9],
            "mean_depth": [1.2, 1.5, 2.0],
            "network": "t1",
            "rule": "confidence",
            "certified": [False, True, True],
            "selected": [False, True, False],
            "policy": policies,
        }
    )
    return FrontFigure(
        title="made up",
        target=0.85,
        n_exits=3,
        front=front,
        trials=pd.DataFrame({"trial_id": ["t1", "t2"], "accuracy": [0.86, 0.3], "mean_depth": [1.3, 1.0]}),
        ladder=shared_threshold_ladder(view, view.answers == table.labels[:, None]),
        selected=(1.5, 0.88),
        greedy=(1.4, 0.85),
        full=(3.0, 0.9),
        oracle=1.1,
        baselines=pd.DataFrame({"name": ["study: full network"], "mean_depth": [3.0], "accuracy": [0.87]}),
    )


def test_hopeless_trials_do_not_squeeze_the_picture(figure):
    low, high = figure.accuracy_range
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


def test_page_holds_every_series_and_needs_no_network(figure, tmp_path):
    draw_html(figure, tmp_path / "front.html")
    page = (tmp_path / "front.html").read_text()
    names = set(re.findall(r'"name":"([^"]+)"', page))
    assert names >= {
        "front of all policies",
        "trials, quick policy (1 below)",
        "one shared threshold, all values",
        "greedy shared threshold",
        "full network",
        "oracle at target",
        "selected policy",
        "baseline trials",
    }
    assert "study: full network" in page
    assert not re.search(r"<script[^>]+src=", page)
    assert json.dumps("made up") in page
    assert "closed" in page


def test_figures_without_oracle_and_baselines_can_be_drawn(figure, tmp_path):
    without = FrontFigure(**{**figure.__dict__, "oracle": None, "baselines": figure.baselines.head(0)})
    draw_png(without, tmp_path / "front.png")
    draw_html(without, tmp_path / "front.html")
    page = (tmp_path / "front.html").read_text()
    assert "oracle at target" not in page
    assert "baseline trials" not in page


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_page_draws_itself_in_a_browser(figure, tmp_path):
    draw_html(figure, tmp_path / "front.html")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    flags += " --virtual-time-budget=10000"
    page = (tmp_path / "front.html").as_uri()
    done = subprocess.run(
        ["chromium", *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    drawn = re.findall(r'class="trace scatter', done.stdout)
    assert len(drawn) == 8
