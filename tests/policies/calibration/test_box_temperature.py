"""Temperatures of detectors' scores."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from policies.calibration.box_temperature import fit_box_temperatures, tempered_boxes, tempered_scores
from policies.calibration.temperature import TEMPERATURE_BOUNDS, CalibrationError, CalibrationWarning
from policies.tables.boxes import LABEL, NO_BOX, SCORE, no_boxes
from policies.tables.detection import DetectionTable
from tests.detection_tables import make_detection_table


def detector(temperatures, n_images=4000, seed=0):
    """One object and one box an image, which is the object as often as its score says if divided by the temperature."""
    rng = np.random.default_rng(seed)
    corners = np.array([0.1, 0.1, 0.5, 0.5], dtype=np.float32)
    objects, boxes = no_boxes(n_images, 1), no_boxes(n_images, len(temperatures), 1)
    objects[:, 0, :4], objects[:, 0, LABEL] = corners, 0
    for k, temperature in enumerate(temperatures):
        logits = rng.normal(scale=2, size=n_images)
        is_object = rng.random(n_images) < expit(logits)
        boxes[:, k, 0, :4] = np.where(is_object[:, None], corners, corners + 0.4)
        boxes[:, k, 0, LABEL], boxes[:, k, 0, SCORE] = 0, expit(logits * temperature)
    return DetectionTable(
        boxes=boxes,
        objects=objects,
        cost=np.linspace(1 / len(temperatures), 1, len(temperatures)),
        ids=np.array([str(i) for i in range(n_images)]),
        meta={"class_names": ["one"]},
    )


def test_the_temperature_that_scores_were_made_with_is_found():
    np.testing.assert_allclose(fit_box_temperatures(detector([0.5, 1.0, 2.5])), [0.5, 1.0, 2.5], rtol=0.1)
    assert fit_box_temperatures(detector([0.9, 1.1]), "grid").tolist() == [0.9, 1.1]


def test_it_is_clamped_on_both_sides_and_said():
    with pytest.warns(CalibrationWarning, match=r"of depth \d is clamped at .*; its scores are not calibrated") as told:
        found = fit_box_temperatures(detector([0.1, 20.0]))
    assert found.tolist() == [*TEMPERATURE_BOUNDS]
    assert len(told) == 2


def test_exits_that_find_nothing_have_one():
    table = detector([0.5, 1.0])
    boxes = table.boxes.copy()
    boxes[:, 0] = no_boxes()
    assert fit_box_temperatures(replace(table, boxes=boxes))[0] == 1.0


def test_boxes_that_are_matched_to_crowds_do_not_count():
    table = detector([0.5])
    objects = np.concatenate([table.objects, table.objects], axis=1)
    objects[:, 1, :4], objects[:, 1, 5] = objects[:, 1, :4] + np.float32(0.4), 1
    is_object = table.boxes[:, 0, 0, 0] == table.objects[:, 0, 0]
    hits = table.take(np.flatnonzero(is_object))
    assert fit_box_temperatures(replace(table, objects=objects)) == fit_box_temperatures(hits)
    assert fit_box_temperatures(hits) != fit_box_temperatures(table)


def test_unknown_methods_are_refused():
    with pytest.raises(CalibrationError, match="method must be one of lbfgs, grid but is 'guess'"):
        fit_box_temperatures(detector([1.0], 10), "guess")


def test_scores_keep_their_order_and_what_fills_up_stays():
    scores = np.array([0.0, 1e-9, 0.2, 0.5, 0.7, 1.0])
    for temperature in (0.25, 1.0, 5.0):
        changed = tempered_scores(scores, temperature)
        assert (np.diff(changed) >= 0).all() and changed.min() >= 0 and changed.max() <= 1
        np.testing.assert_allclose(changed[2:5], expit(logit(scores[2:5]) / temperature))
    boxes = make_detection_table(5).boxes[:, 0]
    changed = tempered_boxes(boxes, 2.0)
    is_none = boxes[..., LABEL] == NO_BOX
    np.testing.assert_array_equal(changed[is_none], boxes[is_none])
    np.testing.assert_array_equal(changed[..., :5], boxes[..., :5])
    assert changed.dtype == np.float32
