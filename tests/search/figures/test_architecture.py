"""The picture of an architecture: a row for each edge, read at any size."""

from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
import numpy as np
from PIL import Image
import pytest

from search.figures.architecture import architecture_figure, draw_architecture
from tests.trainables.models.architectures import made_up_report, random_report


def cells(axes):
    """What is written in them, row by row."""
    written = {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in axes.texts}
    shape = tuple(1 + max(place[side] for place in written) for side in (0, 1))
    return np.array([[float(written[row, column]) for column in range(shape[1])] for row in range(shape[0])])


@pytest.mark.parametrize("n_edges", [1, 4, 10, 43])
def test_every_edge_has_a_row_of_the_same_height(n_edges):
    report = random_report(n_edges=n_edges)
    figure = architecture_figure(report, title="made up")
    figure.canvas.draw()
    means, spreads = figure.axes
    for axes, shown in ((means, report.mean), (spreads, report.sd)):
        assert [label.get_text() for label in axes.get_yticklabels()] == list(report.edges)
        assert [label.get_text() for label in axes.get_xticklabels()] == ["convolution", "average\npool", "identity"]
        np.testing.assert_allclose(cells(axes), shown, atol=0.0051)
        height = axes.get_window_extent().height / figure.dpi / n_edges
        assert height > 0.15  # inches, twice that of the letters in it


def test_frames_are_at_the_largest_mean_and_dots_at_the_largest_of_alpha():
    report = made_up_report([[0.0, 1.0, 2.0], [1.0, 0.0, 0.0]], [[[0.0, 9.0, 0.0], [0.0, 0.0, 0.0]]])
    means, _ = architecture_figure(report, title="made up").axes
    frames = sorted((patch.get_y(), patch.get_x()) for patch in means.patches if isinstance(patch, Rectangle))
    assert [(round(y + 0.44), round(x + 0.48)) for y, x in frames] == [(0, 1), (1, 0)]
    assert [(line.get_ydata()[0], np.floor(line.get_xdata()[0])) for line in means.lines] == [(0, 2), (1, 0)]


def test_other_choices_stand_beside_the_spread():
    report = made_up_report([[0.0, 1.0, 0.0]], [[[9.0, 0.0, 0.0]], [[0.0] * 3], [[0.0] * 3], [[0.0] * 3]])
    figure = architecture_figure(report, title="made up")
    (beside,) = figure.axes[1].child_axes
    assert [label.get_text() for label in beside.get_yticklabels()] == ["25%"]


def test_a_fixed_architecture_has_one_panel():
    assert len(architecture_figure(made_up_report([[0.0, 1.0, 2.0]]), title="made up").axes) == 1


def test_what_hardly_varies_is_pale():
    figure = architecture_figure(random_report(spread=1e-3), title="made up")
    image = figure.axes[1].images[0]
    assert min(min(to_rgb(colour)) for colour in image.to_rgba(image.get_array()).reshape(-1, 4)[:, :3]) > 0.8


@pytest.mark.parametrize("spread", [1e-3, 3.0])
def test_letters_are_read_on_every_colour(spread):
    """Black on each: contrast of at least 4.5, as WCAG 2.1 asks of small text."""
    for axes in architecture_figure(random_report(spread=spread), title="made up").axes:
        image = axes.images[0]
        colours = image.cmap(np.linspace(0, 1, 50))[:, :3]
        linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
        luminance = linear @ [0.2126, 0.7152, 0.0722]
        assert (luminance + 0.05).min() / 0.05 >= 4.5


@pytest.mark.parametrize("is_adaptive", [True, False])
def test_a_long_title_is_whole(tmp_path, is_adaptive):
    report = random_report() if is_adaptive else made_up_report(np.zeros((3, 3)))
    draw_architecture(report, tmp_path / "picture.png", title="a-name-that-nobody-would-type-twice" * 4)
    picture = np.asarray(Image.open(tmp_path / "picture.png").convert("L"))
    assert (picture[:, [0, 1, -2, -1]] == 255).all()


def test_the_picture_is_made_without_a_display_or_global_state(tmp_path):
    import matplotlib.pyplot as plt

    draw_architecture(random_report(), tmp_path / "picture.png", title="made up")
    assert plt.get_fignums() == []
