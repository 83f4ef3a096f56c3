import math

import numpy as np
from PIL import Image
import pytest

from policies.monitoring.verdicts import WealthHistory
from search.figures.wealth import draw_wealth, wealth_figure


def history(log_wealth, log_detector=None):
    return WealthHistory("sample", np.asarray(log_wealth), math.log(20), log_detector, math.log(1000))


def test_panels_show_the_capital_the_threshold_and_the_first_alarm():
    figure = wealth_figure(history(np.log([1.5, 30.0, 10.0, 40.0]), np.log([1.0, 2.0, 3.0, 4.0])), title="made up")
    test, detector = figure.axes
    line, threshold, alarm = test.lines
    np.testing.assert_allclose(line.get_ydata(), [1.5, 30.0, 10.0, 40.0])
    assert threshold.get_ydata()[0] == pytest.approx(20)
    assert alarm.get_xdata()[0] == 2
    assert len(detector.lines) == 2
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}


def test_without_a_detector_there_is_one_panel():
    assert len(wealth_figure(history([0.0]), title="made up").axes) == 1


def test_what_no_axis_holds_is_drawn_at_its_end(tmp_path):
    never = np.full(3, -np.inf)
    figure = wealth_figure(history([-1e5, 0.0, 1e5], never), title="made up")
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [1e-4, 1.0, 1e12])
    path = tmp_path / "wealth.png"
    draw_wealth(history([-1e5, 0.0, 1e5], never), path, title="made up")
    with Image.open(path) as picture:
        assert picture.width > picture.height > 400
