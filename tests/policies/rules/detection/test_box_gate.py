"""The learned gate of detectors: what it learns, and from whom."""

from dataclasses import replace

import numpy as np
import pytest

from policies.errors import PolicyError
from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.shared_thresholds import shared_threshold_genomes
from policies.qualities import get_quality
from policies.rules import get_rule
from policies.rules.crossfit import cross_fitted_view
from policies.rules.detection.signals import SeenBoxes
from tests.detection_tables import make_detection_table


RULE = get_rule("box-gate")
TABLE = make_detection_table(300, 3, 3)
ONES = np.ones(3)


def gains(table):
    f1 = get_quality("image_f1").of_exits(get_rule("top-scores").view(table, ONES), table.truth)
    return f1[:, -1:] - f1[:, :-1]


@pytest.mark.parametrize("score", ["balance", "rises"])
def test_images_that_gain_by_going_on_score_lower_on_new_data(score):
    params = RULE.fit(TABLE, ONES, score=score)
    new = make_detection_table(300, 3, 3, seed=1)
    scores, gain = RULE.view(new, ONES, score=score, **params).scores[:, :-1, 0], gains(new)
    for k in range(2):
        assert scores[gain[:, k] > 0, k].mean() < scores[gain[:, k] <= 0, k].mean() - 0.05


def test_only_the_given_rows_are_learnt_from():
    rows = np.arange(0, 300, 3)
    assert RULE.fit(TABLE, ONES, rows=rows) == RULE.fit(TABLE.take(rows), ONES)


def test_images_are_routed_better_than_by_one_exit_of_the_same_depth_where_that_is_cross_fitted():
    """By image F1, which it was made for, at a mean depth of at most two."""
    view = cross_fitted_view(RULE, TABLE, ONES, {"score": "balance"})
    evaluator = PopulationEvaluator(view, TABLE.truth, TABLE.cost, qualities=["image_f1"])
    outcome = evaluator.evaluate(shared_threshold_genomes(evaluator))
    reached = outcome.qualities["image_f1"][outcome.mean_depth <= 2.0].max()
    assert reached > get_quality("image_f1").of_exits(view, TABLE.truth)[:, 1].mean() + 0.02


def test_signals_are_finite_and_tell_change():
    seen = SeenBoxes.of(TABLE.boxes[:, 1])
    first, later = seen.after(None), seen.after(seen)
    assert (first.shape[1], later.shape[1]) == (10, 22)
    assert np.isfinite(later).all()
    np.testing.assert_array_equal(later[:, :10], first)
    np.testing.assert_array_equal(later[:, 10:20], 0.0)
    np.testing.assert_array_equal(later[:, 20:], 1.0)


def test_models_for_another_number_of_exits_are_refused():
    params = RULE.fit(TABLE, ONES)
    with pytest.raises(PolicyError, match="needs 2 models 'rises' and 2 'falls' but has 1 and 2"):
        RULE.view(TABLE, ONES, **params | {"rises": params["rises"][:1]})
    short = [{"weights": model["weights"][:4], "intercept": 0.0} for model in params["rises"]]
    with pytest.raises(PolicyError, match="a model has 4 weights but the table gives 10 features"):
        RULE.view(replace(TABLE), ONES, **params | {"rises": short})
