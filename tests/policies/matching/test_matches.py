"""Matching by hand; that it is pycocotools' own is tested with the mean precision."""

import numpy as np
import pytest

from policies.matching.matches import MOST_PER_CLASS, UNCOUNTED, UNMATCHED, is_crowd, match_boxes, matched_to
from policies.matching.overlap import overlaps
from policies.tables.boxes import no_boxes


HALF = np.array([0.5])


def rows(*boxes):
    return np.array(boxes, dtype=np.float32)


def matched(found, true, thresholds=HALF):
    return match_boxes(found[None, None], true[None], thresholds)[0, 0]


def test_overlap_by_hand():
    found = rows((0, 0, 0.5, 0.5, 0, 0.9))[None]
    true = rows((0, 0, 0.5, 0.25, 0, 0), (0, 0, 1, 1, 1, 0), (0, 0, 0.25, 1, 0, 1), (0.5, 0, 1, 1, 0, 0))[None]
    # A crowd divides by the found box's own area.
    assert overlaps(found, true)[0, 0].tolist() == [0.5, 0.25, 0.5, 0.0]
    assert overlaps(no_boxes(1, 2), true).max() == 0


def test_the_surest_box_chooses_first_whatever_its_row():
    true = rows((0, 0, 0.5, 0.5, 0, 0))
    found = rows((0, 0, 0.5, 0.5, 0, 0.3), (0, 0, 0.5, 0.45, 0, 0.8), (0, 0, 0.5, 0.5, 1, 0.9))
    assert matched(found, true).tolist() == [[UNMATCHED], [0], [UNMATCHED]]


def test_each_threshold_is_matched_by_itself():
    true = rows((0, 0, 0.5, 0.5, 0, 0), (0, 0, 0.5, 0.4, 0, 0))
    found = rows((0, 0, 0.5, 0.45, 0, 0.9), (0, 0, 0.5, 0.25, 0, 0.8))
    assert matched(found, true, np.array([0.5, 0.7, 0.89, 0.95])).tolist() == [
        [0, 0, 0, UNMATCHED],
        [1, UNMATCHED, UNMATCHED, UNMATCHED],
    ]


def test_a_crowd_takes_any_number_but_only_where_no_object_can_be_taken():
    true = rows((0, 0, 1, 1, 0, 1), (0, 0, 0.5, 0.5, 0, 0))
    found = rows((0, 0, 0.5, 0.5, 0, 0.9), (0, 0, 0.5, 0.5, 0, 0.8), (0.5, 0.5, 1, 1, 0, 0.7))
    at = matched(found, true)
    assert at.tolist() == [[1], [0], [0]]
    assert matched_to(is_crowd(true[None]), at[None])[0].tolist() == [[False], [True], [True]]


def test_rows_without_a_box_and_too_many_do_not_count():
    found = np.repeat(rows((0, 0, 0.5, 0.5, 0, 0.9)), MOST_PER_CLASS + 2, axis=0)
    found[1] = no_boxes()
    at = matched(found, rows((0, 0, 0.5, 0.5, 0, 0)))[:, 0]
    assert at[0] == 0 and at[1] == UNCOUNTED and at[-1] == UNCOUNTED
    assert (at == UNMATCHED).sum() == MOST_PER_CLASS - 1


@pytest.mark.parametrize("shape", [(2, 3, 4, 0), (2, 3, 1, 5)])
def test_nothing_there_or_nothing_found(shape):
    n, exits, n_found, n_true = shape
    at = match_boxes(no_boxes(n, exits, n_found), no_boxes(n, n_true), HALF)
    assert at.shape == (n, exits, n_found, 1) and (at == UNCOUNTED).all()
