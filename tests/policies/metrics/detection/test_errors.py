"""Each kind of error by hand, and that all boxes and objects are accounted for."""

from hypothesis import given, settings
import numpy as np

from policies.matching.images import ImageCounts
from policies.matching.matches import is_crowd
from policies.metrics.detection.errors import ERROR_KINDS, BoxErrors, BoxVerdict
from policies.tables.boxes import n_boxes, no_boxes
from policies.tables.detection import TrueBoxes
from tests.detection_tables import awkward_detection_tables


OBJECT = (0.0, 0.0, 0.4, 0.4, 0, 0)
OTHER = (0.6, 0.6, 1.0, 1.0, 1, 0)
CROWD = (0.0, 0.6, 0.4, 1.0, 0, 1)


def errors_of(*found, objects=(OBJECT, OTHER, CROWD), operating_score=0.3):
    truth = TrueBoxes(np.array([objects], dtype=np.float32), 2, operating_score)
    return BoxErrors.of(np.array([found], dtype=np.float32), truth)


def verdict(*box):
    return BoxVerdict(errors_of((*box, 0.9)).verdicts[0, 0])


def test_each_kind_by_hand():
    assert verdict(*OBJECT[:4], 0) is BoxVerdict.HIT
    assert verdict(0.0, 0.0, 0.4, 0.1, 0) is BoxVerdict.LOCALISATION
    assert verdict(*OBJECT[:4], 1) is BoxVerdict.CLASS
    assert verdict(0.0, 0.0, 0.4, 0.1, 1) is BoxVerdict.BOTH
    assert verdict(0.5, 0.0, 0.9, 0.4, 0) is BoxVerdict.BACKGROUND
    assert verdict(*CROWD[:4], 0) is BoxVerdict.UNUSED
    twice = errors_of((*OBJECT[:5], 0.9), (*OBJECT[:5], 0.8), (*OBJECT[:5], 0.2))
    assert twice.verdicts[0].tolist() == [BoxVerdict.HIT, BoxVerdict.DUPLICATE, BoxVerdict.UNUSED]


def test_an_object_that_a_wrong_box_stands_for_is_not_missed():
    assert errors_of((*OBJECT[:5], 0.2)).missed.tolist() == [[True, True, False]]
    assert errors_of((*OBJECT[:5], 0.9)).missed.tolist() == [[False, True, False]]
    assert errors_of((0.0, 0.0, 0.4, 0.1, 0, 0.9)).missed.tolist() == [[False, True, False]]
    assert errors_of((*OTHER[:4], 0, 0.9)).missed.tolist() == [[True, False, False]]
    assert errors_of((0.0, 0.0, 0.4, 0.1, 1, 0.9)).missed.tolist() == [[True, True, False]]


def test_counts_have_all_kinds():
    counts = errors_of((*OBJECT[:4], 1, 0.9), (0.5, 0.0, 0.9, 0.4, 0, 0.8)).counts()
    assert tuple(counts) == ERROR_KINDS
    assert counts == {"missed": 1, "background": 1, "localisation": 0, "class": 1, "both": 0, "duplicate": 0}
    nothing = BoxErrors.of(no_boxes(2, 3), TrueBoxes(no_boxes(2, 0), 1))
    assert set(nothing.counts().values()) == {0}


@settings(max_examples=60, deadline=None)
@given(awkward_detection_tables())
def test_every_box_and_every_object_is_accounted_for(table):
    answers, truth = table.boxes[:, -1], table.truth
    found, counts = BoxErrors.of(answers, truth), ImageCounts.of(answers, truth)
    np.testing.assert_array_equal((found.verdicts == BoxVerdict.HIT).sum(axis=1), counts.hits)
    np.testing.assert_array_equal((found.verdicts > BoxVerdict.HIT).sum(axis=1), counts.false_alarms)
    assert (found.missed.sum(axis=1) <= counts.missed).all()
    assert not (found.missed & is_crowd(truth.boxes)).any()
    stands_for = (found.verdicts == BoxVerdict.LOCALISATION) | (found.verdicts == BoxVerdict.CLASS)
    assert (counts.missed - found.missed.sum(axis=1) <= stands_for.sum(axis=1)).all()
    assert ((found.verdicts != BoxVerdict.UNUSED).sum(axis=1) <= n_boxes(answers)).all()
