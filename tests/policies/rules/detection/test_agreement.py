"""The compiled agreement of boxes, against the matching that qualities are made of and a plain loop."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import torch
from torchvision.ops import box_iou

from policies.matching.matches import match_boxes
from policies.rules import get_rule
from policies.rules.detection.agreement import agreement
from policies.tables.boxes import CORNERS, CROWD, LABEL, NO_BOX, SCORE
from tests.detection_tables import awkward_detection_tables, make_detection_table


def iou(box, other):
    return float(box_iou(*(torch.tensor(one[None, CORNERS], dtype=torch.float64) for one in (box, other))))


def plain_agreement(boxes, others, least_score):
    """One image, box by box."""
    own, left = (
        [row for row in rows if row[LABEL] != NO_BOX and row[SCORE] >= least_score] for rows in (boxes, others)
    )
    number, n_matched, left = len(own) + len(left), 0, list(left)
    for box in own:
        shared = [iou(box, one) if one[LABEL] == box[LABEL] else 0.0 for one in left]
        best = max(range(len(left)), key=lambda m: (shared[m], m), default=None)
        if best is not None and shared[best] >= 0.5:
            n_matched += 1
            del left[best]
    return 2 * n_matched / number if number else 1.0


@settings(max_examples=60, deadline=None)
@given(table=awkward_detection_tables(max_exits=2), least_score=st.sampled_from([0.0, 0.25, 0.6]))
def test_agreement_is_the_plain_one(table, least_score):
    now, before = table.boxes[:, -1], table.boxes[:, 0]
    expected = [plain_agreement(*pair, least_score) for pair in zip(now, before, strict=True)]
    np.testing.assert_allclose(agreement(now, before, least_score), expected)


def test_agreement_counts_the_matches_that_qualities_count():
    table = make_detection_table(100)
    now, before = table.boxes[:, 1], table.boxes[:, 0].copy()
    before[..., CROWD] = 0
    matched = match_boxes(now[:, None], before, np.array([0.5]))[:, 0, :, 0]
    number = (now[..., LABEL] != NO_BOX).sum(axis=1) + (before[..., LABEL] != NO_BOX).sum(axis=1)
    expected = np.where(number == 0, 1.0, 2 * (matched >= 0).sum(axis=1) / np.maximum(number, 1))
    np.testing.assert_allclose(agreement(now, table.boxes[:, 0], 0.0), expected)


def test_nobody_leaves_at_the_first_exit_by_agreement():
    table = make_detection_table(20)
    scores = get_rule("box-agreement").view(table, np.ones(3)).scores
    assert np.isneginf(scores[:, 0]).all()
    assert np.isfinite(scores[:, 1:]).all()


def test_an_exit_that_repeats_the_one_before_agrees_with_it():
    table = make_detection_table(20)
    table.boxes[:, 1] = table.boxes[:, 0]
    np.testing.assert_array_equal(get_rule("box-agreement").view(table, np.ones(3)).scores[:, 1, 0], 1.0)
