"""Rules on the scores of boxes, against loops over single boxes."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.special import expit, logit

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from policies.tables.boxes import LABEL, NO_BOX, SCORE
from tests.detection_tables import awkward_detection_tables, make_detection_table


TEMPERATURES = np.array([1.7, 1.0, 0.6])
LEAST, MOST = 1e-6, 1 - 1e-6


def tempered(boxes, temperature):
    """Scores of the boxes of one image, the surest first."""
    scores = [np.clip(float(row[SCORE]), LEAST, MOST) for row in boxes if row[LABEL] != NO_BOX]
    return [float(np.float32(expit(logit(score) / temperature))) for score in scores]


def by_image(table, score):
    """A function of temperature and rows, for every image and exit."""
    exits = range(table.n_exits)
    return np.array([[score(TEMPERATURES[k], image[k]) for k in exits] for image in table.boxes])


def viewed(name, table, **params):
    return get_rule(name).view(table, TEMPERATURES[: table.n_exits], **params)


@settings(max_examples=40, deadline=None)
@given(table=awkward_detection_tables(), k=st.integers(1, 9))
def test_top_scores_is_the_mean_of_the_best(table, k):
    def mean_of_best(temperature, boxes):
        best = tempered(boxes, temperature)[:k]
        return np.mean(best) if best else 0.0

    expected = by_image(table, mean_of_best)
    np.testing.assert_allclose(viewed("top-scores", table, k=k).scores[:, :, 0], expected, rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(table=awkward_detection_tables(), least=st.sampled_from([0.0, 0.2, 0.4, 0.9]))
def test_box_count_orders_by_number_then_by_mean_score(table, least):
    def number_and_mean(temperature, boxes):
        counted = [score for score in tempered(boxes, temperature) if score > least]
        return len(counted) + (np.mean(counted) / 2 if counted else 0.0)

    scores = viewed("box-count", table, least_score=least).scores[:, :, 0]
    np.testing.assert_allclose(scores, by_image(table, number_and_mean), rtol=1e-6)


def test_routed_tempers_the_confidence_and_not_the_boxes():
    table = make_detection_table(40)
    view = get_rule("routed").view(table, np.ones(3), k=2, confidence_temperatures=TEMPERATURES.tolist())

    def mean_of_two(boxes):
        return np.mean([row[SCORE] for row in boxes[:2] if row[LABEL] != NO_BOX] or [0.0])

    raw = np.clip([[mean_of_two(boxes) for boxes in image] for image in table.boxes], LEAST, MOST)
    np.testing.assert_allclose(view.scores[:, :, 0], expit(logit(raw) / TEMPERATURES), rtol=1e-5)
    np.testing.assert_allclose(view.answers, table.boxes, atol=2e-6)


def test_confidence_temperatures_are_one_per_exit():
    with pytest.raises(PolicyError, match="'confidence_temperatures' must be 3, one per exit, but are 2"):
        get_rule("routed").view(make_detection_table(5), np.ones(3), confidence_temperatures=[1.0, 2.0])


def test_a_quality_gate_with_thresholds_of_zero_is_deterministic():
    """The document's phase 1.1: an objectness above .5 of at least 3 objects."""
    table = make_detection_table(80)
    policy = Policy("quality-gate", (0.0, 0.0), (1.0, 1.0, 1.0), {"objectness": 0.5, "least_objects": 3})
    sure = ((table.boxes[..., LABEL] != NO_BOX) & (table.boxes[..., SCORE] > 0.5)).sum(axis=2) >= 3
    sure[:, -1] = True
    exits = policy.decide(table).exits
    np.testing.assert_array_equal(exits, sure.argmax(axis=1))
    assert len(set(exits.tolist())) > 1
