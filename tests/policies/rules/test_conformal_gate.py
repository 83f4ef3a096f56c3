"""Confidence or class-conditional conformal p-value, by counting."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from tests.policies.rules.reference import (
    CLOSE,
    as_thresholds,
    best_class,
    clear_thresholds,
    exit_probabilities,
    first_open,
)
from tests.tables import make_table, tied_tables


RULE = get_rule("conformal-gate")


def p_value(table, expected, k, label, score, *, slack=0.0):
    """Share of the samples of a class, the new one among them, that are at least as nonconforming; 0 without any."""
    own = [1.0 - expected[i][k][label] for i in range(table.n_samples) if table.labels[i] == label]
    if not own:
        return 0.0
    return (1 + sum(other >= score - slack for other in own)) / (1 + len(own))


@settings(max_examples=120, deadline=None)
@given(table=tied_tables(max_samples=14), seed=st.integers(0, 1000))
def test_p_values_and_exits_equal_the_reference(table, seed):
    """Fitted on the first half and used on all: samples both old and new, and classes never seen."""
    temperatures = [0.7, 1.0, 1.5, 2.0][: table.n_exits]
    half = table.take(np.arange((table.n_samples + 1) // 2))
    params = RULE.fit(half, np.array(temperatures))
    view = RULE.view(table, np.array(temperatures), **params)
    rng = np.random.default_rng(seed)
    thresholds = clear_thresholds(view, rng)
    thresholds[rng.random(thresholds.shape) < 0.3] = np.inf
    decision = Policy("conformal-gate", as_thresholds(thresholds), tuple(temperatures), params).decide(table)
    of_half = exit_probabilities(half, temperatures)
    for i, exits in enumerate(exit_probabilities(table, temperatures)):
        answers = [best_class(row.tolist()) for row in table.logits[i]]
        for k, p in enumerate(exits):
            # Scores of permuted logits are equal but for rounding, and may count either way.
            strict, lenient = (
                p_value(half, of_half, k, answers[k], 1.0 - max(p), slack=slack) for slack in (-1e-12, 1e-12)
            )
            assert strict <= view.scores[i, k, 1] <= lenient
            assert abs(view.scores[i, k, 0] - max(p)) < 1e-9

        def leaves(k, exits=exits, p_values=view.scores[i, :, 1]):
            return max(exits[k]) >= thresholds[k, 0] or p_values[k] >= thresholds[k, 1]

        taken = first_open(table.n_exits, leaves)
        assert (decision.exits[i], decision.answers[i]) == (taken, answers[taken])


def test_ties_count_as_at_least_as_nonconforming():
    """The very samples that were learnt from tie with themselves."""
    table = make_table(60, 1, 2)
    params = RULE.fit(table, np.ones(1))
    view = RULE.view(table, np.ones(1), **params)
    for i in range(60):
        label = int(view.answers[i, 0])
        if label == table.labels[i]:
            own = params["calibration"][0][label]
            rank = sum(score >= 1.0 - view.scores[i, 0, 0] for score in own)
            assert rank >= 1
            assert view.scores[i, 0, 1] == (1 + rank) / (1 + len(own))


def test_at_most_256_calibration_scores_stand_for_all():
    table = make_table(1500, 2, 2)
    temperatures = np.ones(2)
    params = RULE.fit(table, temperatures)
    expected = exit_probabilities(table, temperatures)
    for k, by_class in enumerate(params["calibration"]):
        for label, kept in enumerate(by_class):
            own = sorted(1.0 - expected[i][k][label] for i in range(1500) if table.labels[i] == label)
            assert len(kept) == 256 < len(own)
            np.testing.assert_allclose([kept[0], kept[-1]], [own[0], own[-1]], **CLOSE)
            assert kept == sorted(kept)
    view = RULE.view(table, temperatures, **params)
    for i in range(0, 1500, 50):
        for k in range(2):
            exact = p_value(table, expected, k, best_class(expected[i][k]), 1.0 - max(expected[i][k]))
            assert abs(view.scores[i, k, 1] - exact) < 0.01


def test_p_values_of_new_samples_are_nearly_uniform():
    """What makes them p-values: among new samples of the predicted class at most a share alpha lies below alpha."""
    params = RULE.fit(make_table(900, 1, 2, seed=1), np.ones(1))
    table = make_table(900, 1, 2, seed=2)
    view = RULE.view(table, np.ones(1), **params)
    right = view.answers[:, 0] == table.labels
    for alpha in (0.1, 0.3):
        assert (view.scores[right, 0, 1] <= alpha).sum() / 900 <= alpha + 0.04


@pytest.mark.parametrize("calibration", [[], [[[0.1], [0.2]]], [[[0.1]], [[0.2]]], [[[0.1], [0.2], []]] * 2])
def test_calibration_of_another_shape_is_refused(calibration):
    with pytest.raises(PolicyError, match="'calibration' must be given for 2 (exits|classes)"):
        RULE.view(make_table(5, 2, 2), np.ones(2), calibration=calibration)


def test_too_long_a_calibration_is_refused():
    with pytest.raises(PolicyError, match=r"'calibration\.0\.0'.*at most 256"):
        RULE.parse({"calibration": [[[0.5] * 257]]})
