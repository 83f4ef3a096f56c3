"""What single images are judged by, against the slow obvious way."""

from hypothesis import given, settings
import numpy as np
import pytest

from policies.matching.images import ImageCounts
from policies.qualities import get_quality
from policies.tables.boxes import CROWD, LABEL, SCORE, is_box, no_boxes
from policies.tables.detection import TrueBoxes
from tests.detection_tables import awkward_detection_tables, make_detection_table, view_of


def overlap(one, other, crowd):
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    own, its = ((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / own if crowd else shared / (own + its - shared)


def counted(found, true, score):
    """Hits, false alarms and missed objects of one image."""
    found = found[is_box(found) & (found[:, SCORE] >= np.float32(score))].astype(float)
    true = true[is_box(true)].astype(float)
    free, hits, ignored = [j for j in range(len(true)) if not true[j, CROWD]], 0, 0
    for box in found:
        of_class = [(overlap(box, true[j], False), j) for j in free if true[j, LABEL] == box[LABEL]]
        best = max(of_class, default=(0.0, -1))
        if best[0] >= 0.5:
            free.remove(best[1])
            hits += 1
        else:
            crowds = [row for row in true if row[CROWD] and row[LABEL] == box[LABEL]]
            ignored += any(overlap(box, row, True) >= 0.5 for row in crowds)
    return hits, len(found) - hits - ignored, len(free)


@settings(max_examples=60, deadline=None)
@given(awkward_detection_tables())
def test_counts_are_those_of_the_slow_obvious_way(table):
    truth = table.truth
    for k in range(table.n_exits):
        counts = ImageCounts.of(table.boxes[:, k], truth)
        expected = [
            counted(found, true, truth.operating_score)
            for found, true in zip(table.boxes[:, k], table.objects, strict=True)
        ]
        assert list(zip(counts.hits, counts.false_alarms, counts.missed, strict=True)) == expected


def test_images_with_nothing_count_one():
    truth = TrueBoxes(no_boxes(2, 1), 1)
    found = no_boxes(2, 1)
    found[1, 0] = (0, 0, 1, 1, 0, 0.9)
    for name, expected in (("image_f1", [1, 0]), ("found_objects", [1, 1])):
        assert get_quality(name).of_answers(found, truth).tolist() == expected
    assert ImageCounts.of(found, truth).precision.tolist() == [1, 0]


def test_by_hand_at_the_operating_score():
    true, found = no_boxes(1, 3), no_boxes(1, 3)
    true[0, :2] = [(0, 0, 0.5, 0.5, 0, 0), (0.5, 0.5, 1, 1, 1, 0)]
    found[0] = [(0, 0, 0.5, 0.5, 0, 0.9), (0.5, 0.5, 1, 1, 0, 0.8), (0.5, 0.5, 1, 1, 1, 0.4)]
    for score, f1, recall in ((0.3, 0.8, 1.0), (0.5, 0.5, 0.5), (0.95, 0.0, 0.0)):
        truth = TrueBoxes(true, 2, score)
        assert get_quality("image_f1").of_answers(found, truth)[0] == pytest.approx(f1)
        assert get_quality("found_objects").of_answers(found, truth)[0] == pytest.approx(recall)


def test_they_are_means_over_images():
    table = make_detection_table(40)
    exits = np.random.default_rng(0).integers(0, 3, (3, 40))
    for name in ("image_f1", "found_objects"):
        quality = get_quality(name)
        figures = quality.of_exits(view_of(table), table.truth)
        assert figures.shape == (40, 3) and figures.min() >= 0 and figures.max() <= 1
        expected = [figures[np.arange(40), own].mean() for own in exits]
        np.testing.assert_allclose(quality.values(view_of(table), table.truth, exits), expected)
