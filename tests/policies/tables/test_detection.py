"""A detector's exit table: its contract, and what is read from files."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.errors import ExitTableError, ExitTableWarning
from policies.tables.base import ASSUMED
from policies.tables.boxes import CORNERS, CROWD, LABEL, NO_BOX, SCORE, no_boxes
from policies.tables.detection import OPERATING_SCORE, DetectionTable
from tests.detection_tables import make_detection_table


TABLE = make_detection_table(70)


def given(**changes):
    """The arrays of a table, as someone hands them over."""
    arrays = {**TABLE.arrays(), "meta": dict(TABLE.meta), **changes}
    return {key: values for key, values in arrays.items() if values is not None}


def boxes_with(change):
    boxes = TABLE.boxes.copy()
    change(boxes)
    return boxes


def test_round_trip(tmp_path):
    TABLE.save(tmp_path / "table.npz")
    again = DetectionTable.load(tmp_path / "table.npz")
    np.testing.assert_array_equal(again.boxes, TABLE.boxes)
    np.testing.assert_array_equal(again.objects, TABLE.objects)
    assert again.meta == TABLE.meta and again.n_classes == 3
    assert again.split_hash == TABLE.split_hash


def test_the_operating_score_is_what_the_facts_state():
    assert TABLE.truth.operating_score == OPERATING_SCORE
    stated = replace(TABLE, meta={**TABLE.meta, "operating_score": 0.7})
    assert stated.truth.operating_score == stated.truth.take(slice(0, 3)).operating_score == 0.7


def test_lists_of_other_types_are_cast_and_said():
    arrays = given(scores=TABLE.arrays()["scores"].astype(float).tolist(), object_crowd=None, ids=None, cost=None)
    arrays["meta"] = json.dumps(arrays["meta"])
    with pytest.warns(ExitTableWarning) as told:
        table = DetectionTable.of(arrays)
    message = str(told[0].message)
    for clause in ("'scores' is cast from float64 to float32", "no 'cost' is given", "no 'ids' are given"):
        assert clause in message
    np.testing.assert_array_equal(table.boxes, TABLE.boxes)
    assert not table.objects[..., CROWD].any()
    assert table.meta[ASSUMED] == ["cost", "ids"]


def test_boxes_are_sorted_and_rows_without_a_box_come_last():
    turned = {key: TABLE.arrays()[key][:, :, ::-1] for key in ("boxes", "scores", "labels")}
    of_objects = {key: TABLE.arrays()[key][:, ::-1] for key in ("object_boxes", "object_labels", "object_crowd")}
    with pytest.warns(ExitTableWarning, match="the boxes of 70 images are sorted, the surest first"):
        table = DetectionTable.of(given(**turned, **of_objects))
    np.testing.assert_array_equal(table.boxes, TABLE.boxes)
    assert sorted(table.objects.reshape(-1, 6).tolist()) == sorted(TABLE.objects.reshape(-1, 6).tolist())


def test_what_fills_up_is_not_looked_at():
    arrays = TABLE.arrays()
    empty = arrays["labels"] == NO_BOX
    scores, corners = arrays["scores"].copy(), arrays["boxes"].copy()
    scores[empty], corners[empty] = np.nan, 640
    np.testing.assert_array_equal(DetectionTable.of(given(scores=scores, boxes=corners)).boxes, TABLE.boxes)


def some(array, value, at=(3, 1, 0)):
    changed = array.copy()
    changed[at] = value
    return changed


ARRAYS = TABLE.arrays()
FIRST = tuple(int(one[0]) for one in np.nonzero(ARRAYS["labels"] >= 0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boxes": ARRAYS["boxes"] * 320}, "'boxes' must be shares .* they look like pixels: divide by"),
        ({"object_boxes": ARRAYS["object_boxes"] * 320}, "'object_boxes' must be shares .* pixels"),
        ({"boxes": some(ARRAYS["boxes"], np.nan, FIRST)}, "'boxes' must be finite but row 0"),
        ({"boxes": some(ARRAYS["boxes"], (0.5, 0.5, 0.1, 0.9), FIRST)}, "left <= right and top <= bottom but row 0"),
        ({"scores": ARRAYS["scores"] * 100}, r"'scores' must lie in \[0, 1\] but row 0"),
        ({"scores": some(ARRAYS["scores"], np.nan, FIRST)}, "'(boxes|scores)' must"),
        ({"labels": ARRAYS["labels"] + (ARRAYS["labels"] >= 0)}, "'labels' must lie in 0..2, .* they count from 1"),
        ({"object_labels": ARRAYS["object_labels"] + 5}, "'object_labels' must lie in 0..2"),
        ({"labels": ARRAYS["labels"] + 0.5}, "'labels' must be whole class numbers"),
        ({"labels": ARRAYS["labels"][:, :, :3]}, r"'labels' must have shape \(70, 3, 20\) to match 'boxes'"),
        ({"boxes": TABLE.boxes}, "class and score have keys of their own"),
        ({"object_boxes": ARRAYS["object_boxes"][0]}, r"'object_boxes' must have shape \(N, M, 4\)"),
        ({"object_crowd": ARRAYS["object_crowd"] + 3}, "'object_crowd' must be true or false"),
        ({name: ARRAYS[name][:9] for name in ("object_boxes", "object_labels", "object_crowd")}, "the 70 images"),
        ({"scores": None}, "the key 'scores' is needed"),
        ({"logits": ARRAYS["scores"]}, "unknown key 'logits'"),
        ({"meta": {}}, "meta's 'class_names' is needed"),
        ({"meta": {"class_names": []}}, "at least one class"),
        ({"meta": {"class_names": "abc"}}, "'class_names' must be a list of names"),
        ({"meta": {"class_names": ["a", "b", "a"]}}, "'class_names' must be names of their own but 'a' is there twice"),
        ({"meta": {**TABLE.meta, "operating_score": 3}}, r"'operating_score' must lie in \[0, 1\]"),
        ({"cost": np.array([0.2, 0.1, 1.0])}, "'cost' must increase"),
        ({"cost": np.array([0.5, 1.0])}, r"'cost' must have shape \(3,\) to match 'boxes'"),
        ({"ids": np.array(["a"] * 70)}, "'ids' must be unique"),
        ({"groups": np.array(["a"] * 7)}, "'groups' must have shape"),
        ({"boxes": [[[1, 2]], [[1]]]}, "its rows differ in shape"),
        ({"boxes": np.array(["a"])}, "'boxes' must be numbers"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, message):
    with pytest.raises(ExitTableError, match=message) as error:
        DetectionTable.of(given(**changes))
    assert str(error.value).startswith("the exit table: ") and "\n" not in str(error.value)


def test_widths_and_heights_are_told_from_corners():
    def sizes(corners):
        return np.concatenate([corners[..., :2], corners[..., 2:] - corners[..., :2]], axis=-1)

    arrays = TABLE.arrays()
    with pytest.raises(ExitTableError, match="look like left, top, width, height"):
        DetectionTable.of(given(boxes=sizes(arrays["boxes"]), object_boxes=sizes(arrays["object_boxes"])))


def test_everything_wrong_is_told_at_once():
    with pytest.raises(ExitTableError) as error:
        DetectionTable.of(given(scores=ARRAYS["scores"] - 2, labels=ARRAYS["labels"] + 9, ids=np.array(["a"] * 70)))
    for clause in ("'scores' must", "'labels' must", "'ids' must"):
        assert clause in str(error.value)


def swap(boxes):
    boxes[FIRST[0], FIRST[1], [0, 1]] = boxes[FIRST[0], FIRST[1], [1, 0]]


def pad_first(boxes):
    boxes[FIRST[0], FIRST[1], 0] = no_boxes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boxes": boxes_with(pad_first)}, "'boxes' must have rows without a box last"),
        ({"boxes": boxes_with(swap)}, "sorted by score, the surest first"),
        ({"boxes": TABLE.boxes.astype(np.float64)}, "'boxes' must be float32 but is float64"),
        ({"boxes": TABLE.boxes[..., :5]}, r"'boxes' must have shape \(N, E, D, 6\)"),
        ({"objects": TABLE.objects[:5]}, "'objects' must hold the 70 images of 'boxes' but holds 5"),
        ({"boxes": no_boxes(70, 3, 0)}, "at least one image, exit and row"),
        ({"objects": np.where(np.arange(6) == CROWD, 2, TABLE.objects).astype(np.float32)}, "must be 0 or 1"),
        ({"meta": {}}, "'class_names' is needed"),
    ],
)
def test_the_constructor_changes_nothing_and_refuses(changes, message):
    with pytest.raises(ExitTableError, match=message):
        replace(TABLE, **changes)


def test_what_is_doubtful_is_said():
    alike = TABLE.arrays()
    for key in ("boxes", "scores", "labels"):
        alike[key] = np.repeat(alike[key][:, :1], 3, axis=1)
    for changes, message in [
        (alike, "the boxes at depth 1 and 2 are the same; the boxes at depth 2 and 3"),
        ({"object_labels": np.full_like(ARRAYS["object_labels"], NO_BOX)}, "no object in any of the 70 images"),
        ({"labels": np.full_like(ARRAYS["labels"], NO_BOX)}, "nothing is found in any image at depth 1, 2, 3"),
        ({"meta": {"class_names": ["a", "b", "c", "never"]}}, "1 of 4 classes, such as 'never', have no object"),
    ]:
        with pytest.warns(ExitTableWarning, match=message):
            DetectionTable.of(given(**changes))


def test_a_table_without_objects_has_room_for_none():
    table = replace(TABLE, objects=no_boxes(70, 0))
    assert table.truth.n_samples == 70
    assert table.take(np.array([1, 2])).objects.shape == (2, 0, 6)


def test_outputs_are_the_boxes_of_an_exit():
    assert TABLE.outputs.at(1).shape == (70, 20, 6)
    assert TABLE.outputs.take(slice(0, 5)).n_samples == 5
    assert TABLE.outputs.row_size == 120
    assert (TABLE.boxes[..., LABEL] < 3).all() and TABLE.boxes[..., SCORE].max() <= 1
    assert TABLE.boxes[..., CORNERS].max() <= 1
