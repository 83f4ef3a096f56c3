import numpy as np
from PIL import Image
import pytest

from policies.calibration.reliability import exit_calibration_errors, reliability_curves
from policies.tables.classification import ClassificationTable
from search.figures.reliability import draw_reliability, reliability_figure
from tests.tables import make_table


ORANGE, BLUE = (0xED, 0xAE, 0x49), (0x1F, 0x5F, 0xA8)


def draw(path, table, temperatures):
    draw_reliability(reliability_curves(table, np.asarray(temperatures)), path, title="made up")
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def places(picture, colour):
    """Rows and columns of the pixels in one colour, the legend below left out."""
    near = np.abs(picture - colour).sum(axis=2) < 12
    return np.argwhere(near[: int(0.85 * len(near))])


def certain_but_half_wrong(n_samples=40):
    """One exit, confidence 0.95 and accuracy 0.5."""
    logits = np.tile(np.float32(np.log([0.95, 0.05])), (n_samples, 1))[:, None]
    ids = np.array([f"s{i}" for i in range(n_samples)])
    return ClassificationTable(logits, np.arange(n_samples) % 2, cost=np.ones(1), ids=ids)


@pytest.mark.parametrize("n_exits", [1, 3, 5])
def test_one_panel_per_exit_and_no_empty_ones(n_exits):
    curves = reliability_curves(make_table(100, n_exits), np.ones(n_exits))
    panels = [axes for axes in reliability_figure(curves, title="made up").axes if axes.get_visible()]
    assert [axes.get_title().split(",")[0] for axes in panels] == [f"depth {k + 1}" for k in range(n_exits)]


def test_panels_tell_temperature_and_both_errors():
    table, temperatures = make_table(100), np.array([2.0, 1.0, 0.5])
    figure = reliability_figure(reliability_curves(table, temperatures), title="made up")
    before, after = exit_calibration_errors(table, np.ones(3)), exit_calibration_errors(table, temperatures)
    for k, axes in enumerate(figure.axes):
        expected = f"temperature {temperatures[k]:.2f}\nECE {before[k]:.3f} before, {after[k]:.3f} after"
        assert axes.get_title() == f"depth {k + 1}, {expected}"


def test_overconfidence_lies_under_the_diagonal_and_its_temperature_moves_it_there(tmp_path):
    """Confidence 0.95 before, 0.5 with a huge temperature: right and middle, both at accuracy 0.5."""
    picture = draw(tmp_path / "reliability.png", certain_but_half_wrong(), [1e6])
    before, after = places(picture, ORANGE).mean(axis=0), places(picture, BLUE).mean(axis=0)
    assert before[1] > after[1] + 100
    assert before[0] == pytest.approx(after[0], abs=8)


def test_the_picture_is_made_without_a_display_or_global_state(tmp_path):
    import matplotlib.pyplot as plt

    draw(tmp_path / "reliability.png", make_table(50), np.ones(3))
    assert plt.get_fignums() == []
