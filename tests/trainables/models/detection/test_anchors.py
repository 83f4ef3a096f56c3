"""Anchors: where they are, and that they are fitted to what there is."""

import math

import numpy as np
import pytest

from policies.tables.boxes import no_boxes
from tests.trainables.models.detection.drawn_boxes import drawn_boxes, iou
from trainables.errors import TrainingError
from trainables.models.detection.anchors import AnchorGrids, default_anchors, fit_anchors, matched_share


GRIDS = AnchorGrids(((24, 20), (12, 10), (6, 5), (3, 3)), (4, 3, 2, 1))


def blood_cells(rng, n_images=40):
    """Boxes of the sizes of red and white cells and platelets."""
    boxes = no_boxes(n_images, 14)
    kinds = np.array([(0.16, 0.21)] * 11 + [(0.35, 0.45)] + [(0.06, 0.08)] * 2)
    for image in boxes:
        size = kinds * rng.uniform(0.85, 1.15, (len(kinds), 2))
        corner = rng.uniform(0, 1 - size)
        image[:, :2], image[:, 2:4], image[:, 4:] = corner, corner + size, 0
    return boxes


def test_they_lie_around_cells_grid_by_grid():
    anchors = default_anchors(GRIDS)
    assert anchors.shape == (GRIDS.n_anchors, 4)
    assert GRIDS.n_anchors == 24 * 20 * 4 + 12 * 10 * 3 + 6 * 5 * 2 + 9
    first = anchors[4 * 20 + 4 : 4 * 20 + 8]  # the second cell of the second row
    np.testing.assert_allclose((first[:, :2] + first[:, 2:]) / 2, [[1.5 / 20, 1.5 / 24]] * 4, rtol=1e-5)
    # The first shape is a square of four cells, in cells.
    np.testing.assert_allclose((first[0, 2:] - first[0, :2]) * [20, 24], [4, 4], rtol=1e-5)
    assert ((anchors[:, 2:] - anchors[:, :2]) > 0).all()


def test_fitted_ones_match_what_default_ones_miss():
    cells = blood_cells(np.random.default_rng(0))
    fitted = fit_anchors(cells, GRIDS)
    assert matched_share(fitted, cells) > 0.9 > matched_share(default_anchors(GRIDS), cells)
    np.testing.assert_array_equal(fitted, fit_anchors(cells.copy(), GRIDS))
    assert fitted.shape == (GRIDS.n_anchors, 4)
    assert fitted.dtype == np.float32


def test_crowds_and_boxes_without_area_do_not_count():
    cells = blood_cells(np.random.default_rng(1), 5)
    more = np.concatenate([cells, no_boxes(5, 3)], axis=1)
    more[:, -3] = (0.0, 0.0, 1.0, 1.0, 0, 1)
    more[:, -2] = (0.5, 0.5, 0.5, 0.9, 0, 0)
    np.testing.assert_array_equal(fit_anchors(more, GRIDS), fit_anchors(cells, GRIDS))
    anchors = default_anchors(GRIDS)
    assert matched_share(anchors, more) == matched_share(anchors, cells)


def test_without_objects_they_are_the_default_ones():
    np.testing.assert_allclose(fit_anchors(no_boxes(3, 2), GRIDS), default_anchors(GRIDS))
    assert math.isnan(matched_share(default_anchors(GRIDS), no_boxes(3, 2)))


def test_few_different_objects_are_taken_as_they_are():
    boxes = no_boxes(4, 1)
    boxes[:, 0] = (0.4, 0.4, 0.55, 0.6, 0, 0)
    # A side of .17 is nearer to 2.5 cells of the second grid, .23, than to those of the first, .11.
    n_before = 24 * 20 * GRIDS.n_per_cell[0]
    shapes = fit_anchors(boxes, GRIDS)[n_before : n_before + GRIDS.n_per_cell[1]]
    sizes = shapes[:, 2:] - shapes[:, :2]
    assert np.isclose(sizes, [0.15, 0.2], atol=1e-6).all(axis=1).any()


def test_share_is_that_of_a_plain_loop_and_0_where_nothing_matches():
    rng = np.random.default_rng(2)
    objects, anchors = drawn_boxes(rng, 6, 5), default_anchors(GRIDS)
    own = [box for image in objects for box in image if box[4] >= 0]
    expected = np.mean([max(iou(box, anchor) for anchor in anchors) >= 0.5 for box in own])
    assert matched_share(anchors, objects) == pytest.approx(expected)
    tiny = anchors * 1e-3
    assert matched_share(tiny, objects) == 0.0


@pytest.mark.parametrize(("per_cell", "text"), [((1, 2), "each of the 4 grids"), ((0, 1, 1, 1), "from 1 to 6")])
def test_numbers_that_do_not_fit_are_refused(per_cell, text):
    with pytest.raises(TrainingError, match=text):
        AnchorGrids(GRIDS.sizes, per_cell)
