"""What exits and policies of detectors are told by."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.metrics.detection.figures import box_figures, exit_figures, policy_figures
from policies.metrics.detection.precisions import SIZES
from policies.policy import Decision
from policies.qualities import get_quality
from policies.tables.boxes import LABEL, no_boxes
from tests.coco_reference import coco_precisions, mean_precision
from tests.detection_tables import make_detection_table, view_of


TABLE = make_detection_table(80, seed=3)
NAMES = TABLE.meta["class_names"]


def test_precisions_are_those_of_pycocotools_by_class_and_size():
    answers = TABLE.boxes[:, 1]
    figures = box_figures(answers, TABLE.truth, NAMES)
    expected = coco_precisions(answers, TABLE.objects, 3)
    assert figures["map"] == pytest.approx(mean_precision(expected))
    assert figures["map_50"] == pytest.approx(mean_precision(expected, slice(0, 1)))
    assert figures["map_75"] == pytest.approx(mean_precision(expected, slice(5, 6)))
    for label, name in enumerate(NAMES):
        assert figures["ap_by_class"][name] == pytest.approx(expected[:, :, label].mean())
        assert figures["ap_50_by_class"][name] == pytest.approx(expected[0, :, label].mean())
    assert figures["worst_class_map_50"] == min(figures["ap_50_by_class"].values())
    for name, sizes in SIZES.items():
        of_size = coco_precisions(answers, TABLE.objects, 3, sides=(sizes.low, sizes.high))
        known = figures["map_50_by_size"][name]
        assert known is None if (of_size == -1).all() else known == pytest.approx(mean_precision(of_size, slice(0, 1)))


def test_a_class_that_never_occurs_is_none_and_counts_nowhere():
    objects = TABLE.objects.copy()
    objects[objects[..., LABEL] == 2] = no_boxes()
    objects = np.take_along_axis(objects, np.argsort(objects[..., LABEL] < 0, axis=1, kind="stable")[..., None], axis=1)
    table = replace(TABLE, objects=objects)
    figures = box_figures(table.boxes[:, 1], table.truth, NAMES)
    assert figures["ap_by_class"]["class-2"] is figures["ap_50_by_class"]["class-2"] is None
    others = [figures["ap_50_by_class"][name] for name in NAMES[:2]]
    assert figures["map_50"] == pytest.approx(np.mean(others)) and figures["worst_class_map_50"] == min(others)


def test_no_object_at_all_is_zero_and_json():
    table = replace(TABLE, objects=no_boxes(80, 0))
    figures = box_figures(table.boxes[:, 1], table.truth, NAMES)
    assert figures["map"] == figures["map_50"] == figures["worst_class_map_50"] == 0
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_figures_of_a_policy_are_its_qualities_and_what_it_loses():
    exits = np.random.default_rng(0).integers(0, 3, 80)
    figures = policy_figures(TABLE, Decision(exits, TABLE.boxes))
    full = policy_figures(TABLE, Decision(np.full(80, 2), TABLE.boxes))
    for name in ("map", "map_50", "map_75", "worst_class_map_50", "image_f1", "found_objects"):
        expected = get_quality(name).values(view_of(TABLE), TABLE.truth, exits[None])[0]
        assert figures[name] == pytest.approx(expected, abs=1e-12)
    assert figures["drops"] == {name: pytest.approx(full[name] - figures[name]) for name in figures["drops"]}
    assert set(full["drops"].values()) == {0.0}
    assert figures["mean_depth"] == exits.mean() + 1


def test_exits_get_better_and_temperatures_change_what_single_images_are_judged_by():
    figures = exit_figures(TABLE, np.ones(3))
    assert [one["depth"] for one in figures] == [1, 2, 3]
    for name in ("map", "map_50", "image_f1", "found_objects"):
        assert figures[0][name] < figures[1][name] < figures[2][name]
    flat = exit_figures(TABLE, np.full(3, 4.0))
    assert flat[0]["map"] == pytest.approx(figures[0]["map"])
    assert flat[0]["found_objects"] > figures[0]["found_objects"]
