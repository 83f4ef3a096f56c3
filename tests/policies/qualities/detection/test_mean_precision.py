"""Mean precision of mixtures against pycocotools and torchmetrics on the assembled boxes."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.matching.matches import MOST_PER_CLASS
from policies.qualities import get_quality
from policies.qualities.detection.mean_precision import COCO_OVERLAPS
from policies.qualities.detection.precision import PreparedPrecisions, SideRange
from policies.tables.boxes import LABEL, SCORE, no_boxes
from tests.coco_reference import coco_precisions, mean_precision, torchmetrics_figures
from tests.detection_tables import awkward_detection_tables, make_detection_table, view_of


OVERLAPS = {"map": slice(None), "map_50": slice(0, 1), "map_75": slice(5, 6)}


def mixtures(table, n_policies=4, seed=0):
    return np.random.default_rng(seed).integers(0, table.n_exits, (n_policies, table.n_samples))


def assembled(table, exits):
    return table.boxes[np.arange(table.n_samples), exits]


@settings(max_examples=60, deadline=None)
@given(awkward_detection_tables(), st.integers(0, 99))
def test_it_is_that_of_pycocotools_on_the_assembled_boxes(table, seed):
    exits = mixtures(table, 2, seed)
    expected = [coco_precisions(assembled(table, own), table.objects, table.n_classes) for own in exits]
    for name, overlaps in OVERLAPS.items():
        values = get_quality(name).values(view_of(table), table.truth, exits)
        np.testing.assert_allclose(values, [mean_precision(one, overlaps) for one in expected], atol=1e-9)
    worst = get_quality("worst_class_map_50").values(view_of(table), table.truth, exits)
    of_classes = [
        [mean_precision(one[:, :, [label]], slice(0, 1)) for label in np.flatnonzero((one > -1).any(axis=(0, 1)))]
        for one in expected
    ]
    np.testing.assert_allclose(worst, [min(own, default=0.0) for own in of_classes], atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(awkward_detection_tables(max_boxes=5), st.integers(0, 99))
def test_it_is_that_of_torchmetrics_on_the_assembled_boxes(table, seed):
    exits = mixtures(table, 1, seed)
    expected = torchmetrics_figures(assembled(table, exits[0]), table.objects)
    for name in OVERLAPS:
        value = get_quality(name).values(view_of(table), table.truth, exits)[0]
        # Where no class has an object, torchmetrics says -1.
        assert value == pytest.approx(max(float(expected[name]), 0.0), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(awkward_detection_tables(), st.sampled_from([(0.0, 0.3), (0.3, 0.5), (0.5, 1e5)]))
def test_sizes_are_those_of_pycocotools(table, sides):
    own = np.zeros((1, table.n_samples), dtype=np.int64)
    expected = coco_precisions(table.boxes[:, 0], table.objects, table.n_classes, sides=sides)
    prepared = PreparedPrecisions.of(table.boxes, table.truth, COCO_OVERLAPS, SideRange(*sides))
    found = prepared.of_policies(own)[0]
    is_there = (expected > -1).any(axis=(0, 1))
    np.testing.assert_array_equal(np.isfinite(found).all(axis=1), is_there)
    np.testing.assert_allclose(found[is_there], expected.mean(axis=1).T[is_there], atol=1e-9)


def test_a_large_mixture_is_that_of_both():
    table = make_detection_table(150, 3, 4, seed=2)
    exits = mixtures(table, 3)
    values = {name: get_quality(name).values(view_of(table), table.truth, exits) for name in OVERLAPS}
    for at, own in enumerate(exits):
        expected = coco_precisions(assembled(table, own), table.objects, table.n_classes)
        for name, overlaps in OVERLAPS.items():
            assert values[name][at] == pytest.approx(mean_precision(expected, overlaps), abs=1e-9)
    theirs = torchmetrics_figures(assembled(table, exits[0]), table.objects)
    for name in OVERLAPS:
        assert values[name][0] == pytest.approx(float(theirs[name]), abs=1e-6)
    assert (values["map"] > 0.1).all()


def test_boxes_beyond_a_hundred_of_a_class_do_not_count():
    rng = np.random.default_rng(0)
    table = make_detection_table(5, 2, 2, seed=1, n_boxes=150)
    boxes = no_boxes(5, 2, 150)
    corners = rng.uniform(0, 0.8, (5, 2, 150, 2))
    boxes[..., :2], boxes[..., 2:4] = corners, corners + 0.2
    boxes[..., LABEL] = rng.random((5, 2, 150)) < 0.1
    boxes[..., SCORE] = np.sort(rng.random((5, 2, 150)))[..., ::-1]
    # What is surely right comes last: it would count if it could.
    boxes[:, :, -6:] = table.objects[:, None]
    boxes[:, :, -6:, SCORE] = 0
    boxes[:, :, -6:, LABEL] = 0
    objects = table.objects.copy()
    objects[..., LABEL] = np.minimum(objects[..., LABEL], 0)
    many = replace(table, boxes=boxes, objects=objects)
    assert (boxes[..., LABEL] == 0).sum(axis=2).min() > MOST_PER_CLASS
    exits = mixtures(many)
    expected = [mean_precision(coco_precisions(assembled(many, own), objects, 2)) for own in exits]
    np.testing.assert_allclose(get_quality("map").values(view_of(many), many.truth, exits), expected, atol=1e-9)


def test_a_rules_own_scores_are_judged():
    table = make_detection_table(40, 2, 2, seed=4)
    answers = table.boxes.copy()
    answers[:, 0, :, SCORE] /= 10
    exits = mixtures(table, 3)
    rows = np.arange(40)
    expected = [mean_precision(coco_precisions(answers[rows, own], table.objects, 2)) for own in exits]
    values = get_quality("map").values(view_of(table, answers), table.truth, exits)
    np.testing.assert_allclose(values, expected, atol=1e-9)
    assert (values != get_quality("map").values(view_of(table), table.truth, exits)).all()


@pytest.mark.parametrize("name", [*OVERLAPS, "worst_class_map_50"])
def test_drawn_images_are_judged_as_if_they_were_images_of_their_own(name):
    table, quality = make_detection_table(30, 3, 4, seed=5), get_quality(name)
    exits, rng = mixtures(table, 3), np.random.default_rng(1)
    judge = quality.judge_drawn(view_of(table), table.truth)
    for _ in range(5):
        rows = np.sort(rng.integers(0, 30, 30))
        drawn = replace(table.take(np.arange(30)), boxes=table.boxes[rows], objects=table.objects[rows])
        expected = quality.values(view_of(drawn), drawn.truth, exits[:, rows])
        np.testing.assert_allclose(judge(exits, rows), expected, atol=1e-12)


def test_nothing_to_find_is_worth_nothing():
    table = make_detection_table(6)
    nothing = replace(table, objects=no_boxes(6, 0))
    for name in [*OVERLAPS, "worst_class_map_50"]:
        assert get_quality(name).values(view_of(nothing), nothing.truth, mixtures(nothing)).tolist() == [0.0] * 4


def test_what_is_there_is_worth_one():
    table = make_detection_table(20, 2)
    found = table.objects.copy()
    found[..., SCORE] = 1
    perfect = replace(table, boxes=np.stack([found, found], axis=1))
    for name in [*OVERLAPS, "worst_class_map_50", "image_f1", "found_objects"]:
        values = get_quality(name).values(view_of(perfect), perfect.truth, mixtures(perfect))
        np.testing.assert_allclose(values, 1.0, atol=1e-12)
