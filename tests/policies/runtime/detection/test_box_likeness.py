"""Boxes are the same if each has its pair; what differs is explained by rounding, or is not."""

import numpy as np
import pytest

from policies.runtime.detection.box_likeness import BoxLikeness
from policies.runtime.detection.post_processing import PostProcessing
from policies.tables.boxes import no_boxes


SETTINGS = PostProcessing(score_threshold=0.1, nms_threshold=0.5, n_boxes=4)
A = (0.1, 0.1, 0.3, 0.3, 0, 0.9)
B = (0.5, 0.5, 0.8, 0.8, 1, 0.6)
C = (0.5, 0.1, 0.7, 0.3, 0, 0.2)
# Two thirds of A's width: an IoU of one half, but for what is added.
NEXT_TO_A = (0.1, 0.1, 0.2, 0.3, 0, 0.5)


def rows(*boxes):
    filled = no_boxes(SETTINGS.n_boxes)
    filled[: len(boxes)] = np.array(boxes).reshape(-1, 6)
    return filled


def compared(found, expected, temperature=1.0, exit_index=1):
    alike = BoxLikeness(SETTINGS, (1.0, temperature))(rows(*found)[None], rows(*expected)[None], np.array([exit_index]))
    return bool(alike.is_same[0]), bool(alike.is_explained[0])


def moved(box, column, by):
    changed = list(box)
    changed[column] += by
    return tuple(changed)


def test_boxes_within_rounding_are_the_same_in_any_order():
    tied = moved(B, 5, 0.29999)
    assert compared([A, B], [A, B])[0]
    assert compared([A, tied], [moved(tied, 5, 0.00002), moved(A, 0, 0.00005)])[0]
    assert compared([], [])[0]


@pytest.mark.parametrize("other", [moved(B, 4, 1), moved(B, 5, 0.001), moved(moved(B, 0, 0.01), 5, -0.001), None])
def test_another_box_is_another_answer(other):
    assert compared([A, B], [A, *([other] if other else [])]) == (False, False)


@pytest.mark.parametrize(
    ("found", "expected", "why"),
    [
        ([A, moved(B, 5, -0.49999)], [A], "as unsure as what is dropped"),
        ([A, NEXT_TO_A], [A], "an overlap as large as what is suppressed"),
        ([A], [moved(A, 2, 0.02)], "as sure as a rival that overlaps it"),
        ([A, A, A, C], [A, A, A, moved(B, 5, -0.40002)], "as sure as the last of a full list"),
    ],
)
def test_what_rounding_tips_is_explained(found, expected, why):
    assert compared(found, expected) == (False, True), why
    assert compared(expected, found) == (False, True), why


def test_what_comes_after_the_first_difference_may_be_its_consequence():
    assert compared([A, NEXT_TO_A], [A, C]) == (False, True)
    assert compared([A, B, NEXT_TO_A], [A]) == (False, False)


def test_the_least_score_is_that_before_the_temperature_of_the_exit():
    assert BoxLikeness(SETTINGS, (1.0, 2.0)).least_score(1) == pytest.approx(0.25)
    assert compared([moved(C, 5, 0.05)], [], temperature=2.0) == (False, True)
    assert compared([moved(C, 5, 0.05)], [], temperature=1.0) == (False, False)
    assert compared([moved(C, 5, 0.05)], [], temperature=2.0, exit_index=0) == (False, False)
