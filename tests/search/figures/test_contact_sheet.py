"""A sheet shows the boxes where they are, in the colour of their class, and a frame around the exit that was taken."""

import numpy as np
from PIL import Image, ImageColor
import pytest

from policies.tables.boxes import LABEL, SCORE, no_boxes
from search.figures.boxes import PALETTE
from search.figures.contact_sheet import SheetImage, contact_sheet, draw_contact_sheet


GREY = 120
NAMES = ("cell", "platelet", "a class with a name that is far too long for any legend")


def box(left, top, right, bottom, label, last):
    return np.array([left, top, right, bottom, label, last], dtype=np.float32)


def made_up(*, n_exits=3, channels=3, size=(64, 64), taken=1, found=(), true=(), name="image-1.jpg"):
    """An image whose boxes are found at the first exit alone."""
    boxes, objects = no_boxes(n_exits, 8), no_boxes(8)
    for place, row in enumerate(found):
        boxes[0, place] = row
    for place, row in enumerate(true):
        objects[place] = row
    return SheetImage(
        name=name,
        notes=("left at exit 2 and lost nothing",),
        pixels=np.full((channels, *size), GREY, dtype=np.uint8),
        true=objects,
        found=boxes,
        captions=tuple(f"F1 0.{k}0" for k in range(n_exits)),
        taken=taken,
    )


def drawn(*images, operating_score=0.3):
    return contact_sheet(images, class_names=NAMES, operating_score=operating_score, title="Images")


def cells(sheet):
    """Rectangles of the sheet that hold pictures: left, top, right, bottom of each connected part of their grey."""
    from scipy.ndimage import find_objects, label

    parts, _ = label((np.asarray(sheet) == GREY).all(axis=2))
    found = [part for part in find_objects(parts) if min(one.stop - one.start for one in part) > 100]
    return sorted(
        ((part[1].start, part[0].start, part[1].stop, part[0].stop) for part in found), key=lambda at: at[1::-1]
    )


def count(sheet, colour):
    return int((np.asarray(sheet) == ImageColor.getrgb(colour)).all(axis=2).sum())


def test_a_row_for_each_image_and_a_column_for_each_exit():
    sheet = drawn(made_up(), made_up(name="image-2.jpg"))
    assert len(cells(sheet)) == 6
    assert 1500 <= sheet.width <= 1600
    lefts = {left for left, *_ in cells(sheet)}
    assert len(lefts) == 3


@pytest.mark.parametrize("n_exits", [1, 2, 4, 7])
def test_any_number_of_exits_fits(n_exits):
    sheet = drawn(made_up(n_exits=n_exits, taken=0))
    assert len(cells(sheet)) == n_exits
    assert sheet.width <= 2000


def test_found_boxes_are_where_they_are_in_the_colour_of_their_class():
    sheet = drawn(made_up(found=[box(0.25, 0.5, 0.75, 0.9, 1, 0.8)]))
    left, top, right, bottom = cells(sheet)[0]
    rows, columns = np.nonzero((np.asarray(sheet) == ImageColor.getrgb(PALETTE[1])).all(axis=2))
    inside = (columns >= left) & (columns < right) & (rows >= top) & (rows < bottom)
    assert columns[inside].min() == pytest.approx(left + 0.25 * (right - left), abs=2)
    assert columns[inside].max() == pytest.approx(left + 0.75 * (right - left), abs=2)
    assert rows[inside].max() == pytest.approx(top + 0.9 * (bottom - top), abs=2)
    other = (columns >= right) & (rows >= top)
    assert not other.any(), "the other exits found nothing"


def test_boxes_below_the_operating_score_and_rows_that_are_none_are_not_drawn():
    plain = drawn(made_up())
    below = drawn(made_up(found=[box(0.1, 0.1, 0.9, 0.9, 0, 0.29)]))
    assert np.array_equal(np.asarray(plain), np.asarray(below))


def test_true_boxes_are_dashed_at_every_exit():
    plain, with_truth = drawn(made_up()), drawn(made_up(true=[box(0.2, 0.2, 0.8, 0.8, 0, 0)]))
    changed = (np.asarray(plain) != np.asarray(with_truth)).any(axis=2)
    for left, top, right, bottom in cells(plain):
        own = changed[top:bottom, left:right]
        edge = round(0.2 * (right - left))
        along = own[edge - 1 : edge + 2, edge : right - left - edge].any(axis=0)
        assert 0.3 < along.mean() < 0.7, "dashes and gaps"
        assert not own[: edge - 2].any()


@pytest.mark.parametrize("taken", [0, 2])
def test_a_frame_is_around_the_exit_that_was_taken(taken):
    sheet = drawn(made_up(taken=taken))
    for k, (left, top, _, _) in enumerate(cells(sheet)):
        assert (sheet.getpixel((left - 2, top + 40)) == ImageColor.getrgb("#111111")) == (k == taken)


@pytest.mark.parametrize("channels", [1, 3])
def test_shares_of_light_and_one_channel_are_drawn_too(channels):
    one = made_up(channels=channels)
    shares = SheetImage(**{**vars(one), "pixels": one.pixels.astype(np.float32) / 255})
    assert np.array_equal(np.asarray(drawn(one)), np.asarray(drawn(shares)))


def test_boxes_at_the_edges_and_degenerate_ones_are_drawn(tmp_path):
    rows = [box(0, 0, 1, 1, 2, 1.0), box(1, 1, 1, 1, 0, 0.9), box(0, 0, 0, 1, 1, 0.5)]
    draw_contact_sheet(
        [
            made_up(
                found=rows, true=rows, size=(40, 90), name="a-name/without/any/space/that-would-never-fit-beside.jpg"
            )
        ],
        tmp_path / "sheet.png",
        class_names=NAMES,
        operating_score=0.3,
        title="Images",
    )
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG"
        assert count(sheet.convert("RGB"), PALETTE[2]) > 500


def test_many_classes_take_further_lines_of_the_legend():
    few = drawn(made_up())
    many = contact_sheet(
        [made_up()], class_names=[f"class {c}" for c in range(80)], operating_score=0.3, title="Images"
    )
    assert many.height > few.height
    assert len(cells(many)) == 3


def test_every_row_of_boxes_has_a_class_in_range():
    """Labels beyond the palette begin anew."""
    boxes = [box(0.1, 0.1, 0.9, 0.9, len(PALETTE), 0.9)]
    assert boxes[0][LABEL] == len(PALETTE) and boxes[0][SCORE] > 0.3
    names = [f"class {c}" for c in range(len(PALETTE) + 1)]
    sheet = contact_sheet([made_up(found=boxes)], class_names=names, operating_score=0.3, title="Images")
    assert count(sheet, PALETTE[0]) > 500
